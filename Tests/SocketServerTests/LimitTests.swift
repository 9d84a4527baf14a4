import Glibc
import NIOCore
import Testing

@testable import SocketServer

@Suite("Limits", .serialized)
struct LimitTests {
    @Test("Unfinished lines of all together are bounded; who goes beyond is told so, and the others go on")
    func unfinishedOfAll() async throws {
        var limits = SocketLimits()
        limits.unfinishedBytes = 64 << 10
        try await TestServer.run(limits) { server in
            let patient = try server.client()
            patient.send(String(request(1, "echo", "1").dropLast()))
            var refused = 0
            let clients = try (0..<8).map { _ in try server.client() }
            // One after the other, so that it is known how many fit.
            for client in clients {
                client.send(#"{"a":""# + String(repeating: "a", count: 12_000))
                for _ in 0..<10 { try server.settle() }
            }
            for client in clients {
                client.send("\"}\n")
                client.endOutput()
                if errorName(client.line()) == "TOO_LARGE" { refused += 1 }
            }
            #expect((3...6).contains(refused))
            patient.send("\n")
            #expect(patient.line() == answer(1, "1"))
            let later = try server.client()
            later.send(#"["# + String(repeating: " ", count: 12_000) + "1]\n")
            #expect(errorName(later.line()) == "INVALID_REQUEST")
        }
    }

    @Test("Unfinished lines of connections that have ended count no more")
    func unfinishedOfTheGone() async throws {
        var limits = SocketLimits()
        limits.unfinishedBytes = 64 << 10
        try await TestServer.run(limits) { server in
            for _ in 0..<10 {
                let client = try server.client()
                client.send("[" + String(repeating: " ", count: 12_000))
                try server.settle()
                shutdown(client.descriptor, CInt(SHUT_RDWR))
                try server.settle()
            }
            let client = try server.client()
            client.send("[" + String(repeating: " ", count: 12_000))
            try server.settle()
            client.send("1]\n")
            #expect(errorName(client.line()) == "INVALID_REQUEST")
        }
    }

    @Test("A line that is not finished in time is one clear error, and the end of the connection")
    func slowLine() async throws {
        try await TestServer.run { server in
            let slow = try server.client()
            slow.send("{")
            let idle = try server.client()
            #expect(server.ask(idle, "echo", "1") == answer(0, "1"))
            try server.settle()
            await server.server.expireUnfinishedLines(now: .now() + .seconds(59))
            try server.settle()
            slow.send("}\n{")
            #expect(errorName(slow.line()) == "INVALID_REQUEST")
            await server.server.expireUnfinishedLines(now: .now() + .seconds(61))
            #expect(errorName(slow.line()) == "TIMEOUT")
            #expect(slow.isAtEnd())
            #expect(server.ask(idle, "echo", "2") == answer(0, "2"))
        }
    }

    @Test("The time of a line starts with its own first byte, not with that of a line before it")
    func timeOfALine() async throws {
        var limits = SocketLimits()
        limits.lineTime = .milliseconds(200)
        try await TestServer.run(limits) { server in
            let client = try server.client()
            client.send("{")
            try server.settle()
            let begun = NIODeadline.now()
            while NIODeadline.now() < begun + .milliseconds(20) { try server.settle() }
            client.send("}\n{")
            #expect(errorName(client.line()) == "INVALID_REQUEST")
            // The first line would be too old by now, the second is not.
            await server.server.expireUnfinishedLines(now: begun + .milliseconds(201))
            client.send("}\n")
            #expect(errorName(client.line()) == "INVALID_REQUEST")
        }
    }

    // MARK: Descriptors

    @Test(
        "There are never more connections than descriptors, less those for everything else, and one user's share stays",
        arguments: [
            (1_000_000, 16_384, 12_288), (16_512, 16_384, 12_288), (16_511, 16_383, 12_287), (1024, 896, 672),
            (256, 128, 96), (200, 100, 75), (64, 32, 24), (1, 1, 1), (0, 1, 1),
        ])
    func descriptors(_ descriptors: Int, _ connections: Int, _ perUser: Int) {
        let limits = SocketLimits(descriptors: descriptors)
        #expect(limits.connections == connections)
        #expect(limits.connectionsPerUser == perUser)
    }

    // MARK: Connections

    struct ConnectionLimit: CustomTestStringConvertible {
        var testDescription: String
        var limits: SocketLimits
    }

    static var connectionLimits: [ConnectionLimit] {
        var (all, user) = (SocketLimits(), SocketLimits())
        all.connections = 3
        user.connectionsPerUser = 3
        return [
            ConnectionLimit(testDescription: "of all", limits: all),
            ConnectionLimit(testDescription: "of one user", limits: user),
        ]
    }

    @Test("One connection too many is told so; when one ends, the next is served", arguments: connectionLimits)
    func connectionLimit(_ row: ConnectionLimit) async throws {
        try await TestServer.run(row.limits) { server in
            var clients: [Client] = []
            for _ in 0..<3 {
                let client = try server.client()
                #expect(server.ask(client, "echo", "1") == answer(0, "1"))
                clients.append(client)
            }
            for _ in 0..<3 {
                let refused = try server.client()
                refused.send(request(1, "echo", "1"))
                let error = refused.line()
                #expect(errorName(error) == "RATE_LIMITED")
                #expect(error?.contains(#""retryAfterSeconds":1"#) == true)
                #expect(refused.isAtEnd())
            }
            let last = clients.removeLast()
            last.endOutput()
            #expect(last.isAtEnd())
            #expect(try server.ask("echo", "2") == answer(0, "2"))
            for client in clients { #expect(server.ask(client, "echo", "3") == answer(0, "3")) }
        }
    }
}
