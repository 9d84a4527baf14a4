import Crypto
import FoundationEssentials
import SecretBytes

/// Seals records as a TLS 1.3 server does, from the text of RFC 8446 (sections 5.2, 5.3 and 7.3) and not from the opener's
/// code.
package struct RecordSealer: Sendable {
    package enum Suite: CaseIterable, Sendable {
        case aes128, aes256, chaCha

        package var secretBytes: Int { self == .aes256 ? 48 : 32 }
    }

    package struct Content: Sendable {
        package static let alert = Content(rawValue: 21)
        package static let handshake = Content(rawValue: 22)
        package static let data = Content(rawValue: 23)
        package var rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }
    }

    package let secret: [UInt8]
    private let suite: Suite
    private let key: SymmetricKey
    private let iv: [UInt8]
    private var sequence: UInt64

    /// The first record that it seals has the number `sequence`.
    package init(_ suite: Suite, sequence: UInt64 = 0) {
        self.suite = suite
        self.sequence = sequence
        secret = Array(0..<UInt8(suite.secretBytes))
        let keyBytes: UInt8 = suite == .aes128 ? 16 : 32
        // struct HkdfLabel: uint16 length; opaque label<7..255>; opaque context<0..255>.
        let keyInfo: [UInt8] = [0, keyBytes, 9] + Array("tls13 key".utf8) + [0]
        let ivInfo: [UInt8] = [0, 12, 8] + Array("tls13 iv".utf8) + [0]
        let from = SymmetricKey(data: secret)
        func expand(_ info: [UInt8], _ count: UInt8) -> SymmetricKey {
            suite == .aes256
                ? HKDF<SHA384>.expand(pseudoRandomKey: from, info: info, outputByteCount: Int(count))
                : HKDF<SHA256>.expand(pseudoRandomKey: from, info: info, outputByteCount: Int(count))
        }
        key = expand(keyInfo, keyBytes)
        iv = unsafe expand(ivInfo, 12).withUnsafeBytes { unsafe Array($0) }
    }

    package mutating func seal(_ text: String, padding: Int = 0) -> [UInt8] {
        seal(.data, Array(text.utf8), padding: padding)
    }

    /// The plaintext is made and wiped here, so that it stays nowhere.
    package mutating func seal(_ content: Content, _ bytes: [UInt8], padding: Int = 0) -> [UInt8] {
        var inner: [UInt8] = []
        inner.reserveCapacity(bytes.count + 1 + padding)
        inner += bytes
        inner.append(content.rawValue)
        inner += repeatElement(0, count: padding)
        defer { unsafe inner.withUnsafeMutableBytes { unsafe wipe($0) } }
        return seal(inner: inner)
    }

    /// `inner` is the content, its type and the padding, right or wrong.
    package mutating func seal(inner: [UInt8]) -> [UInt8] {
        let length = inner.count + 16
        let header: [UInt8] = [23, 3, 3, UInt8(length >> 8), UInt8(length & 0xFF)]
        var number = Array(repeating: UInt8(0), count: 4)
        for shift in (0..<8).reversed() { number.append(UInt8(sequence >> (8 * UInt64(shift)) & 0xFF)) }
        let nonce = zip(iv, number).map { $0 ^ $1 }
        sequence += 1
        do {
            switch suite {
            case .aes128, .aes256:
                let box = try AES.GCM.seal(
                    inner, using: key, nonce: AES.GCM.Nonce(data: nonce), authenticating: header)
                return header + box.ciphertext + box.tag
            case .chaCha:
                let box = try ChaChaPoly.seal(
                    inner, using: key, nonce: ChaChaPoly.Nonce(data: nonce), authenticating: header)
                return header + box.ciphertext + box.tag
            }
        } catch {
            preconditionFailure("\(error)")
        }
    }
}
