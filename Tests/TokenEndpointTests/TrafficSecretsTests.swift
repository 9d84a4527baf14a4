import NIOCore
import SecretBytes
import Testing

@testable import TokenEndpoint

@Suite("Taking a server's traffic secret from the TLS library")
struct TrafficSecretsTests {
    private static let random = String(repeating: "0f", count: 32)

    @Test(
        "Only a line of the one label is taken, and of it what is hexadecimal",
        arguments: [
            ("SERVER_TRAFFIC_SECRET_0 \(random) 00ff7aBC\n", [0x00, 0xff, 0x7a, 0xbc]),
            ("SERVER_TRAFFIC_SECRET_0 \(random) 00ff7abc", [0x00, 0xff, 0x7a, 0xbc]),
            ("CLIENT_TRAFFIC_SECRET_0 \(random) 00ff\n", []), ("CLIENT_RANDOM \(random) 00ff\n", []),
            ("SERVER_HANDSHAKE_TRAFFIC_SECRET \(random) 00ff\n", []), ("EXPORTER_SECRET \(random) 00ff\n", []),
            ("SERVER_TRAFFIC_SECRET_1 \(random) 00ff\n", []), (" SERVER_TRAFFIC_SECRET_0 \(random) 00ff\n", []),
            ("# SERVER_TRAFFIC_SECRET_0 \(random) 00ff\n", []), ("SERVER_TRAFFIC_SECRET_0", []),
            ("SERVER_TRAFFIC_SECRET_0 \(random) \n", []), ("SERVER_TRAFFIC_SECRET_0 \(random) xx\n", []),
            ("SERVER_TRAFFIC_SECRET_0 \(random) 0", []), ("SERVER_TRAFFIC_SECRET_0 \(random) 12zz34\n", [0x12]),
            ("SERVER_TRAFFIC_SECRET_0 \(random) 12\u{e9}34\n", [0x12]), ("", []), ("\n", []),
        ] as [(String, [UInt8])])
    func lines(line: String, expected: [UInt8]) {
        let secrets = TrafficSecrets()
        secrets.note(ByteBuffer(string: line))
        #expect(taken(secrets) == expected)
        #expect(taken(secrets) == [])
    }

    @Test("The last one counts, once, whatever lines of others come between")
    func last() {
        let secrets = TrafficSecrets()
        #expect(taken(secrets) == [])
        secrets.note(ByteBuffer(string: "SERVER_TRAFFIC_SECRET_0 \(Self.random) 01\n"))
        secrets.note(ByteBuffer(string: "SERVER_TRAFFIC_SECRET_0 \(Self.random) 02\n"))
        secrets.note(ByteBuffer(string: "EXPORTER_SECRET \(Self.random) 03\n"))
        #expect(taken(secrets) == [2])
        #expect(taken(secrets) == [])
    }

    @Test("A line is wiped, whoever else holds it")
    func wiped() {
        for label in ["SERVER_TRAFFIC_SECRET_0", "CLIENT_TRAFFIC_SECRET_0"] {
            let line = ByteBuffer(string: "\(label) \(Self.random) 0102\n")
            TrafficSecrets().note(line)
            #expect(line.readableBytesView.allSatisfy { $0 == 0 })
        }
    }

    private func taken(_ secrets: TrafficSecrets) -> [UInt8] {
        secrets.take().withBytes { bytes in bytes.indices.map { bytes[$0] } }
    }
}
