import ConnectedAccounts
import Dispatch
import NIOCore
import OAuth
import RecordSealing
import TestKit
import Testing
import TokenEndpoint

@Suite("An answer that the next process cannot have", .timeLimit(.minutes(2)))
struct KeptExchangeFailureTests {
    typealias Wire = KeptExchangeTests.Wire

    private static let lost = Seen.failed(.connectionClosed, mayHaveBeenReceived: true)

    enum Break: CaseIterable, Sendable { case end, reset }

    @Test("The provider breaks the connection", arguments: Wire.allCases, Break.allCases)
    func broken(wire: Wire, way: Break) async throws {
        try await Stage.run(wire) { stage in
            for part in ["", "HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a"] {
                for isBefore in [true, false] {
                    let connection = try await stage.leave()
                    _ = try await connection.write(part)
                    try await connection.release()
                    if isBefore { try await way == .end ? connection.end() : connection.reset() }
                    try await stage.process { next in
                        async let seen = Seen(await next.answer(to: stage.name, timeout: .seconds(30)))
                        if !isBefore {
                            await stage.shelf.until(stage.name) { $0.takeOvers == 1 }
                            try await way == .end ? connection.end() : connection.reset()
                        }
                        #expect(await seen == Self.lost)
                        next.forget(stage.name)
                    }
                }
            }
        }
    }

    @Test("An encrypted answer that ends with the connection is not whole without the end of TLS")
    func cutOff() async throws {
        try await Stage.run(.encrypted) { stage in
            let connection = try await stage.leave()
            _ = try await connection.write("HTTP/1.1 200 OK\r\n\r\nabc")
            try await connection.release()
            try await connection.end()
            try await stage.process { next in
                #expect(Seen(await next.answer(to: stage.name, timeout: .seconds(30))) == Self.lost)
            }
        }
    }

    @Test(
        "An answer that is too long, or none",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", Seen.failed(.bodyTooLarge, mayHaveBeenReceived: true)),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\naaaaa\r\n6\r\nbbbbbb\r\n0\r\n\r\n",
                .failed(.bodyTooLarge, mayHaveBeenReceived: true)
            ),
            ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\naaaaabbbbb", .answered(200, "aaaaabbbbb")),
            ("SSH-2.0-OpenSSH_9.2p1\r\n", .failed(.other, mayHaveBeenReceived: true)),
        ])
    func answers(text: String, expected: Seen) async throws {
        for wire in Wire.allCases {
            try await Stage.run(wire) { stage in
                let connection = try await stage.leave()
                _ = try await connection.write(text)
                try await connection.release()
                var configuration = HTTPTransportConfiguration()
                configuration.maximumBodyLength = 10
                try await stage.process(configuration) { next in
                    #expect(Seen(await next.answer(to: stage.name, timeout: .seconds(30))) == expected)
                    next.forget(stage.name)
                }
                let ended: Void? = await connection.ended.first { _ in true }
                #expect(ended != nil)
            }
        }
    }

    @Test("The wait ends when its time is over, on the clock that was given", arguments: Wire.allCases)
    func timeout(wire: Wire) async throws {
        try await Stage.run(wire) { stage in
            _ = try await stage.leave()
            let clock = ManualClock()
            try await stage.process(clock: clock) { next in
                async let seen = Seen(await next.answer(to: stage.name, timeout: .seconds(600)))
                let until = await clock.sleeps.first { _ in true }
                #expect(until == ManualClock.start.advanced(by: .seconds(600)))
                await stage.shelf.until(stage.name) { $0.takeOvers == 1 }
                clock.advance(by: .seconds(600))
                #expect(await seen == .failed(.timeout, mayHaveBeenReceived: true))
            }
        }
    }

    @Test("A cancelled task waits no longer")
    func cancellation() async throws {
        try await Stage.run(.plain) { stage in
            _ = try await stage.leave()
            try await stage.process { next in
                let task = Task { Seen(await next.answer(to: stage.name, timeout: .seconds(600))) }
                await stage.shelf.until(stage.name) { $0.takeOvers == 1 }
                task.cancel()
                #expect(await task.value == .failed(.cancelled, mayHaveBeenReceived: true))
            }
        }
    }

    @Test("What nobody keeps may have been received")
    func unknown() async throws {
        let name = ExchangeName(connectionID: "con_a", generation: 1, tokens: 5, isFirst: true, begunAt: 9)
        for keeper in [ExchangeShelf(), nil] {
            try await withTransport(keeper: keeper) { transport in
                #expect(Seen(await transport.answer(to: name, timeout: .seconds(30))) == Self.lost)
            }
        }
    }

    /// Other generations, and the same token presented again, are other exchanges.
    @Test("A name is all of its parts")
    func otherNames() async throws {
        try await Stage.run(.plain) { stage in
            let connection = try await stage.leave()
            try await stage.answer(KeptExchangeTests.answers[0], on: connection)
            try await stage.process { next in
                for name in [
                    ExchangeName(connectionID: "con_b", generation: 7, tokens: 5, isFirst: true, begunAt: 9),
                    ExchangeName(connectionID: "con_a", generation: 8, tokens: 5, isFirst: true, begunAt: 9),
                    ExchangeName(connectionID: "con_a", generation: 7, tokens: 5, isFirst: false, begunAt: 9),
                ] {
                    #expect(Seen(await next.answer(to: name, timeout: .seconds(30))) == Self.lost)
                }
                let seen = Seen(await next.answer(to: stage.name, timeout: .seconds(30)))
                #expect(seen == .answered(200, #"{"access_token":"a"}"#))
            }
        }
    }

    @Test("What cannot be opened takes nothing from a whole answer before it, and is none by itself")
    func unopened() async throws {
        let name = ExchangeName(connectionID: "con_a", generation: 7, tokens: 5, isFirst: true, begunAt: 9)
        let broken = Seen.failed(.other, mayHaveBeenReceived: true)
        let garbage: [UInt8] = [23, 3, 3, 0, 32] + [UInt8](repeating: 7, count: 32)
        var sealer = RecordSealer(.chaCha)
        let answer = sealer.seal(granting)
        let rows: [([UInt8], [UInt8], Seen)] = [
            (sealer.secret, answer + garbage, .answered(200, #"{"access_token":"a"}"#)),
            (sealer.secret, garbage, broken),
            // Not of a length that a secret has.
            ([1, 2, 3], answer, broken),
        ]
        let server = try await HeldServer.start()
        for (key, received, expected) in rows {
            let shelf = ExchangeShelf()
            shelf.put(name, socket: try connectedSocket(to: server.port), key: key, received: received)
            try await withTransport(keeper: shelf) { transport in
                #expect(Seen(await transport.answer(to: name, timeout: .seconds(30))) == expected)
            }
        }
        await server.stop()
    }

    @Test("A process that ends between keeping and sending has sent nothing", arguments: Wire.allCases)
    func unsent(wire: Wire) async throws {
        try await Stage.run(wire) { stage in
            let (reached, sink) = AsyncStream.makeStream(of: Void.self)
            let goOn = DispatchSemaphore(value: 0)
            // The first process stands still here, as one that has ended does.
            let mayLeave: @Sendable () -> Bool = {
                sink.yield()
                goOn.wait()
                return false
            }
            try await stage.processOfItsOwn { first in
                async let seen = Seen(await first.send(stage.request(mayLeave: mayLeave), timeout: .seconds(30)))
                let isReached: Void? = await reached.first { _ in true }
                #expect(isReached != nil)
                try await stage.process { next in
                    let seen = Seen(await next.answer(to: stage.name, timeout: .seconds(30)))
                    #expect(seen == .failed(.connectionClosed, mayHaveBeenReceived: false))
                }
                goOn.signal()
                #expect(await seen == .failed(.withheld, mayHaveBeenReceived: false))
            }
        }
    }
}
