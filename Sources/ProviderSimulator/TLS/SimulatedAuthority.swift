internal import Crypto
internal import FoundationEssentials
internal import NIOSSL
internal import SwiftASN1
internal import X509

/// A certification authority for one run, and what it and others have signed for the simulator.
///
/// It is made anew each time, so that a client that trusts it trusts nothing whose key anybody could have read.
package struct SimulatedAuthority: Sendable {
    /// Its own certificate, in PEM: what a client must trust.
    package let certificate: String
    private let rightful: NIOSSLContext
    private let faulty: [Fault.Handshake: NIOSSLContext]

    /// Makes the keys and certificates, for `localhost` and the loopback addresses. Throws what the libraries below throw.
    package init() throws {
        let authority = try Issuer(named: "Provider simulator")
        let own = try authority.leaf(Self.loopback)
        certificate = try authority.certificate.serializeAsPEM().pemString
        rightful = try own.context()
        faulty = [
            .expired: try authority.leaf(Self.loopback, daysLeft: -1).context(),
            .wrongHost: try authority.leaf([.dnsName("elsewhere.example")]).context(),
            .selfSigned: try Issuer(named: "localhost", hosts: Self.loopback).leaf.context(),
            .oldVersion: try own.context(newest: .tlsv11),
        ]
    }

    /// Nil where no TLS is spoken.
    func context(for handshake: Fault.Handshake?) -> NIOSSLContext? {
        guard let handshake else { return rightful }
        return faulty[handshake]
    }

    private static let loopback: [GeneralName] = [
        .dnsName("localhost"), .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
        .ipAddress(ASN1OctetString(contentBytes: Array(repeating: 0, count: 15) + [1])),
    ]
}

/// Who signs certificates, beginning with its own.
private struct Issuer {
    let certificate: Certificate
    private let name: DistinguishedName
    private let key = P256.Signing.PrivateKey()

    init(named name: String, hosts: [GeneralName] = []) throws {
        self.name = try DistinguishedName { CommonName(name) }
        certificate = try Self.certificate(
            of: key.publicKey, self.name, signedBy: (self.name, key), daysLeft: 30,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                if !hosts.isEmpty { SubjectAlternativeNames(hosts) }
            })
    }

    /// Itself, as a server's certificate.
    var leaf: Leaf { Leaf(certificate: certificate, key: key) }

    func leaf(_ hosts: [GeneralName], daysLeft: Int = 30) throws -> Leaf {
        let key = P256.Signing.PrivateKey()
        let certificate = try Self.certificate(
            of: key.publicKey, DistinguishedName { CommonName("Simulated provider") }, signedBy: (name, self.key),
            daysLeft: daysLeft,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                SubjectAlternativeNames(hosts)
            })
        return Leaf(certificate: certificate, key: key)
    }

    private static func certificate(
        of key: P256.Signing.PublicKey, _ subject: DistinguishedName,
        signedBy issuer: (name: DistinguishedName, key: P256.Signing.PrivateKey), daysLeft: Int,
        extensions: Certificate.Extensions
    ) throws -> Certificate {
        let end = Date.now.addingTimeInterval(Double(daysLeft) * 86_400)
        return try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key),
            notValidBefore: end.addingTimeInterval(-60 * 86_400), notValidAfter: end, issuer: issuer.name,
            subject: subject, extensions: extensions, issuerPrivateKey: .init(issuer.key))
    }
}

/// A server's certificate and its key.
private struct Leaf {
    let certificate: Certificate
    let key: P256.Signing.PrivateKey

    func context(newest: TLSVersion? = nil) throws -> NIOSSLContext {
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        let chain = try NIOSSLCertificate(bytes: serializer.serializedBytes, format: .der)
        let key = try NIOSSLPrivateKey(bytes: Array(key.pemRepresentation.utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(chain)], privateKey: .privateKey(key))
        configuration.maximumTLSVersion = newest
        return try NIOSSLContext(configuration: configuration)
    }
}
