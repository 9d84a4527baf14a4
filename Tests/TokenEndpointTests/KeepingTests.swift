import CLinux
import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import OAuth
import SecretBytes
import Synchronization
import TestKit
import Testing

@testable import TokenEndpoint

@Suite("Which exchanges are kept, and from when to when", .timeLimit(.minutes(1)))
struct KeepingTests {
    private static let answer = Seen.answered(200, #"{"access_token":"a"}"#)

    @Test("Kept first, then asked, then sent", arguments: KeptExchangeTests.Wire.allCases)
    func order(wire: KeptExchangeTests.Wire) async throws {
        let log = Mutex<[String]>([])
        let shelf = ExchangeShelf(onKeep: { log.withLock { $0.append("kept") } })
        try await Stage.run(wire, shelf: shelf) { stage in
            try await stage.process { transport in
                let mayLeave: @Sendable () -> Bool = {
                    let isUnsent = shelf.bytesWritten(to: stage.name) == shelf[stage.name]?.moved.written
                    log.withLock { $0.append(isUnsent ? "asked" : "asked too late") }
                    return true
                }
                async let seen = Seen(await transport.send(stage.request(mayLeave: mayLeave), timeout: .seconds(30)))
                let connection = try await stage.server.nextRequest()
                #expect(log.withLock { $0 } == ["kept", "asked"])
                let written = try #require(shelf.bytesWritten(to: stage.name))
                #expect(shelf[stage.name].map { $0.moved.written < written } == true)
                try await stage.answer(KeptExchangeTests.answers[0], on: connection)
                #expect(await seen == Self.answer)
            }
        }
        #expect(log.withLock { $0 } == ["kept", "asked"])
    }

    /// It is for the sender to forget it, as ``Broker`` does at each end but one that was left.
    @Test("What was withheld is kept until it is forgotten, and then nothing is left of it")
    func withheld() async throws {
        for wire in KeptExchangeTests.Wire.allCases {
            try await Stage.run(wire) { stage in
                try await stage.process { transport in
                    let seen = Seen(await transport.send(stage.request { false }, timeout: .seconds(30)))
                    #expect(seen == .failed(.withheld, mayHaveBeenReceived: false))
                    #expect(stage.shelf.names == [stage.name])
                    transport.forget(stage.name)
                }
                #expect(stage.shelf.names.isEmpty)
                #expect(stage.shelf.forgotten == [stage.name])
            }
        }
    }

    @Test("What has no name, or no keeper, or no room with it, is sent all the same, and waited for to the end")
    func unkept() async throws {
        let name = ExchangeName(connectionID: "con_a", generation: 7, tokens: 5, isFirst: true, begunAt: 9)
        for (keeper, name) in [(ExchangeShelf(), nil), (nil, name), (ExchangeShelf(hasRoom: false), name)] {
            try await Stage.run(.plain) { stage in
                try await withTransport(keeper: keeper) { transport in
                    try await expectAnswer(to: name, transport, stage)
                    transport.forget(stage.name)
                }
            }
            #expect(keeper?.names.isEmpty ?? true)
        }
    }

    @Test("TLS 1.2 has no secret of the kind, so nothing is kept, whatever handshake failed before")
    func olderTLS() async throws {
        try await Stage.run(.encrypted, newest: .tlsv12) { stage in
            let newer = try await HeldServer.start(tls: TestCertificate.serverContext())
            try await stage.process { transport in
                try await expectAnswer(to: stage.name, transport, stage)
                #expect(stage.shelf.names.isEmpty)
                // Ends after there is a secret: the certificate is not for this name.
                let other = refresh("https://127.0.0.1:\(newer.port)/")
                let seen = Seen(await transport.send(other, timeout: .seconds(30)))
                #expect(seen == .failed(.tls, mayHaveBeenReceived: false))
                try await expectAnswer(to: stage.name, transport, stage)
                #expect(stage.shelf.names.isEmpty)
            }
            await newer.stop()
        }
    }

    @Test("A connection that is used again keeps its first exchange only, or nothing", arguments: [true, false])
    func usedAgain(firstHasName: Bool) async throws {
        try await Stage.run(.plain) { stage in
            var configuration = HTTPTransportConfiguration()
            configuration.idleTimeout = .seconds(60)
            try await stage.process(configuration) { transport in
                let name = firstHasName ? stage.name : nil
                async let seen = Seen(await transport.send(stage.request(as: name), timeout: .seconds(30)))
                let connection = try await stage.server.nextRequest()
                try await stage.answer(KeptExchangeTests.answers[0], on: connection)
                #expect(await seen == Self.answer)
                transport.forget(stage.name)
                try await expectAnswer(to: stage.name, transport, stage)
                #expect(stage.shelf.names.isEmpty)
            }
        }
    }

    @Test("The socket that is kept is the request's, whatever else is open")
    func descriptors() async throws {
        let pipes = try (0..<300).map { _ in
            var ends: [CInt] = [-1, -1]
            try #require(unsafe pipe(&ends) == 0)
            return ends
        }
        // With gaps among them.
        for ends in pipes { close(ends[0]) }
        defer { for ends in pipes { close(ends[1]) } }
        try await Stage.run(.plain) { stage in
            // Others to the same server.
            let others = try await (0..<3).asyncMap { _ in
                try await ClientBootstrap(group: ScriptedServer.group)
                    .connect(host: "127.0.0.1", port: stage.server.port).get()
            }
            for number in 0..<5 {
                let name = ExchangeName(
                    connectionID: "con_\(number)", generation: 1, tokens: 5, isFirst: true, begunAt: 9)
                try await stage.process { transport in
                    async let seen = Seen(await transport.send(stage.request(as: name), timeout: .seconds(30)))
                    let connection = try await stage.server.nextRequest()
                    let kept = try #require(stage.shelf[name])
                    #expect(port(of: kept.socket) == connection.clientPort)
                    transport.leave()
                    #expect(await seen == .failed(.left, mayHaveBeenReceived: true))
                }
            }
            for other in others { try await other.close().get() }
        }
    }

    @Test(
        "What comes between the handshake and the request is kept, unless it is too much",
        arguments: [3, 16 << 10, 16 << 10 + 1])
    func early(length: Int) async throws {
        let greeting = String(repeating: "g", count: length)
        let server = try await ScriptedServer.start(.greet(greeting))
        let shelf = ExchangeShelf()
        let name = ExchangeName(connectionID: "con_a", generation: 7, tokens: 5, isFirst: true, begunAt: 9)
        let (counts, sink) = AsyncStream.makeStream(of: Int.self)
        let channel = try await ClientBootstrap(group: ScriptedServer.group)
            .channelOption(.autoRead, value: false)
            .connect(host: "127.0.0.1", port: server.port).get()
        let recorder = try await channel.eventLoop.flatSubmit {
            AnswerRecorder.make(shelf, TrafficSecrets(), for: channel).flatMapThrowing { recorder in
                let recorder = try #require(recorder)
                try channel.pipeline.syncOperations.addHandlers([recorder.value, ByteCounter { sink.yield($0) }])
                return recorder
            }
        }.get()
        try await channel.setOption(.autoRead, value: true).get()
        var count = 0
        for await more in counts {
            count += more
            if count == length { break }
        }
        try await channel.eventLoop.submit { recorder.value.begin(name) }.get()
        #expect(shelf[name].map(\.received) == (length <= 16 << 10 ? Array(greeting.utf8) : nil))
        try await channel.close().get()
        await server.stop()
    }

    /// Sends a request, lets the transport leave, and gives the answer then.
    private func expectAnswer(to name: ExchangeName?, _ transport: HTTPTransport, _ stage: Stage) async throws {
        async let seen = Seen(await transport.send(stage.request(as: name), timeout: .seconds(30)))
        let connection = try await stage.server.nextRequest()
        transport.leave()
        _ = try await connection.write(granting)
        try await connection.release()
        #expect(await seen == Self.answer)
    }

    private func port(of socket: CInt) -> Int? {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = unsafe withUnsafeMutableBytes(of: &address) { bytes in
            unsafe getsockname(socket, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
        }
        return result == 0 ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }
}

/// Says how many bytes come in.
private final class ByteCounter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let onRead: @Sendable (Int) -> Void

    init(onRead: @escaping @Sendable (Int) -> Void) {
        self.onRead = onRead
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        onRead(unwrapInboundIn(data).readableBytes)
    }
}

extension Sequence {
    fileprivate func asyncMap<Result>(_ body: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
