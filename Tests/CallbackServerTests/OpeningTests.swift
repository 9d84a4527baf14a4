import CallbackServer
import Foundation
import NIOCore
import NIOPosix
import Testing

@Suite("The callback port", .serialized, .timeLimit(.minutes(1)))
struct OpeningTests {
    /// Nobody else here listens or connects on this one, so a port that was free stays so.
    private static let host = "127.0.0.77"

    private func listener(port: Int) throws -> CallbackListener {
        CallbackListener(
            port: try callbackPort(port), eventLoop: MultiThreadedEventLoopGroup.singleton.next()
        ) { _ in .connected(Rig.connection) }
    }

    private func callbackPort(_ port: Int) throws -> CallbackPort {
        CallbackPort(try CallbackAddress(host: Self.host, port: port))
    }

    @Test("It is open only between opening and closing, as often as that happens, and leaves no descriptor behind")
    func cycles() async throws {
        let port = try freePort()
        let listener = try listener(port: port)
        var descriptors: [Int] = []
        for cycle in 0..<100 {
            let address = try await listener.open()
            #expect(address.port == port)
            let visitor = try await RawConnection.open(port: port, host: Self.host)
            await visitor.send("GET /done/unknown HTTP/1.1\r\nHost: \(address)\r\n\r\n")
            #expect(await visitor.answer().status == 200)
            await listener.close()
            await #expect(throws: (any Error).self) { try await RawConnection.open(port: port, host: Self.host) }
            if cycle % 50 == 49 { descriptors.append(try openDescriptors()) }
        }
        // Other suites run meanwhile, and hold descriptors too; a leak would be one a cycle.
        #expect(descriptors[1] - descriptors[0] < 45)
    }

    @Test("Opening an open one, and closing a closed one, changes nothing")
    func idempotent() async throws {
        let listener = try listener(port: 0)
        await listener.close()
        let first = try await listener.open()
        let second = try await listener.open()
        #expect(first == second)
        await listener.close()
        await listener.close()
        #expect(await !listener.isOpen)
    }

    @Test("Openings and closings that overlap end as the last one says")
    func overlapping() async throws {
        let listener = try listener(port: 0)
        await withTaskGroup { group in
            for index in 0..<100 {
                group.addTask {
                    if index % 2 == 0 { _ = try? await listener.open() } else { await listener.close() }
                }
            }
        }
        try await listener.open()
        #expect(await listener.isOpen)
        await listener.close()
        #expect(await !listener.isOpen)
    }

    @Test("A port in use is a clear error when it is reserved, and again when it is opened, until it is free")
    func portInUse() async throws {
        var first: CallbackPort? = try callbackPort(0)
        let address = try #require(try first?.open())
        let second = try callbackPort(address.port)
        let error = #expect(throws: CallbackListenerError.self) { try second.reserve() }
        #expect(error == .portInUse(address))
        #expect(
            error?.description.hasPrefix(
                "another program has 127.0.0.77:\(address.port): stop it, or set callback.listen")
                == true)
        #expect(throws: CallbackListenerError.portInUse(address)) { try second.open() }
        #expect(!second.isOpen)
        first = nil
        #expect(try second.open() == address)
    }

    @Test("A reserved port is closed to browsers and to every other program, before it was opened and after")
    func reservation() async throws {
        let number = try freePort()
        let port = try callbackPort(number)
        try port.reserve()
        for _ in 0..<2 {
            await #expect(throws: (any Error).self) { try await RawConnection.open(port: number, host: Self.host) }
            #expect(throws: CallbackListenerError.portInUse(port.address)) { try callbackPort(number).reserve() }
            // Another program, which takes what it can get.
            await #expect(throws: (any Error).self) {
                _ = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                    .bind(host: Self.host, port: number).get()
            }
            let listener = CallbackListener(port: port, eventLoop: MultiThreadedEventLoopGroup.singleton.next()) { _ in
                .connected(Rig.connection)
            }
            try await listener.open()
            await listener.close()
        }
    }

    @Test("A browser that comes the moment the port is opened, before anybody accepts, is answered")
    func immediateBrowser() async throws {
        let number = try freePort()
        let port = try callbackPort(number)
        try port.open()
        let visitor = try await RawConnection.open(port: number, host: Self.host)
        await visitor.send("GET /done/unknown HTTP/1.1\r\nHost: \(port.address)\r\n\r\n")
        let listener = CallbackListener(port: port, eventLoop: MultiThreadedEventLoopGroup.singleton.next()) { _ in
            .connected(Rig.connection)
        }
        try await listener.open()
        #expect(await visitor.answer().status == 200)
        await listener.close()
    }

    @Test("A port that is opened while its closing waits stays open")
    func openedWhileClosing() async throws {
        let rig = try await Rig()
        var sleeps = rig.time.sleeps.makeAsyncIterator()
        _ = try await rig.get("/callback?\(Rig.connected)")
        async let closed: Void = rig.listener.close(whenIdle: .seconds(30))
        _ = await sleeps.next()
        try rig.callbackPort.open()
        rig.time.advance(by: .seconds(31))
        await closed
        #expect(rig.callbackPort.isOpen)
        #expect(try await rig.get("/done/unknown").status == 200)
        await rig.listener.close(whenIdle: .zero)
        #expect(!rig.callbackPort.isOpen)
    }

    @Test("Closing cuts connections at once, and what an owner is deciding goes on unseen")
    func cutting() async throws {
        let rig = try await Rig()
        var idle: [RawConnection] = []
        for _ in 0..<20 { idle.append(try await RawConnection.open(port: rig.port)) }
        let waiting = try await RawConnection.open(port: rig.port)
        await waiting.send(rig.request("/callback?\(Rig.held)"))
        #expect(await next(rig.arrivals) == Rig.held)
        let start = ContinuousClock.now
        await rig.listener.close()
        #expect(start.duration(to: .now) < .milliseconds(500))
        #expect(await waiting.answer().text.isEmpty)
        for connection in idle { #expect(await connection.answer().text.isEmpty) }
        rig.releaseHeld()
    }

    @Test("Pages do not outlive the opening")
    func pages() async throws {
        let port = try freePort()
        let listener = try listener(port: port)
        func get(_ target: String) async throws -> Answer {
            let connection = try await RawConnection.open(port: port, host: Self.host)
            await connection.send("GET \(target) HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n")
            return await connection.answer()
        }
        try await listener.open()
        let location = try #require(try await get("/callback?code=1").location)
        #expect(try await get(location).status == 200)
        await listener.close()
        try await listener.open()
        #expect(try await get(location).status == 404)
        await listener.close()
    }

    @Test("Only loopback addresses are accepted")
    func loopback() throws {
        for host in ["0.0.0.0", "::", "192.168.1.2", "203.0.113.1", "example.com", "", "127.1", "localhost.", "*"] {
            #expect(throws: CallbackListenerError.notLoopback(host: host)) {
                try CallbackAddress(host: host, port: 7580)
            }
        }
        for port in [-1, 65_536] {
            #expect(throws: CallbackListenerError.invalidPort(port)) { try CallbackAddress(host: "::1", port: port) }
        }
        #expect(try CallbackAddress(host: "localhost", port: 7580).description == "127.0.0.1:7580")
        #expect(try CallbackAddress(host: "::1", port: 7580).redirectURI == "http://[::1]:7580/callback")
        #expect(try CallbackAddress(host: "::1", port: 7580).description == "[::1]:7580")
        #expect(try CallbackAddress(host: "127.0.0.9", port: 7580).description == "127.0.0.9:7580")
    }

    /// Free a moment ago.
    private func freePort() throws -> Int {
        try callbackPort(0).open().port
    }

    private func openDescriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }
}
