import CallbackServer
import Foundation
import NIOPosix
import Testing

@Suite("The callback port", .serialized, .timeLimit(.minutes(1)))
struct OpeningTests {
    /// Nobody else here listens or connects on this one, so a port that was free stays so.
    private static let host = "127.0.0.77"

    private func listener(port: Int) throws -> CallbackListener {
        CallbackListener(
            address: try CallbackAddress(host: Self.host, port: port),
            eventLoop: MultiThreadedEventLoopGroup.singleton.next()
        ) { _ in .connected(Rig.connection) }
    }

    @Test("It is open only between opening and closing, as often as that happens, and leaves no descriptor behind")
    func cycles() async throws {
        let port = try await freePort()
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

    @Test("A port in use is a clear error, and opening succeeds once it is free")
    func portInUse() async throws {
        let first = try listener(port: 0)
        let address = try await first.open()
        let second = try listener(port: address.port)
        let error = await #expect(throws: CallbackListenerError.self) { try await second.open() }
        #expect(error == .portInUse(address))
        #expect(error?.description.contains("another program listens on 127.0.0.77:\(address.port)") == true)
        #expect(await !second.isOpen)
        await first.close()
        try await second.open()
        await second.close()
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
        let port = try await freePort()
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
    private func freePort() async throws -> Int {
        let listener = try listener(port: 0)
        let port = try await listener.open().port
        await listener.close()
        return port
    }

    private func openDescriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }
}
