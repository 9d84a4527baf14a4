internal import Crypto
internal import FoundationEssentials
package import SecretBytes

/// What writer and reader agree on; FORMAT.md says it in words.
enum ExportFormat {
    static let version = "1"
    /// How the first line begins, up to the salt.
    static let magic = "purser-export/"
    static let saltBytes = 32
    /// Plaintext of each chunk but the last.
    static let chunkBytes = 64 << 10
    static let tagBytes = 16
    /// Kind, length of the key, length of the payload.
    static let recordHeaderBytes = 6
    /// As in the vault: 256 KiB.
    static let maximumPayloadBytes = 256 << 10

    /// The nonce of a chunk: its number, the highest byte first, and whether it is the last (the STREAM construction of
    /// Hoang, Reyhanitabar, Rogaway and Vizár 2015, as age has it). The key is one file's own, so none is used twice.
    static func nonce(ofChunk number: UInt64, isLast: Bool) -> [UInt8] {
        [0, 0, 0] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) } + [isLast ? 1 : 0]
    }
}

/// What exports are sealed with: any secret of at least 32 unpredictable bytes.
package struct ExportKey: ~Copyable, Sendable {
    /// Fewer could be guessed.
    package static let minimumBytes = 32

    private let secret: SymmetricKey

    /// Copies the secret into memory that is wiped when the key dies.
    package init(_ secret: borrowing SecretBytes) throws(ExportError) {
        guard secret.count >= Self.minimumBytes else { throw .keyTooShort(secret.count) }
        self.secret = secret.withBytes { bytes in
            unsafe bytes.withUnsafeBytes { unsafe SymmetricKey(data: $0) }
        }
    }

    /// The key of one file (HKDF, RFC 5869, with SHA-256).
    borrowing func derived(salt: [UInt8]) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret, salt: salt, info: Array("\(ExportFormat.magic)\(ExportFormat.version)".utf8),
            outputByteCount: 32)
    }
}
