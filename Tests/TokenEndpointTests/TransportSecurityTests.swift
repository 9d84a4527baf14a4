import NIOCore
import NIOEmbedded
import NIOSSL
import OAuth
import Testing
import TokenEndpoint

@Suite("Where a request really goes", .timeLimit(.minutes(1)))
struct TransportSecurityTests {
    @Test(
        "TLS to a port that speaks none has received nothing",
        arguments: [
            // Takes the handshake for the beginning of a request, and waits for the rest.
            (Script.answer(granting), [TransportFailure.Kind.timeout]),
            (.greet("220 mail.example ESMTP\r\n"), [.tls]),
            // The end of the connection is seen as its end or as a failed handshake, whichever is noticed first.
            (.closeOnAccept, [.connectionClosed, .tls]),
        ])
    func plainPort(script: Script, kinds: [TransportFailure.Kind]) async throws {
        let server = try await ScriptedServer.start(script)
        var configuration = HTTPTransportConfiguration()
        configuration.connectTimeout = .seconds(1)
        let seen = try await withTransport(configuration) { transport in
            Seen(await transport.send(refresh("https://localhost:\(server.port)/"), timeout: .seconds(30)))
        }
        #expect(kinds.contains { seen == .failed($0, mayHaveBeenReceived: false) })
        await server.stop()
    }

    @Test(
        "A certificate must be trusted and for the host's name",
        arguments: [
            ("localhost", true, Seen.answered(200, #"{"access_token":"a"}"#)),
            ("localhost", false, .failed(.tls, mayHaveBeenReceived: false)),
            ("127.0.0.1", true, .failed(.tls, mayHaveBeenReceived: false)),
        ])
    func certificates(host: String, isTrusted: Bool, expected: Seen) async throws {
        let server = try await ScriptedServer.start(.answer(granting), tls: TestCertificate.serverContext())
        let seen = try await TestCertificate.withFile { path in
            var configuration = HTTPTransportConfiguration()
            configuration.trustRootsFile = isTrusted ? path : nil
            return try await withTransport(configuration) { transport in
                Seen(await transport.send(refresh("https://\(host):\(server.port)/"), timeout: .seconds(30)))
            }
        }
        #expect(seen == expected)
        await server.stop()
    }

    @Test(
        "After name resolution, link-local peers are refused, and unencrypted ones that are not this machine",
        arguments: [
            ("127.0.0.1", false, true), ("::1", false, true), ("8.8.8.8", false, false), ("10.0.0.1", false, false),
            ("169.254.169.254", false, false), ("8.8.8.8", true, true), ("10.0.0.1", true, true),
            ("127.0.0.1", true, true),
            ("169.254.169.254", true, false), ("fe80::1", true, false), ("::ffff:169.254.169.254", true, false),
            ("fd00:ec2::254", true, false),
        ])
    func connectedAddress(peer: String, isEncrypted: Bool, isAllowed: Bool) throws {
        let channel = EmbeddedChannel()
        let address = try SocketAddress(ipAddress: peer, port: 443)
        channel.connect(to: address, promise: nil)
        channel.remoteAddress = address
        if isEncrypted {
            let context = try NIOSSLContext(configuration: .makeClientConfiguration())
            try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
        }
        let check = ConnectedAddress.check(channel)
        if isAllowed {
            try check.wait()
        } else {
            #expect(throws: ConnectedAddress.Refused.self) { try check.wait() }
        }
    }
}
