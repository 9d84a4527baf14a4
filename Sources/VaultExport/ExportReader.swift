internal import Crypto
internal import FoundationEssentials
internal import SecretBytes

/// Opens what ``ExportWriter`` has sealed. Every byte of it comes from outside.
package enum ExportReader {
    /// Lends kind, key and payload of each record, in the order in which they were written.
    ///
    /// Nothing is lent before the whole text has been opened once: whoever reads from one that was cut short gets an
    /// error and no record.
    package static func read(
        _ text: Span<UInt8>, key: borrowing ExportKey,
        _ body: (_ kind: UInt8, _ key: Span<UInt8>, _ payload: Span<UInt8>) -> Void
    ) throws(ExportError) {
        let fileKey = key.derived(salt: try salt(of: text))
        let lines = try Lines(text)
        try records(text, lines.rest, fileKey) { _, _, _ in }
        try records(text, lines.rest, fileKey, body)
    }

    /// Where the chunks' lines are in a text; a line end behind the last is no line of its own. All but the last are of one
    /// length, so there are not more of them than the text is long.
    private struct Lines {
        private static let fullLength = (ExportFormat.chunkBytes + ExportFormat.tagBytes + 2) / 3 * 4
        var rest: [Range<Int>] = []

        init(_ text: Span<UInt8>) throws(ExportError) {
            var start = (text.indices.first { text[$0] == UInt8(ascii: "\n") } ?? text.count) + 1
            while start < text.count {
                let limit = min(text.count, start + Self.fullLength + 1)
                let end = (start..<limit).first { text[$0] == UInt8(ascii: "\n") } ?? limit
                rest.append(start..<end)
                guard end + 1 >= text.count || end - start == Self.fullLength else {
                    throw .cannotBeOpened(line: rest.count + 1)
                }
                start = end + 1
            }
        }
    }

    /// The salt in the first line, which tells exports apart.
    package static func salt(of text: Span<UInt8>) throws(ExportError) -> [UInt8] {
        let limit = min(text.count, 256)
        let end = (0..<limit).first { text[$0] == UInt8(ascii: "\n") } ?? text.count
        return try salt(text.extracting(0..<end))
    }

    private static func salt(_ line: Span<UInt8>) throws(ExportError) -> [UInt8] {
        guard line.count <= 256 else { throw .notAnExport }
        let words = unsafe line.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
            .split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 2, words[0].hasPrefix(ExportFormat.magic) else { throw .notAnExport }
        let version = words[0].dropFirst(ExportFormat.magic.count)
        guard version == ExportFormat.version else {
            // Shown to a person, so nothing but what a version looks like.
            throw version.utf8.allSatisfy({ (0x30...0x39).contains($0) }) && version.utf8.count <= 9
                ? .unsupportedVersion(String(version)) : .notAnExport
        }
        var salt = SecretBuffer()
        let text = SecretBytes(utf8: String(words[1]))
        guard text.withBytes({ Base64.decode($0, into: &salt) }), salt.count == ExportFormat.saltBytes else {
            throw .notAnExport
        }
        return salt.withBytes { bytes in bytes.indices.map { bytes[$0] } }
    }

    private static func records(
        _ text: Span<UInt8>, _ lines: [Range<Int>], _ key: SymmetricKey,
        _ body: (UInt8, Span<UInt8>, Span<UInt8>) -> Void
    ) throws(ExportError) {
        var plain = SecretBuffer(minimumCapacity: 2 * ExportFormat.chunkBytes)
        guard !lines.isEmpty else { throw .cannotBeOpened(line: 2) }
        for (number, line) in lines.enumerated() {
            let isLast = number == lines.count - 1
            guard open(text.extracting(line), number: UInt64(number), isLast: isLast, key, into: &plain) else {
                throw .cannotBeOpened(line: number + 2)
            }
            let taken = try plain.withBytes { bytes throws(ExportError) in try take(bytes, body) }
            plain.removeFirst(taken)
        }
        guard plain.isEmpty else { throw .malformed }
    }

    private static func open(
        _ line: Span<UInt8>, number: UInt64, isLast: Bool, _ key: SymmetricKey, into plain: inout SecretBuffer
    ) -> Bool {
        let limit = ExportFormat.chunkBytes + ExportFormat.tagBytes
        guard line.count <= (limit + 2) / 3 * 4 else { return false }
        var sealed = SecretBuffer(minimumCapacity: limit)
        guard Base64.decode(line, into: &sealed), sealed.count >= ExportFormat.tagBytes,
            isLast || sealed.count == limit,
            let nonce = try? ChaChaPoly.Nonce(data: ExportFormat.nonce(ofChunk: number, isLast: isLast))
        else { return false }
        return sealed.withBytes { bytes in
            unsafe bytes.withUnsafeBytes { bytes in
                let end = bytes.count - ExportFormat.tagBytes
                guard
                    let box = try? unsafe ChaChaPoly.SealedBox(
                        nonce: nonce, ciphertext: UnsafeRawBufferPointer(rebasing: bytes[..<end]),
                        tag: UnsafeRawBufferPointer(rebasing: bytes[end...])),
                    var chunk = try? ChaChaPoly.open(box, using: key)
                else { return false }
                unsafe chunk.withUnsafeMutableBytes { chunk in
                    unsafe plain.append(UnsafeRawBufferPointer(chunk).bindMemory(to: UInt8.self).span)
                    unsafe wipe(chunk)
                }
                return true
            }
        }
    }

    /// Lends the whole records at the front; gives how many bytes they are.
    private static func take(
        _ bytes: Span<UInt8>, _ body: (UInt8, Span<UInt8>, Span<UInt8>) -> Void
    ) throws(ExportError) -> Int {
        var start = 0
        while bytes.count - start >= ExportFormat.recordHeaderBytes {
            let keyLength = Int(bytes[start + 1])
            let payloadLength = (0..<4).reduce(0) { $0 | Int(bytes[start + 2 + $1]) << (8 * $1) }
            guard payloadLength <= ExportFormat.maximumPayloadBytes else { throw .malformed }
            let keyStart = start + ExportFormat.recordHeaderBytes
            let end = keyStart + keyLength + payloadLength
            guard end <= bytes.count else { break }
            body(
                bytes[start], bytes.extracting(keyStart..<keyStart + keyLength),
                bytes.extracting(keyStart + keyLength..<end))
            start = end
        }
        return start
    }
}
