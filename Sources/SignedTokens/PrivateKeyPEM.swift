internal import SecretBytes

/// The textual form of a private key (RFC 7468 section 10, and PKCS #1's).
enum PrivateKeyPEM {
    /// The longest text that is looked at, in bytes.
    static let maximumLength = 32_768

    /// The DER inside of the first block, which must be the only one.
    static func der(_ pem: Span<UInt8>) throws(AssertionError) -> SecretBytes {
        guard pem.count <= maximumLength else { throw .privateKey }
        let labels: [(StaticString, StaticString)] = [
            ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"),
            ("-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"),
        ]
        for (begin, end) in labels {
            guard let start = offset(of: begin, in: pem), let stop = offset(of: end, in: pem) else { continue }
            let first = start + begin.utf8CodeUnitCount
            var der = SecretBuffer(minimumCapacity: pem.count)
            guard first <= stop, Base64.decode(pem.extracting(first..<stop), into: &der), !der.isEmpty else {
                throw .privateKey
            }
            return der.bytes()
        }
        throw .privateKey
    }

    private static func offset(of part: StaticString, in text: Span<UInt8>) -> Int? {
        part.withUTF8Buffer { part in
            let part = unsafe part.span
            guard text.count >= part.count else { return nil }
            return (0...(text.count - part.count)).first { start in
                part.indices.allSatisfy { text[start + $0] == part[$0] }
            }
        }
    }
}
