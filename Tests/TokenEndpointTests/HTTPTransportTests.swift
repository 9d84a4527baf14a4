import NIOCore
import NIOPosix
import OAuth
import SecretBytes
import Synchronization
import Testing
import TokenEndpoint

/// The outcome of a request, in values that can be compared.
enum Seen: Equatable, Sendable {
    case answered(Int, String)
    case failed(TransportFailure.Kind, mayHaveBeenReceived: Bool)

    init(_ outcome: consuming ProviderOutcome) {
        switch consume outcome {
        case .answered(let response): self = .answered(response.status, plain(response.body))
        case .failed(let failure): self = .failed(failure.kind, mayHaveBeenReceived: failure.mayHaveBeenReceived)
        }
    }
}

func plain(_ bytes: borrowing SecretBytes) -> String {
    bytes.withBytes { span in String(decoding: span.indices.map { span[$0] }, as: UTF8.self) }
}

/// Runs `body` with a transport, and shuts it down.
func withTransport<Result>(
    _ configuration: HTTPTransportConfiguration = .init(), clock: any Clock<Duration> = ContinuousClock(),
    keeper: (any ExchangeKeeping)? = nil, _ body: (HTTPTransport) async throws -> Result
) async throws -> Result {
    let transport = HTTPTransport(
        group: ScriptedServer.group, configuration: configuration, clock: clock, keeper: keeper)
    do {
        let result = try await body(transport)
        await transport.shutdown()
        return result
    } catch {
        await transport.shutdown()
        throw error
    }
}

func refresh(_ url: String, body: String? = "refresh_token=r") -> ProviderRequest {
    ProviderRequest(
        method: body == nil ? .get : .post, url: url,
        headers: [
            NamedValue("Accept", "application/json"), NamedValue("authorization", "another"),
            NamedValue("Purser-Exchange", "1"),
        ],
        authorization: SecretBytes(utf8: "Basic aWQ6cw=="), body: body.map { SecretBytes(utf8: $0) })
}

let granting = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"access_token\":\"a\"}"

@Suite("Sending to a provider", .timeLimit(.minutes(1)))
struct HTTPTransportTests {
    @Test("A request arrives as it was written, and its answer comes back whole")
    func normal() async throws {
        let server = try await ScriptedServer.start(
            .answer(
                "HTTP/1.1 429 Slow\r\nContent-Type: text/plain\r\nRetry-After: 7\r\n"
                    + "Date: Fri, 21 Nov 2025 00:00:00 GMT\r\nContent-Length: 5\r\n\r\nlater"))
        try await withTransport { transport in
            let outcome = await transport.send(
                refresh("http://127.0.0.1:\(server.port)/oauth/token?x=1"), timeout: .seconds(10))
            guard case .answered(let response) = outcome else {
                Issue.record("no answer")
                return
            }
            #expect(response.status == 429)
            #expect(response.contentType == "text/plain")
            #expect(response.retryAfter == "7")
            #expect(response.date == "Fri, 21 Nov 2025 00:00:00 GMT")
            let body = plain(response.body)
            #expect(body == "later")
        }
        let request = try #require(await server.nextRequest())
        #expect(request.hasPrefix("POST /oauth/token?x=1 HTTP/1.1\r\n"))
        #expect(request.hasSuffix("\r\n\r\nrefresh_token=r"))
        let fields = request.split(separator: "\r\n").map { $0.lowercased() }
        #expect(fields.filter { $0.hasPrefix("authorization") } == ["authorization: basic awq6cw=="])
        #expect(fields.contains("accept: application/json"))
        #expect(fields.contains("host: 127.0.0.1:\(server.port)"))
        #expect(fields.contains("content-length: 15"))
        #expect(!fields.contains { $0.hasPrefix("accept-encoding") || $0.hasPrefix("purser") })
        await server.stop()
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var script: Script
        var timeout: Duration = .seconds(30)
        var body: String? = "refresh_token=r"
        var seen: Seen
    }

    static let long = String(repeating: "x", count: 4096)

    @Test(
        "Every way in which an answer can fail to come is told apart",
        arguments: [
            Row(
                testDescription: "200", script: .answer(granting), seen: .answered(200, #"{"access_token":"a"}"#)),
            Row(
                testDescription: "an answer to a GET", script: .answer(granting), body: nil,
                seen: .answered(200, #"{"access_token":"a"}"#)),
            Row(
                testDescription: "a body that ends with the connection", script: .answer("HTTP/1.1 200 OK\r\n\r\nabc"),
                seen: .answered(200, "abc")),
            Row(
                testDescription: "chunks",
                script: .answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
                seen: .answered(200, "abc")),
            Row(
                testDescription: "an interim answer first",
                script: .answer("HTTP/1.1 103 Early Hints\r\n\r\n" + granting),
                seen: .answered(200, #"{"access_token":"a"}"#)),
            Row(
                testDescription: "hanging before the head", script: .answerAndHang(""), timeout: .seconds(1),
                seen: .failed(.timeout, mayHaveBeenReceived: true)),
            Row(
                testDescription: "hanging within the head", script: .answerAndHang("HTTP/1.1 200 OK\r\nContent-"),
                timeout: .seconds(1), seen: .failed(.timeout, mayHaveBeenReceived: true)),
            Row(
                testDescription: "hanging after the head",
                script: .answerAndHang("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a"),
                timeout: .seconds(1), seen: .failed(.timeout, mayHaveBeenReceived: true)),
            Row(
                testDescription: "a byte now and then",
                script: .trickle("HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n{"),
                timeout: .seconds(1), seen: .failed(.timeout, mayHaveBeenReceived: true)),
            Row(
                testDescription: "interim answers for ever", script: .flood("", then: "HTTP/1.1 100 Continue\r\n\r\n"),
                timeout: .seconds(1), seen: .failed(.timeout, mayHaveBeenReceived: true)),
            Row(
                testDescription: "closed without a word", script: .answer(""),
                seen: .failed(.connectionClosed, mayHaveBeenReceived: true)),
            Row(
                testDescription: "closed within the body",
                script: .answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a"),
                seen: .failed(.connectionClosed, mayHaveBeenReceived: true)),
            Row(
                testDescription: "reset within the body",
                script: .answerAndReset("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a"),
                seen: .failed(.connectionClosed, mayHaveBeenReceived: true)),
            Row(
                testDescription: "a length over the bound",
                script: .answerAndHang("HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n"),
                seen: .failed(.bodyTooLarge, mayHaveBeenReceived: true)),
            Row(
                testDescription: "a body without end", script: .flood("HTTP/1.1 200 OK\r\n\r\n", then: long),
                seen: .failed(.bodyTooLarge, mayHaveBeenReceived: true)),
            Row(
                testDescription: "a head without end", script: .flood("HTTP/1.1 200 OK\r\n", then: "X: \(long)\r\n"),
                seen: .failed(.other, mayHaveBeenReceived: true)),
            Row(
                testDescription: "no HTTP at all", script: .answer("SSH-2.0-OpenSSH_9.2p1\r\n"),
                seen: .failed(.other, mayHaveBeenReceived: true)),
            Row(
                testDescription: "a redirect is an answer",
                script: .answer("HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
                seen: .answered(307, "")),
        ])
    func faults(row: Row) async throws {
        let server = try await ScriptedServer.start(row.script)
        let seen = try await withTransport { transport in
            Seen(
                await transport.send(refresh("http://127.0.0.1:\(server.port)/", body: row.body), timeout: row.timeout))
        }
        #expect(seen == row.seen)
        #expect(server.connectionCount == 1)
        await server.stop()
    }

    @Test(
        "A body may be as long as the bound, not a byte more",
        arguments: [
            (100, Seen.answered(200, String(repeating: "b", count: 100))),
            (101, .failed(.bodyTooLarge, mayHaveBeenReceived: true)),
        ])
    func bound(length: Int, expected: Seen) async throws {
        let server = try await ScriptedServer.start(
            .answer("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "b", count: length)))
        var configuration = HTTPTransportConfiguration()
        configuration.maximumBodyLength = 100
        let seen = try await withTransport(configuration) { transport in
            Seen(await transport.send(refresh("http://127.0.0.1:\(server.port)/"), timeout: .seconds(30)))
        }
        #expect(seen == expected)
        await server.stop()
    }

    @Test("A refused connection has received nothing")
    func connectionRefused() async throws {
        let server = try await ScriptedServer.start(.closeOnAccept)
        await server.stop()
        for host in ["127.0.0.1", "localhost"] {
            let seen = try await withTransport { transport in
                Seen(await transport.send(refresh("http://\(host):\(server.port)/"), timeout: .seconds(30)))
            }
            #expect(seen == .failed(.connect, mayHaveBeenReceived: false))
        }
    }

    @Test("The sender is asked once, when the connection stands; what it keeps back has not left")
    func withheld() async throws {
        let server = try await ScriptedServer.start(.answer(granting))
        let asked = Mutex(0)
        try await withTransport { transport in
            func send(_ body: String, to port: Int, leaves: Bool) async -> Seen {
                var request = refresh("http://127.0.0.1:\(port)/", body: body)
                request.mayLeave = {
                    asked.withLock { $0 += 1 }
                    return leaves
                }
                return Seen(await transport.send(request, timeout: .seconds(30)))
            }
            #expect(
                await send("refresh_token=kept", to: server.port, leaves: false)
                    == .failed(.withheld, mayHaveBeenReceived: false))
            #expect(asked.withLock { $0 } == 1)
            #expect(
                await send("refresh_token=sent", to: server.port, leaves: true)
                    == .answered(200, #"{"access_token":"a"}"#))
            #expect(asked.withLock { $0 } == 2)
            await server.stop()
            #expect(
                await send("refresh_token=late", to: server.port, leaves: true)
                    == .failed(.connect, mayHaveBeenReceived: false))
            #expect(asked.withLock { $0 } == 2)
        }
        #expect(try #require(await server.nextRequest()).hasSuffix("\r\n\r\nrefresh_token=sent"))
    }

    @Test("A connection closed on accept is no answer")
    func closedOnAccept() async throws {
        let server = try await ScriptedServer.start(.closeOnAccept)
        let seen = try await withTransport { transport in
            Seen(await transport.send(refresh("http://127.0.0.1:\(server.port)/"), timeout: .seconds(30)))
        }
        // Whether the request was written before the end was seen is a race that the kernel decides.
        let acceptable = [true, false].map { Seen.failed(.connectionClosed, mayHaveBeenReceived: $0) }
        #expect(acceptable.contains(seen))
        await server.stop()
    }

    @Test("A name that does not resolve has received nothing")
    func nameResolution() async throws {
        let seen = try await withTransport { transport in
            Seen(await transport.send(refresh("https://no-such-host.invalid/"), timeout: .seconds(30)))
        }
        // Where no name server answers at all, the resolver outlasts the time allowed for connecting.
        let acceptable = [TransportFailure.Kind.nameResolution, .timeout].map {
            Seen.failed($0, mayHaveBeenReceived: false)
        }
        #expect(acceptable.contains(seen))
    }

    @Test(
        "An address that no credential may go to is not contacted",
        arguments: [
            "http://id.example/", "https://169.254.169.254/", "https://user@id.example/", "ftp://127.0.0.1/", "",
        ])
    func refusedAddresses(url: String) async throws {
        let seen = try await withTransport { Seen(await $0.send(refresh(url), timeout: .seconds(30))) }
        #expect(seen == .failed(.refusedAddress, mayHaveBeenReceived: false))
    }

    @Test("A header that would break the message is not sent")
    func badHeader() async throws {
        let server = try await ScriptedServer.start(.answer(granting))
        let seen = try await withTransport { transport in
            var request = refresh("http://127.0.0.1:\(server.port)/")
            request.headers = [NamedValue("x", "a\r\nb: c")]
            return Seen(await transport.send(request, timeout: .seconds(30)))
        }
        #expect(seen == .failed(.other, mayHaveBeenReceived: false))
        await server.stop()
    }
}
