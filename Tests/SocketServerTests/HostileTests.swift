import Glibc
import Testing

@testable import SocketServer

@Suite("Hostile peers", .serialized)
struct HostileTests {
    struct Malice: CustomTestStringConvertible {
        var testDescription: String
        var bytes: [UInt8]
        /// The error's stable name; nil if the answers do not matter.
        var error: String?

        init(_ name: String, _ bytes: some Sequence<UInt8>, _ error: String?) {
            testDescription = name
            self.bytes = Array(bytes)
            self.error = error
        }
    }

    static var malice: [Malice] {
        let batch = "[" + (0..<10_000).map { request($0, "echo", "1").dropLast() }.joined(separator: ",") + "]\n"
        var rows = [
            Malice("deep nesting", (String(repeating: "[", count: 100_000) + "\n").utf8, "PARSE_ERROR"),
            Malice("a batch of 10 000", batch.utf8, "TOO_LARGE"),
            Malice("bytes that are no UTF-8", [0x22, 0xFF, 0xC0, 0x80, 0x22, 0x0A], "PARSE_ERROR"),
            Malice("a NUL", [0x00, 0x0A], "PARSE_ERROR"),
            Malice("a lone surrogate", #""\ud800""#.utf8 + [0x0A], "PARSE_ERROR"),
        ]
        for seed in 1...8 as ClosedRange<UInt64> {
            var generator = SeededGenerator(state: seed)
            let noise = (0..<20_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
            rows.append(Malice("random bytes, seed \(seed)", noise, nil))
        }
        return rows
    }

    @Test("Bad input is answered, its connection lives on, and another connection notices nothing", arguments: malice)
    func badInput(_ row: Malice) async throws {
        try await TestServer.run { server in
            let (bad, good) = (try server.client(), try server.client())
            let sender = Background { bad.send(row.bytes + Array("\n".utf8)) }
            #expect(server.ask(good, "echo", "1") == answer(0, "1"))
            #expect(sender.wait() == 0)
            if let error = row.error { #expect(errorName(bad.line()) == error) }
            bad.send(request(77, "echo", "true"))
            bad.endOutput()
            #expect(bad.lines().last == answer(77, "true"))
            #expect(server.ask(good, "echo", "2") == answer(0, "2"))
        }
    }

    @Test("An urgent byte is a byte like any other")
    func urgentByte() async throws {
        try await TestServer.run { server in
            let client = try server.client()
            client.send(Array(" ".utf8), flags: CInt(MSG_OOB))
            #expect(server.ask(client, "echo", "1") == answer(0, "1"))
            client.send(Array("7".utf8), flags: CInt(MSG_OOB))
            client.endOutput()
            #expect(errorName(client.line()) == "INVALID_REQUEST")
            #expect(client.isAtEnd())
        }
    }

    @Test("A peer that reads nothing but sends without end, while an answer to it fails, stops nobody")
    func floodWithoutReader() async throws {
        try await TestServer.run { server in
            let flooder = try server.client()
            flooder.send(request(1, "later", "1"))
            try server.settle()
            shutdown(flooder.descriptor, CInt(SHUT_RD))
            let floods = (0..<3).map { _ in
                Background {
                    let chunk = [UInt8](repeating: UInt8(ascii: "\n"), count: 256 << 10)
                    while flooder.send(chunk) == 0 {}
                    return true
                }
            }
            server.service.complete(1)
            let good = try server.client()
            for id in 0..<20 { #expect(server.ask(good, "echo", "\(id)") == answer(0, "\(id)")) }
            for flood in floods { #expect(flood.wait() == true) }
        }
    }

    // MARK: Answers that nobody reads

    @Test("A peer that reads nothing is not served on, others are, and it gets every answer when it reads at last")
    func slowReader() async throws {
        try await TestServer.run { server in
            let slow = try server.client()
            slow.send((0..<200).map { request($0, "large", "50000") }.joined())
            try server.settle()
            // What the server holds for it, what the kernel holds, and the answer that went beyond.
            #expect(server.service.answered < 2 + (256 + 208 + 256) / 48)
            #expect(try server.ask("echo", "1") == answer(0, "1"))
            let result = "\"\(String(repeating: "x", count: 50_000))\""
            for id in 0..<200 { #expect(slow.line() == answer(id, result)) }
            #expect(server.ask(slow, "echo", "2") == answer(0, "2"))
        }
    }

    @Test("The requests of a peer that reads nothing stay in its own socket")
    func unreadRequests() async throws {
        try await TestServer.run { server in
            let slow = try server.client()
            slow.send((0..<20).map { request($0, "large", "50000") }.joined())
            try server.settle()
            let more = Array(request(99, "echo", "null").utf8)
            while slow.send(more, flags: CInt(MSG_DONTWAIT)) == 0 {}
            for _ in 0..<50 { try server.settle() }
            #expect(slow.send(more, flags: CInt(MSG_DONTWAIT)) == EAGAIN)
        }
    }

    @Test("Answers that stop and start the flow of requests while they are written are all right, once, and in order")
    func writabilityChangesWhileWriting() async throws {
        var limits = SocketLimits()
        limits.unreadAnswers = 4096
        try await TestServer.run(limits) { server in
            let client = try server.client()
            let result = "\"\(String(repeating: "x", count: 3000))\""
            let sender = Background { client.send((0..<300).map { request($0, "large", "3000") }.joined()) }
            for id in 0..<300 { #expect(client.line() == answer(id, result)) }
            #expect(sender.wait() == 0)
        }
    }

    @Test("A peer that ends its output before it reads gets every answer")
    func halfClosedSlowReader() async throws {
        try await TestServer.run { server in
            let client = try server.client()
            client.send((0..<100).map { request($0, "large", "50000") }.joined() + request(100, "later", "5"))
            client.endOutput()
            try server.settle()
            let result = "\"\(String(repeating: "x", count: 50_000))\""
            for id in 0..<100 { #expect(client.line() == answer(id, result)) }
            try server.settle()
            server.service.complete(5)
            #expect(client.lines() == [answer(100, "\"z\"")])
        }
    }

    @Test("When all together leave too much unread, the one that holds the most is cut, and only that one")
    func unreadOfAll() async throws {
        var limits = SocketLimits()
        limits.unreadBytes = 3 << 20
        try await TestServer.run(limits) { server in
            let modest = try server.client()
            modest.send(request(1, "large", "600000"))
            try server.settle()
            let greedy = try server.client()
            greedy.send(request(2, "large", "4000000"))
            try server.settle()
            #expect(greedy.lines().isEmpty)
            #expect(modest.line() == answer(1, "\"\(String(repeating: "x", count: 600_000))\""))
            #expect(server.ask(modest, "echo", "1") == answer(0, "1"))
        }
    }

    @Test("Answers that come later count among the unread ones")
    func unreadLaterAnswers() async throws {
        var limits = SocketLimits()
        limits.unreadBytes = 3 << 20
        try await TestServer.run(limits) { server in
            let client = try server.client()
            client.send((0..<4).map { request($0, "later", "\($0)") }.joined())
            try server.settle()
            for key in 0..<4 { server.service.complete(key, bytes: 1_000_000) }
            try server.settle()
            #expect(client.lines().count < 4)
        }
    }
}
