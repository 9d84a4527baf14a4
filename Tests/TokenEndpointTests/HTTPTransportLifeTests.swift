import NIOCore
import OAuth
import SecretBytes
import TestKit
import Testing
import TokenEndpoint

@Suite("Connections, cancellation and shutdown", .timeLimit(.minutes(1)))
struct HTTPTransportLifeTests {
    @Test(
        "A connection serves one request, or several where that is allowed",
        arguments: [
            (Duration?.none, 3), (.seconds(60), 1),
        ])
    func reuse(idleTimeout: Duration?, connections: Int) async throws {
        let server = try await ScriptedServer.start(.answerAndKeep(granting))
        var configuration = HTTPTransportConfiguration()
        configuration.idleTimeout = idleTimeout
        try await withTransport(configuration) { transport in
            for _ in 0..<3 {
                let seen = Seen(
                    await transport.send(refresh("http://127.0.0.1:\(server.port)/"), timeout: .seconds(30)))
                #expect(seen == .answered(200, #"{"access_token":"a"}"#))
            }
        }
        #expect(server.connectionCount == connections)
        await server.stop()
    }

    @Test("A provider that hangs holds up no other, and its own next request only for the time to connect")
    func hanging() async throws {
        let hanging = try await ScriptedServer.start(.answerAndHang(""))
        let healthy = try await ScriptedServer.start(.answer(granting))
        var configuration = HTTPTransportConfiguration()
        configuration.connectionsPerHost = 1
        configuration.connectTimeout = .seconds(2)
        try await withTransport(configuration) { transport in
            // Cancelled when this scope ends.
            async let _ = Seen(
                await transport.send(refresh("http://127.0.0.1:\(hanging.port)/"), timeout: .seconds(30)))
            _ = await hanging.nextRequest()
            let other = Seen(await transport.send(refresh("http://127.0.0.1:\(healthy.port)/"), timeout: .seconds(30)))
            #expect(other == .answered(200, #"{"access_token":"a"}"#))
            let next = Seen(await transport.send(refresh("http://127.0.0.1:\(hanging.port)/"), timeout: .seconds(30)))
            #expect(next == .failed(.timeout, mayHaveBeenReceived: false))
        }
        #expect(hanging.connectionCount == 1)
        await hanging.stop()
        await healthy.stop()
    }

    @Test("A deadline in the queue is a request that was not received")
    func deadlineInQueue() async throws {
        let hanging = try await ScriptedServer.start(.answerAndHang(""))
        var configuration = HTTPTransportConfiguration()
        configuration.connectionsPerHost = 1
        try await withTransport(configuration) { transport in
            // Cancelled when this scope ends.
            async let _ = Seen(
                await transport.send(refresh("http://127.0.0.1:\(hanging.port)/"), timeout: .seconds(30)))
            _ = await hanging.nextRequest()
            let next = Seen(
                await transport.send(refresh("http://127.0.0.1:\(hanging.port)/"), timeout: .milliseconds(100)))
            #expect(next == .failed(.timeout, mayHaveBeenReceived: false))
        }
        await hanging.stop()
    }

    @Test("The timeout counts the time that the machine is suspended, and its end closes the connection")
    func suspended() async throws {
        let server = try await ScriptedServer.start(.answerAndHang(""))
        let clock = ManualClock()
        try await withTransport(clock: clock) { transport in
            async let seen = Seen(
                await transport.send(refresh("http://127.0.0.1:\(server.port)/"), timeout: .seconds(600)))
            _ = await server.nextRequest()
            _ = await clock.sleeps.first { _ in true }
            clock.advance(by: .seconds(600))
            #expect(await seen == .failed(.timeout, mayHaveBeenReceived: true))
            let ended: Void? = await server.closed.first { _ in true }
            #expect(ended != nil)
        }
        await server.stop()
    }

    @Test("An answer in time ends the wait for the timeout, and a cancellation is none")
    func alarmEnds() async throws {
        let healthy = try await ScriptedServer.start(.answer(granting))
        let hanging = try await ScriptedServer.start(.answerAndHang(""))
        // Time stands still: whoever waits for it to pass waits for ever.
        try await withTransport(clock: ManualClock()) { transport in
            let seen = Seen(await transport.send(refresh("http://127.0.0.1:\(healthy.port)/"), timeout: .seconds(30)))
            #expect(seen == .answered(200, #"{"access_token":"a"}"#))
            let task = Task {
                Seen(await transport.send(refresh("http://127.0.0.1:\(hanging.port)/"), timeout: .seconds(30)))
            }
            _ = await hanging.nextRequest()
            task.cancel()
            #expect(await task.value == .failed(.cancelled, mayHaveBeenReceived: true))
        }
        await healthy.stop()
        await hanging.stop()
    }

    @Test("A cancelled task cancels its request and closes the connection")
    func cancellation() async throws {
        let server = try await ScriptedServer.start(.answerAndHang(""))
        try await withTransport { transport in
            let task = Task {
                Seen(await transport.send(refresh("http://127.0.0.1:\(server.port)/"), timeout: .seconds(30)))
            }
            _ = await server.nextRequest()
            task.cancel()
            let seen = await task.value
            #expect(seen == .failed(.cancelled, mayHaveBeenReceived: true))
            let ended: Void? = await server.closed.first { _ in true }
            #expect(ended != nil)
        }
        await server.stop()
    }

    @Test("A task that was cancelled before sends nothing")
    func cancelledBefore() async throws {
        let server = try await ScriptedServer.start(.answer(granting))
        try await withTransport { transport in
            let task = Task {
                unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
                return Seen(await transport.send(refresh("http://127.0.0.1:\(server.port)/"), timeout: .seconds(30)))
            }
            let seen = await task.value
            #expect(seen == .failed(.cancelled, mayHaveBeenReceived: false))
        }
        #expect(server.connectionCount == 0)
        await server.stop()
    }

    @Test("Shutdown ends what is in flight, within its limit, and may be asked for twice")
    func shutdown() async throws {
        let server = try await ScriptedServer.start(.answerAndHang(""))
        let transport = HTTPTransport(group: ScriptedServer.group)
        let task = Task {
            Seen(await transport.send(refresh("http://127.0.0.1:\(server.port)/"), timeout: .seconds(60)))
        }
        _ = await server.nextRequest()
        let clock = ContinuousClock()
        let time = await clock.measure { await transport.shutdown(within: .seconds(2)) }
        #expect(time < .seconds(20))
        let seen = await task.value
        #expect(seen == .failed(.cancelled, mayHaveBeenReceived: true))
        await transport.shutdown()
        let after = Seen(await transport.send(refresh("http://127.0.0.1:\(server.port)/"), timeout: .seconds(30)))
        #expect(after == .failed(.cancelled, mayHaveBeenReceived: false))
        await server.stop()
    }
}
