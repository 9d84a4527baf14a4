import Glibc
import JSON
import JSONRPC
import NIOCore
import Synchronization
import Testing

@testable import SocketServer

@Suite("Notifications", .serialized)
struct NotificationTests {
    /// A client that is subscribed with this key.
    private func subscriber(_ server: TestServer, _ key: Int = 1, halfClosed: Bool = false) throws -> Client {
        let client = try server.client()
        client.send(request(0, "subscribe", "\(key)"))
        if halfClosed { client.endOutput() }
        #expect(client.line() == answer(0, "\"subscribed\""))
        return client
    }

    private func notify(_ server: TestServer, _ number: Int, _ key: Int = 1, bytes: Int = 0) -> Bool {
        server.service.notifier(key)?.notify("event") { writer in
            writer.object { event in
                event.member("n", number)
                event.member("text", String(repeating: "e", count: bytes))
            }
        } ?? false
    }

    private func line(_ number: Int, bytes: Int = 0) -> String {
        #"{"jsonrpc":"2.0","method":"event","params":{"n":\#(number),"text":"\#(String(repeating: "e", count: bytes))"}}"#
    }

    @Test("They arrive, and the connection answers as before")
    func arrive() async throws {
        try await TestServer.run { server in
            let client = try subscriber(server)
            #expect(notify(server, 1))
            #expect(client.line() == line(1))
            #expect(server.ask(client, "echo", "2") == answer(0, "2"))
            #expect(notify(server, 3))
            #expect(client.line() == line(3))
        }
    }

    // MARK: Half-closed

    @Test("A peer that sends nothing more is told on until the subscription ends, then the connection closes")
    func halfClosed() async throws {
        try await TestServer.run { server in
            let client = try subscriber(server, halfClosed: true)
            for number in 1...3 {
                try server.settle()
                #expect(notify(server, number))
                #expect(client.line() == line(number))
            }
            server.service.notifier(1)?.end()
            #expect(client.isAtEnd())
        }
    }

    @Test("The last word of a subscription comes before the end of the connection")
    func lastWord() async throws {
        try await TestServer.run { server in
            let client = try subscriber(server, halfClosed: true)
            server.service.notifier(1)?.end(with: "event") { $0.value("last") }
            #expect(client.lines() == [#"{"jsonrpc":"2.0","method":"event","params":"last"}"#])
        }
    }

    @Test("A subscriber that leaves is known to be gone, half-closed or not", arguments: [false, true])
    func leaves(_ isHalfClosed: Bool) async throws {
        try await TestServer.run { server in
            var client: Client? = try subscriber(server, halfClosed: isHalfClosed)
            let notifier = try #require(server.service.notifier(1))
            #expect(!notifier.isAbandoned)
            withExtendedLifetime(client) {}
            client = nil
            var rounds = 0
            while !notifier.isAbandoned, rounds < 1000 {
                try server.settle()
                rounds += 1
            }
            #expect(notifier.isAbandoned)
            #expect(!notify(server, 1))
        }
    }

    @Test("Time does not end an idle subscriber")
    func idle() async throws {
        try await TestServer.run { server in
            let client = try subscriber(server)
            let half = try subscriber(server, 2, halfClosed: true)
            await server.server.expireUnfinishedLines(now: .now() + .hours(1000))
            #expect(notify(server, 1))
            #expect(client.line() == line(1))
            #expect(notify(server, 2, 2))
            #expect(half.line() == line(2))
        }
    }

    // MARK: Slow readers

    @Test("For a peer that does not read there is room for so much and no more; what was sent arrives whole")
    func slowReader() async throws {
        var limits = SocketLimits()
        limits.unreadAnswers = 64 << 10
        try await TestServer.run(limits) { server in
            let client = try subscriber(server)
            let rooms = Atomic(0)
            server.service.notifier(1)?.callWhenRoom { _ = rooms.add(1, ordering: .relaxed) }
            // The kernel takes some, NIO some, and the rest waits.
            var sent = 0
            var refusals = 0
            while refusals < 100, sent < 100_000 {
                if notify(server, sent, bytes: 1000) {
                    sent += 1
                    refusals = 0
                } else {
                    refusals += 1
                    try server.settle()
                }
            }
            #expect(sent < 1500, "the socket's own buffer, 64 KiB of NIO's, 64 KiB here")
            let before = rooms.load(ordering: .relaxed)
            for number in 0..<sent { #expect(client.line() == line(number, bytes: 1000)) }
            try server.settle()
            #expect(rooms.load(ordering: .relaxed) > before)
            #expect(notify(server, 7))
            #expect(client.line() == line(7))
        }
    }

    @Test("What waits for slow readers counts with the answers that all of them leave unread")
    func countedTogether() async throws {
        var limits = SocketLimits()
        // What NIO holds for all of them is less than the bound.
        limits.unreadAnswers = 4 << 10
        limits.unreadBytes = 150 << 10
        try await TestServer.run(limits) { server in
            let clients = try (0..<4).map { try subscriber(server, $0) }
            for key in clients.indices {
                var refusals = 0
                while refusals < 20, server.service.notifier(key)?.isAbandoned == false {
                    if !notify(server, 0, key, bytes: 1000) {
                        refusals += 1
                        try server.settle()
                    }
                }
            }
            let cut = clients.indices.filter { server.service.notifier($0)?.isAbandoned == true }
            #expect(!cut.isEmpty)
            #expect(cut.count < 4)
        }
    }

    @Test("Answers and notifications never mix inside a line")
    func wholeLines() async throws {
        try await TestServer.run { server in
            let client = try subscriber(server)
            let service = server.service
            let sender = Background {
                var sent = 0
                for number in 0..<2000 {
                    let isSent = service.notifier(1)?.notify("event") { $0.value(number) } ?? false
                    if isSent { sent += 1 }
                }
                return sent
            }
            for number in 0..<500 { client.send(request(number, "echo", "\"\(String(repeating: "a", count: 300))\"")) }
            let sent = sender.wait() ?? 0
            let lines = (0..<500 + sent).compactMap { _ in client.line() }
            let answers = lines.filter { $0.hasPrefix(#"{"jsonrpc":"2.0","id":"#) && $0.hasSuffix("aaa\"}") }
            let notices = lines.filter { $0.hasPrefix(#"{"jsonrpc":"2.0","method":"event","params":"#) }
            #expect(answers.count == 500)
            #expect(notices.count == sent)
            #expect(notices.allSatisfy { $0.hasSuffix("}") && $0.utf8.count < 60 })
        }
    }

    // MARK: Stopping

    @Test("Subscribers do not hold up the stop: their connections end at once", arguments: [false, true])
    func stop(_ isHalfClosed: Bool) async throws {
        try await TestServer.run { server in
            let client = try subscriber(server, halfClosed: isHalfClosed)
            try server.settle()
            await server.server.stop(grace: .seconds(3600))
            #expect(client.isAtEnd())
        }
    }
}
