import NIOCore
import NIOPosix
import NIOSSL
import OAuth
import SecretBytes
import Synchronization
import TestKit
import Testing
import TokenEndpoint

@Suite("An exchange that outlives the process", .timeLimit(.minutes(2)))
struct KeptExchangeTests {
    enum Wire: CaseIterable, Sendable { case plain, encrypted }

    struct Answer: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String
        var body: String
        /// The body ends with the connection.
        var ends = false
    }

    static let answers = [
        Answer(testDescription: "a length", text: granting, body: #"{"access_token":"a"}"#),
        Answer(
            testDescription: "chunks",
            text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", body: "abc"),
        Answer(
            testDescription: "an interim answer first",
            text: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
            body: "abc"),
        Answer(
            testDescription: "the end of the connection", text: "HTTP/1.1 200 OK\r\n\r\nabcdef", body: "abcdef",
            ends: true),
    ]

    @Test("The next process reads the answer, whenever it comes", arguments: Wire.allCases, answers)
    func whole(wire: Wire, answer: Answer) async throws {
        try await Stage.run(wire) { stage in
            for isBefore in [true, false] {
                let connection = try await stage.leave()
                #expect(try await connection.received().isOpen)
                if isBefore { try await stage.answer(answer, on: connection) }
                try await stage.process { next in
                    async let seen = Seen(await next.answer(to: stage.name, timeout: .seconds(30)))
                    if !isBefore {
                        await stage.shelf.until(stage.name) { $0.takeOvers == 1 }
                        try await stage.answer(answer, on: connection)
                    }
                    #expect(await seen == .answered(200, answer.body))
                    next.forget(stage.name)
                }
                let ended: Void? = await connection.ended.first { _ in true }
                #expect(ended != nil)
            }
        }
    }

    @Test(
        "What came in before the first process left is not lost, whatever was missing", arguments: Wire.allCases,
        answers)
    func parts(wire: Wire, answer: Answer) async throws {
        try await Stage.run(wire, holdsTickets: true) { stage in
            var length = 1
            var cut = 0
            // Up to the last byte of all, or, where that one is the answer's end, the last but one.
            while cut < length {
                try await stage.process { first in
                    async let seen = Seen(await first.send(stage.request(), timeout: .seconds(30)))
                    let connection = try await stage.server.nextRequest()
                    length = try await connection.write(answer.text, ends: answer.ends && wire == .encrypted)
                    if answer.ends && wire == .plain { length += 1 }
                    try await stage.release(cut, on: connection)
                    first.leave()
                    #expect(await seen == .failed(.left, mayHaveBeenReceived: true), "\(cut)")
                    try await stage.process { next in
                        async let seen = Seen(await next.answer(to: stage.name, timeout: .seconds(30)))
                        try await connection.release()
                        if answer.ends && wire == .plain { try await connection.end() }
                        #expect(await seen == .answered(200, answer.body), "\(cut)")
                        next.forget(stage.name)
                    }
                }
                cut += wire == .plain ? 1 : 13
            }
            #expect(length >= answer.text.utf8.count)
        }
    }

    @Test("Two processes in a row may leave", arguments: Wire.allCases, answers)
    func twice(wire: Wire, answer: Answer) async throws {
        try await Stage.run(wire) { stage in
            for cuts in [[0, 0], [0, 9], [9, 0], [9, 9], [20, 3]] {
                var connection: HeldConnection?
                try await stage.process { first in
                    async let seen = Seen(await first.send(stage.request(), timeout: .seconds(30)))
                    connection = try await stage.server.nextRequest()
                    _ = try await connection?.write(answer.text, ends: answer.ends && wire == .encrypted)
                    try await stage.release(cuts[0], on: connection)
                    first.leave()
                    #expect(await seen == .failed(.left, mayHaveBeenReceived: true))
                }
                let written = stage.shelf.bytesWritten(to: stage.name)
                try await stage.process { second in
                    async let seen = Seen(await second.answer(to: stage.name, timeout: .seconds(30)))
                    await stage.shelf.until(stage.name) { $0.takeOvers == 1 }
                    try await stage.release(cuts[1], after: cuts[0], on: connection)
                    second.leave()
                    #expect(await seen == .failed(.left, mayHaveBeenReceived: true), "\(cuts)")
                }
                #expect(written.map { stage.shelf.isUntouched(stage.name, since: $0) } == true)
                try await connection?.release()
                if answer.ends { try await connection?.end() }
                try await stage.process { third in
                    let seen = Seen(await third.answer(to: stage.name, timeout: .seconds(30)))
                    #expect(seen == .answered(200, answer.body), "\(cuts)")
                    third.forget(stage.name)
                }
            }
        }
    }

    @Test(
        "A process that ends with the answer read and not forgotten leaves it whole", arguments: Wire.allCases, answers)
    func readAlready(wire: Wire, answer: Answer) async throws {
        try await Stage.run(wire) { stage in
            try await stage.process { first in
                async let seen = Seen(await first.send(stage.request(), timeout: .seconds(30)))
                try await stage.answer(answer, on: stage.server.nextRequest())
                #expect(await seen == .answered(200, answer.body))
                first.leave()
            }
            // Twice, for that one may end so too.
            for _ in 0..<2 {
                try await stage.process { next in
                    let seen = Seen(await next.answer(to: stage.name, timeout: .seconds(30)))
                    #expect(seen == .answered(200, answer.body))
                }
            }
        }
    }

    @Test("The provider sees nothing of a process that leaves: no end, no byte", arguments: Wire.allCases)
    func unseen(wire: Wire) async throws {
        try await Stage.run(wire) { stage in
            var written: UInt64?
            var count: Int?
            var connection: HeldConnection?
            try await stage.process { first in
                async let seen = Seen(await first.send(stage.request(), timeout: .seconds(30)))
                connection = try await stage.server.nextRequest()
                written = stage.shelf.bytesWritten(to: stage.name)
                count = try await connection?.received().count
                first.leave()
                #expect(await seen == .failed(.left, mayHaveBeenReceived: true))
            }
            let before = try #require(written)
            #expect(stage.shelf.isUntouched(stage.name, since: before))
            let after = try await connection?.received()
            #expect(after?.isOpen == true && after?.count == count)
            // Nor of one that has not yet begun to read, or has.
            try await stage.process { next in
                async let seen = Seen(await next.answer(to: stage.name, timeout: .seconds(30)))
                await stage.shelf.until(stage.name) { $0.takeOvers == 1 }
                try await stage.release(connection?.write("HTTP/1.1 200 OK\r\n"), on: connection)
                #expect(stage.shelf.isUntouched(stage.name, since: before))
                next.leave()
                #expect(await seen == .failed(.left, mayHaveBeenReceived: true))
            }
            #expect(stage.shelf.isUntouched(stage.name, since: before))
            #expect(try await connection?.received().isOpen == true)
        }
    }

    @Test("Once all was left, nothing is taken over any more")
    func late() async throws {
        try await Stage.run(.plain) { stage in
            let connection = try await stage.leave()
            try await stage.answer(Self.answers[0], on: connection)
            try await stage.process { next in
                next.leave()
                let seen = Seen(await next.answer(to: stage.name, timeout: .seconds(30)))
                #expect(seen == .failed(.left, mayHaveBeenReceived: true))
                #expect(stage.shelf[stage.name]?.takeOvers == 0)
            }
            try await stage.process { last in
                let seen = Seen(await last.answer(to: stage.name, timeout: .seconds(30)))
                #expect(seen == .answered(200, Self.answers[0].body))
            }
        }
    }

    @Test("Connections made at the same time do not mix up their secrets")
    func many() async throws {
        try await Stage.run(.encrypted) { stage in
            let names = (0..<8).map {
                ExchangeName(connectionID: "con_\($0)", generation: 1, tokens: 5, isFirst: true, begunAt: 9)
            }
            var connections: [HeldConnection] = []
            try await stage.process { first in
                try await withThrowingTaskGroup { group in
                    for name in names {
                        group.addTask {
                            let body = "refresh_token=\(name.connectionID)"
                            return Seen(
                                await first.send(stage.request(as: name, body: body), timeout: .seconds(30)))
                        }
                    }
                    for _ in names { connections.append(try await stage.server.nextRequest()) }
                    first.leave()
                    for try await seen in group { #expect(seen == .failed(.left, mayHaveBeenReceived: true)) }
                }
            }
            for connection in connections {
                let token = connection.request.split(separator: "=").last ?? ""
                _ = try await connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(token.utf8.count)\r\n\r\n\(token)")
                try await connection.release()
            }
            try await stage.process { next in
                for name in names {
                    let seen = Seen(await next.answer(to: name, timeout: .seconds(30)))
                    #expect(seen == .answered(200, name.connectionID))
                }
            }
        }
    }
}

/// Processes that come one after the other, what is kept between them, and the provider that they talk to.
struct Stage: Sendable {
    let server: HeldServer
    let shelf: ExchangeShelf
    let url: String
    let name = ExchangeName(connectionID: "con_a", generation: 7, tokens: 5, isFirst: true, begunAt: 9)
    private let trustRootsFile: String

    static func run(
        _ wire: KeptExchangeTests.Wire, newest: TLSVersion? = nil, holdsTickets: Bool = false,
        shelf: ExchangeShelf = ExchangeShelf(), _ body: (Stage) async throws -> Void
    ) async throws {
        let tls = wire == .encrypted ? try TestCertificate.serverContext(newest: newest) : nil
        let server = try await HeldServer.start(tls: tls, holdsTickets: holdsTickets)
        let url = tls == nil ? "http://127.0.0.1:\(server.port)/" : "https://localhost:\(server.port)/"
        try await TestCertificate.withFile { path in
            try await body(Stage(server: server, shelf: shelf, url: url, trustRootsFile: path))
        }
        #expect(!shelf.wasLate)
        await server.stop()
    }

    /// Begins a process, and ends it after `body`.
    func process(
        _ configuration: HTTPTransportConfiguration = .init(), clock: any Clock<Duration> = ContinuousClock(),
        _ body: (HTTPTransport) async throws -> Void
    ) async throws {
        var configuration = configuration
        configuration.trustRootsFile = trustRootsFile
        try await withTransport(configuration, clock: clock, keeper: shelf, body)
    }

    /// Begins one on a thread of its own, which a test may hold up.
    func processOfItsOwn(_ body: (HTTPTransport) async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var configuration = HTTPTransportConfiguration()
        configuration.trustRootsFile = trustRootsFile
        let transport = HTTPTransport(group: group, configuration: configuration, keeper: shelf)
        try await body(transport)
        await transport.shutdown()
        try await group.shutdownGracefully()
    }

    func request(mayLeave: (@Sendable () -> Bool)? = nil) -> ProviderRequest {
        request(as: name, mayLeave: mayLeave)
    }

    func request(
        as name: ExchangeName?, body: String = "refresh_token=r", mayLeave: (@Sendable () -> Bool)? = nil
    ) -> ProviderRequest {
        var request = refresh(url, body: body)
        request.keptAs = name
        request.mayLeave = mayLeave
        return request
    }

    /// Sends the request in a process that leaves before there is an answer.
    func leave() async throws -> HeldConnection {
        var connection: HeldConnection?
        try await process { first in
            async let seen = Seen(await first.send(request(), timeout: .seconds(30)))
            connection = try await server.nextRequest()
            first.leave()
            #expect(await seen == .failed(.left, mayHaveBeenReceived: true))
        }
        return try #require(connection)
    }

    /// Gives the whole answer.
    func answer(_ answer: KeptExchangeTests.Answer, on connection: HeldConnection) async throws {
        _ = try await connection.write(answer.text, ends: answer.ends)
        try await connection.release()
        if answer.ends { try await connection.end() }
    }

    /// Lets so many bytes more go, and waits until a process has noted them, and what went before.
    func release(_ count: Int?, after before: Int = 0, on connection: HeldConnection?) async throws {
        let (connection, count) = (try #require(connection), try #require(count))
        try await connection.release(count)
        let sent = try await connection.sent()
        await shelf.until(name) { kept in
            kept.received.count >= before + count && sent.suffix(kept.received.count) == kept.received[...]
        }
    }
}
