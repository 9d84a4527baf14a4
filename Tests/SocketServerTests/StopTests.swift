import Glibc
import Testing

@testable import SocketServer

@Suite("Stopping", .serialized)
struct StopTests {
    @Test("Nobody can connect any more, and idle connections end in order")
    func noNewConnections() async throws {
        try await TestServer.run { server in
            let idle = try server.client()
            #expect(server.ask(idle, "echo", "1") == answer(0, "1"))
            await server.server.stop(grace: .seconds(20))
            #expect(idle.isAtEnd())
            #expect(throws: Failure("connect", ECONNREFUSED)) { try server.client() }
        }
    }

    @Test("Calls that wait are answered first")
    func waitingCalls() async throws {
        try await TestServer.run { server in
            let client = try server.client()
            client.send(request(1, "later", "1"))
            try server.settle()
            async let stopped: Void = server.server.stop(grace: .seconds(20))
            // The peer's output ends when stopping has begun.
            while client.send("\n") == 0 {}
            server.service.complete(1)
            #expect(client.lines() == [answer(1, "\"z\"")])
            await stopped
        }
    }

    @Test(
        "A call that is never answered, or never read, holds it up for the grace and no longer",
        arguments: [false, true])
    func grace(_ isUnread: Bool) async throws {
        try await TestServer.run { server in
            let client = try server.client()
            client.send(isUnread ? request(1, "large", "4000000") : request(1, "later", "1"))
            try server.settle()
            await server.server.stop(grace: .milliseconds(50))
            #expect(!client.lines().contains(answer(1, "\"z\"")))
        }
    }

    @Test("Requests that were sent before are answered, read or not; what comes later cannot be sent")
    func unreadRequests() async throws {
        var limits = SocketLimits()
        limits.unreadAnswers = 64 << 10
        try await TestServer.run(limits) { server in
            // Its first answers fill the socket, so that the rest of its requests stays unread there.
            let client = try server.client()
            client.send((0..<30).map { request($0, "large", "50000") }.joined())
            try server.settle()
            client.send((30..<40).map { request($0, "large", "50000") }.joined() + #"{"jsonrpc":"2.0","id":99"#)
            #expect(server.service.answered < 32)
            async let stopped: Void = server.server.stop(grace: .seconds(20))
            while client.send("\n") == 0 {}
            let result = "\"\(String(repeating: "x", count: 50_000))\""
            let lines = client.lines()
            // The unfinished line may have got the ends that were sent meanwhile: it is no valid request in any case.
            #expect(Array(lines.prefix(40)) == (0..<40).map { answer($0, result) })
            #expect(lines.dropFirst(40).allSatisfy { errorName($0) == "PARSE_ERROR" })
            await stopped
        }
    }

    @Test("A request whose end was not sent is not executed")
    func unfinishedRequest() async throws {
        try await TestServer.run { server in
            let client = try server.client()
            client.send(String(request(1, "echo", "1").dropLast()))
            try server.settle()
            let answered = server.service.answered
            await server.server.stop(grace: .seconds(20))
            #expect(client.isAtEnd())
            #expect(server.service.answered == answered)
        }
    }

    @Test("Connections whose peer was refused do not hold it up")
    func refusedConnections() async throws {
        var limits = SocketLimits()
        limits.lineLength = 100
        limits.lingering = .seconds(3600)
        try await TestServer.run(limits) { server in
            let client = try server.client()
            client.send(String(repeating: "x", count: 1000))
            #expect(errorName(client.line()) == "TOO_LARGE")
            await server.server.stop(grace: .seconds(3600))
            #expect(client.isAtEnd())
        }
    }

    @Test("It can be asked for twice, at the same time too")
    func twice() async throws {
        try await TestServer.run { server in
            let client = try server.client()
            client.send(request(1, "later", "1"))
            try server.settle()
            async let first: Void = server.server.stop(grace: .seconds(20))
            async let second: Void = server.server.stop(grace: .seconds(20))
            while client.send("\n") == 0 {}
            server.service.complete(1)
            #expect(client.lines() == [answer(1, "\"z\"")])
            await first
            await second
            await server.server.stop(grace: .seconds(20))
        }
    }
}
