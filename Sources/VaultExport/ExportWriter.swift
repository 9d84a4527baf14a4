internal import Crypto
internal import FoundationEssentials
internal import SecretBytes

/// Seals records, chunk by chunk, so that no more than one chunk and one record are ever in the clear outside the vault.
package struct ExportWriter: ~Copyable {
    private let key: SymmetricKey
    /// What is not sealed yet.
    private var open = SecretBuffer(minimumCapacity: ExportFormat.chunkBytes)
    private var lines: [String]

    /// `salt` are 32 unpredictable bytes, other ones for each export.
    package init(key: borrowing ExportKey, salt: [UInt8]) {
        precondition(salt.count == ExportFormat.saltBytes)
        self.key = key.derived(salt: salt)
        lines = ["\(ExportFormat.magic)\(ExportFormat.version) \(Self.base64(salt.span))"]
    }

    /// Adds a record. Key and payload are no longer than the vault takes them: 255 bytes and 256 KiB.
    package mutating func append(kind: UInt8, key: Span<UInt8>, payload: Span<UInt8>) {
        precondition(key.count <= Int(UInt8.max) && payload.count <= ExportFormat.maximumPayloadBytes)
        open.append(kind)
        open.append(UInt8(key.count))
        for shift in stride(from: 0, to: 32, by: 8) { open.append(UInt8(truncatingIfNeeded: payload.count >> shift)) }
        open.append(key)
        open.append(payload)
        // Not the last one, as more than a chunk is there.
        while open.count > ExportFormat.chunkBytes {
            seal(ExportFormat.chunkBytes, isLast: false)
        }
    }

    /// The export, line by line, without line ends.
    package consuming func finish() -> [String] {
        seal(open.count, isLast: true)
        return lines
    }

    private mutating func seal(_ count: Int, isLast: Bool) {
        let nonce = ExportFormat.nonce(ofChunk: UInt64(lines.count - 1), isLast: isLast)
        let line = open.withBytes { bytes in
            unsafe bytes.extracting(first: count).withUnsafeBytes { chunk in
                // It fails only for a nonce of another length, or more than 2^38 bytes.
                guard let nonce = try? ChaChaPoly.Nonce(data: nonce),
                    let box = try? unsafe ChaChaPoly.seal(chunk, using: key, nonce: nonce)
                else { preconditionFailure("a chunk cannot be sealed") }
                return Self.base64(Array(box.ciphertext + box.tag).span)
            }
        }
        lines.append(line)
        open.removeFirst(count)
    }

    private static func base64(_ bytes: Span<UInt8>) -> String {
        var text = SecretBuffer(minimumCapacity: (bytes.count + 2) / 3 * 4)
        Base64.encode(bytes, into: &text)
        return text.withBytes { unsafe $0.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) } }
    }
}
