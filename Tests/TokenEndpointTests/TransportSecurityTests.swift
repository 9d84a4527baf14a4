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
        "A server that knows no TLS newer than 1.1 is sent nothing",
        arguments: [
            (TLSVersion.tlsv12, Seen.answered(200, #"{"access_token":"a"}"#)),
            (.tlsv11, .failed(.tls, mayHaveBeenReceived: false)), (.tlsv1, .failed(.tls, mayHaveBeenReceived: false)),
        ])
    func versions(newest: TLSVersion, expected: Seen) async throws {
        let server = try await ScriptedServer.start(
            .answer(granting), tls: TestCertificate.serverContext(newest: newest))
        let seen = try await TestCertificate.withFile { path in
            var configuration = HTTPTransportConfiguration()
            configuration.trustRootsFile = path
            return try await withTransport(configuration) { transport in
                Seen(await transport.send(refresh("https://localhost:\(server.port)/"), timeout: .seconds(30)))
            }
        }
        #expect(seen == expected)
        await server.stop()
    }

    @Test(
        "After name resolution, only peers within the host's reach are connected to",
        arguments: [
            // Unencrypted: this machine alone, and only where the host says so.
            ("127.0.0.1", false, [.thisMachine, .privateNetwork]), ("::1", false, [.thisMachine, .privateNetwork]),
            ("8.8.8.8", false, []), ("10.0.0.1", false, []), ("169.254.169.254", false, []),
            ("8.8.8.8", true, [.internet, .privateNetwork]), ("2606:4700::1111", true, [.internet, .privateNetwork]),
            // A NAT64 (RFC 6052) is no way into the own network.
            ("64:ff9b::808:808", true, [.internet, .privateNetwork]), ("64:ff9b::a00:1", true, [.privateNetwork]),
            ("127.0.0.1", true, [.thisMachine, .privateNetwork]), ("::1", true, [.thisMachine, .privateNetwork]),
            ("127.0.0.53", true, [.thisMachine, .privateNetwork]), ("::ffff:127.0.0.1", true, [.privateNetwork]),
            ("0.0.0.0", true, [.privateNetwork]), ("10.0.0.1", true, [.privateNetwork]),
            ("172.16.3.4", true, [.privateNetwork]), ("192.168.1.1", true, [.privateNetwork]),
            ("100.64.0.1", true, [.privateNetwork]), ("fd12::1", true, [.privateNetwork]),
            ("::ffff:192.168.1.1", true, [.privateNetwork]),
            ("169.254.169.254", true, []), ("fe80::1", true, []), ("::ffff:169.254.169.254", true, []),
            ("fd00:ec2::254", true, []),
        ] as [(String, Bool, Set<ConnectedAddress.Reach>)])
    func connectedAddress(peer: String, isEncrypted: Bool, allowed: Set<ConnectedAddress.Reach>) throws {
        for reach in ConnectedAddress.Reach.allCases {
            let channel = EmbeddedChannel()
            let address = try SocketAddress(ipAddress: peer, port: 443)
            channel.connect(to: address, promise: nil)
            channel.remoteAddress = address
            if isEncrypted {
                let context = try NIOSSLContext(configuration: .makeClientConfiguration())
                try channel.pipeline.syncOperations.addHandler(
                    NIOSSLClientHandler(context: context, serverHostname: nil))
            }
            let check = ConnectedAddress.check(channel, within: reach)
            if allowed.contains(reach) {
                try check.wait()
            } else {
                #expect(throws: ConnectedAddress.Refused.self, "\(reach)") { try check.wait() }
            }
        }
    }

    @Test("A name that resolves to this machine, certificate and all, gets nothing unless the operator has named it")
    func rebinding() async throws {
        let server = try await ScriptedServer.start(.answer(granting), tls: TestCertificate.serverContext())
        let seen = try await TestCertificate.withFile { path in
            var configuration = HTTPTransportConfiguration()
            configuration.trustRootsFile = path
            configuration.resolvedNames = ["id.internal.example": "127.0.0.1", "localhost": "127.0.0.1"]
            return try await withTransport(configuration) { transport in
                var seen: [Seen] = []
                let named = "https://id.internal.example:\(server.port)/"
                seen.append(Seen(await transport.send(refresh(named), timeout: .seconds(30))))
                transport.allow(privateHosts: ["id.internal.example"])
                seen.append(Seen(await transport.send(refresh(named), timeout: .seconds(30))))
                transport.allow(privateHosts: ["other.internal.example"])
                seen.append(Seen(await transport.send(refresh(named), timeout: .seconds(30))))
                return seen
            }
        }
        let refused = Seen.failed(.refusedAddress, mayHaveBeenReceived: false)
        #expect(seen == [refused, .answered(200, #"{"access_token":"a"}"#), refused])
        // The one that was allowed is all that the server was sent.
        await server.stop()
        #expect(await server.nextRequest() != nil)
        #expect(await server.nextRequest() == nil)
    }
}
