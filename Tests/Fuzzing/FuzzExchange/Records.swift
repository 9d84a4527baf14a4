import Crypto
import NIOCore
import SecretBytes
import TokenEndpoint

/// The bytes as they come from a socket. The first one chooses the secret's length and the size of the pieces.
func exerciseOpener(asReceived bytes: [UInt8]) {
    guard let choice = bytes.first else { return }
    let secret = trafficSecret(choice % 2 == 0 ? 32 : 48)
    _ = opened(Array(bytes.dropFirst()), secret, pieces: Int(choice >> 1) + 1)
}

/// What a server says, sealed as it would be. The first byte chooses the cipher suite, the second how many records came
/// before, the third the size of the pieces in which they come. The rest are records: the length in one byte, then the
/// inner plaintext with its type (RFC 8446 section 5.2), of which most types are made to be application data.
func exerciseOpener(saying bytes: [UInt8]) {
    guard bytes.count > 3 else { return }
    let suite = CipherSuite.allCases[Int(bytes[0]) % CipherSuite.allCases.count]
    let secret = trafficSecret(suite.secretBytes)
    let sealer = Sealer(suite, secret)
    var sequence = UInt64(bytes[1] % 64)
    var (stream, rest) = ([UInt8](), bytes.dropFirst(3))
    /// What is to be said in the end; nil: it cannot be opened.
    var (expected, isAtEnd): ([UInt8]?, Bool) = ([], false)
    while let length = rest.popFirst() {
        var inner = Array(rest.prefix(Int(length)))
        rest = rest.dropFirst(Int(length))
        if let type = inner.last, type % 4 == 0, type != 0 { inner[inner.count - 1] = 23 }
        stream += sealer.seal(inner, sequence: sequence)
        sequence += 1
        if !isAtEnd { (expected, isAtEnd) = said(after: expected, by: inner) }
    }
    let result = opened(stream, secret, pieces: Int(bytes[2]) * 8 + 1)
    precondition(result?.said == expected)
    if let result { precondition(result.isAtEnd == isAtEnd) }
}

/// What has been said when this has been said as well, by the words of RFC 8446; nil once it cannot be read.
private func said(after before: [UInt8]?, by inner: [UInt8]) -> (said: [UInt8]?, isAtEnd: Bool) {
    guard let before, let end = inner.lastIndex(where: { $0 != 0 }) else { return (nil, false) }
    let content = inner[..<end]
    switch inner[end] {
    case 23: return (before + content, false)
    // Tickets.
    case 22: return (content.first == 4 ? before : nil, false)
    // Its end, and nothing that went wrong.
    case 21: return content.last == 0 ? (before, true) : (nil, false)
    default: return (nil, false)
    }
}

/// What is opened of it, which must not depend on the pieces in which it comes; nil if it breaks.
private func opened(_ bytes: [UInt8], _ secret: [UInt8], pieces: Int) -> (said: [UInt8], isAtEnd: Bool)? {
    let whole = openedInPieces(bytes, secret, of: max(1, bytes.count))
    let inPieces = openedInPieces(bytes, secret, of: pieces)
    precondition(whole?.said == inPieces?.said && whole?.isAtEnd == inPieces?.isAtEnd)
    return whole
}

private func openedInPieces(_ bytes: [UInt8], _ secret: [UInt8], of size: Int) -> (said: [UInt8], isAtEnd: Bool)? {
    guard var opener = TLSRecordOpener(SecretBytes(copying: secret.span)) else { preconditionFailure() }
    var said: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
        let piece = ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)])
        said += opener.open(piece).readableBytesView
        if opener.isBroken { return nil }
    }
    return (said, opener.isAtEnd)
}

private func trafficSecret(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0) } }

private enum CipherSuite: CaseIterable {
    case aes128, chaCha20, aes256

    var secretBytes: Int { self == .aes256 ? 48 : 32 }
}

/// The server's side of the connection (RFC 8446 sections 5.2, 5.3 and 7.3).
private struct Sealer {
    private let suite: CipherSuite
    private let key: SymmetricKey
    private let nonce: [UInt8]

    init(_ suite: CipherSuite, _ secret: [UInt8]) {
        self.suite = suite
        func expand(_ label: String, _ count: Int) -> SymmetricKey {
            let info = [0, UInt8(count), UInt8(label.utf8.count + 6)] + Array("tls13 \(label)".utf8) + [0]
            let secret = SymmetricKey(data: secret)
            return suite == .aes256
                ? HKDF<SHA384>.expand(pseudoRandomKey: secret, info: info, outputByteCount: count)
                : HKDF<SHA256>.expand(pseudoRandomKey: secret, info: info, outputByteCount: count)
        }
        key = expand("key", suite == .aes128 ? 16 : 32)
        nonce = unsafe expand("iv", 12).withUnsafeBytes { unsafe Array($0) }
    }

    func seal(_ inner: [UInt8], sequence: UInt64) -> [UInt8] {
        let length = inner.count + 16
        let header: [UInt8] = [23, 3, 3, UInt8(length >> 8), UInt8(length & 0xFF)]
        var nonce = nonce
        for byte in 0..<8 { nonce[11 - byte] ^= UInt8(truncatingIfNeeded: sequence >> UInt64(byte * 8)) }
        do {
            if suite == .chaCha20 {
                let box = try ChaChaPoly.seal(
                    inner, using: key, nonce: ChaChaPoly.Nonce(data: nonce), authenticating: header)
                return header + box.ciphertext + box.tag
            }
            let box = try AES.GCM.seal(inner, using: key, nonce: AES.GCM.Nonce(data: nonce), authenticating: header)
            return header + box.ciphertext + box.tag
        } catch {
            preconditionFailure("\(error)")
        }
    }
}
