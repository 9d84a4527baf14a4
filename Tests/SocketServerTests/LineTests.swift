import Glibc
import Testing

@testable import SocketServer

@Suite("Lines", .serialized)
struct LineTests {
    enum Cut: String, CaseIterable, CustomTestStringConvertible {
        case oneWrite, aLineAWrite, aByteAWrite
        var testDescription: String { rawValue }
    }

    @Test("Every line is answered, in order, however its bytes are cut", arguments: Cut.allCases)
    func framing(_ cut: Cut) async throws {
        try await TestServer.run { server in
            let lines = (0..<20).map { request($0, "echo", "\"\(String(repeating: "é", count: $0))\"") }
            let client = try server.client()
            switch cut {
            case .oneWrite: client.send(lines.joined())
            case .aLineAWrite: for line in lines { client.send(line) }
            case .aByteAWrite: for byte in lines.joined().utf8 { client.send([byte]) }
            }
            for id in 0..<20 {
                #expect(client.line() == answer(id, "\"\(String(repeating: "é", count: id))\""))
            }
        }
    }

    @Test("A last line without an end counts when the peer ends its output; then the connection ends in order")
    func lastLine() async throws {
        try await TestServer.run { server in
            let client = try server.client()
            client.send(request(1, "echo", "1") + String(request(2, "echo", "2").dropLast()))
            client.endOutput()
            #expect(client.line() == answer(1, "1"))
            #expect(client.line() == answer(2, "2"))
            #expect(client.isAtEnd())
        }
    }

    @Test("Blank lines and carriage returns are no requests")
    func blankLines() async throws {
        try await TestServer.run { server in
            let client = try server.client()
            client.send("\n\r\n  \n" + request(1, "echo", "1").dropLast() + "\r\n\n")
            client.endOutput()
            #expect(client.lines() == [answer(1, "1")])
        }
    }

    @Test("A peer that has ended its output gets the answers that come later too, in the order in which they come")
    func laterAnswers() async throws {
        try await TestServer.run { server in
            let client = try server.client()
            client.send((0..<5).map { request($0, "later", "\($0)") }.joined() + request(9, "echo", "true"))
            client.endOutput()
            #expect(client.line() == answer(9, "true"))
            for key in [3, 0, 4, 1, 2] {
                _ = Background { server.service.complete(key) }.wait()
                #expect(client.line() == answer(key, "\"z\""))
            }
            #expect(client.isAtEnd())
        }
    }

    @Test("A waiting call holds up no other call of its connection")
    func waitingCall() async throws {
        try await TestServer.run { server in
            let client = try server.client()
            client.send(request(1, "later", "1"))
            #expect(server.ask(client, "echo", "2") == answer(0, "2"))
            server.service.complete(1)
            #expect(client.line() == answer(1, "\"z\""))
        }
    }

    @Test("A line may have 1 MiB exactly, its end not counted")
    func longestLine() async throws {
        try await TestServer.run { server in
            let frame = request(1, "echo", "\"\"").utf8.count - 1
            let text = String(repeating: "a", count: (1 << 20) - frame)
            let client = try server.client()
            let sender = Background { client.send(request(1, "echo", "\"\(text)\"") + request(2, "echo", "2")) }
            #expect(client.line() == answer(1, "\"\(text)\""))
            #expect(client.line() == answer(2, "2"))
            #expect(sender.wait() == 0)
        }
    }

    struct LongLine: CustomTestStringConvertible {
        var testDescription: String
        var tail: String
        var endsOutput = false
    }

    @Test(
        "One byte more is one clear error, and the end of the connection",
        arguments: [
            LongLine(testDescription: "with an end", tail: "\n"),
            LongLine(testDescription: "with an end and more lines", tail: "\n" + request(2, "echo", "2")),
            LongLine(testDescription: "without an end", tail: ""),
            LongLine(testDescription: "without an end, at the end of the output", tail: "", endsOutput: true),
        ])
    func tooLongLine(_ row: LongLine) async throws {
        try await TestServer.run { server in
            let client = try server.client()
            client.send(request(1, "echo", "1"))
            client.send(String(repeating: " ", count: (1 << 20) + 1) + row.tail)
            if row.endsOutput { client.endOutput() }
            #expect(client.line() == answer(1, "1"))
            let error = client.line()
            #expect(errorName(error) == "TOO_LARGE")
            #expect(error?.contains(#""limitBytes":1048576"#) == true)
            #expect(client.isAtEnd())
        }
    }

    @Test("A peer that goes on writing a line without an end can write, and then read why it was refused")
    func endlessLine() async throws {
        var limits = SocketLimits()
        limits.lineLength = 1000
        try await TestServer.run(limits) { server in
            let client = try server.client()
            let sent = client.send([UInt8](repeating: UInt8(ascii: "x"), count: 8 << 20))
            #expect(sent == 0)
            #expect(errorName(client.line()) == "TOO_LARGE")
            #expect(client.isAtEnd())
        }
    }

    @Test("A refused peer that never stops writing is cut when its time is over")
    func lingering() async throws {
        var limits = SocketLimits()
        limits.lineLength = 1000
        limits.lingering = .milliseconds(50)
        try await TestServer.run(limits) { server in
            let client = try server.client()
            let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 64 << 10)
            var code: CInt = 0
            while code == 0 { code = client.send(chunk) }
            #expect(code == EPIPE || code == ECONNRESET)
            #expect(errorName(client.line()) == "TOO_LARGE")
        }
    }
}
