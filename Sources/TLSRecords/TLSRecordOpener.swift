import Crypto
import FoundationEssentials
package import NIOCore
package import SecretBytes
import WipedByteBuffers

/// Opens the records of a TLS 1.3 server (RFC 8446 section 5.2) with its traffic secret, from the middle of a connection
/// on: where a process has ended that had the rest of the connection's state.
package struct TLSRecordOpener {
    /// What cannot be opened: the connection is of no more use.
    package struct Broken: Error {
        package init() {}
    }

    /// How many records of the server may have come before the first that is seen: tickets, as a rule two.
    private static let mostMissed: UInt64 = 64
    private static let headerBytes = 5
    private static let mostRecordBytes = 1 << 14 + 256
    /// A type of content and the tag.
    private static let leastRecordBytes = 17

    private let candidates: [TrafficKey]
    /// So much may be passed over before the first record.
    private var rest: Int
    private var isAtRecord: Bool
    /// Known from the first record that opens.
    private var key: (TrafficKey, sequence: UInt64)?
    private var pending = ByteBuffer()
    /// The server has said that nothing more comes.
    package private(set) var isAtEnd = false
    /// Something came that cannot be opened; what was said before it stands.
    package private(set) var isBroken = false

    /// Nil if no cipher suite of TLS 1.3 has secrets of this length.
    ///
    /// `mayBeginInRecord`: the first bytes may be the rest of a record of which nobody has the beginning, such as a ticket
    /// that came in the segments of the handshake's end. It is passed over.
    package init?(_ trafficSecret: borrowing SecretBytes, mayBeginInRecord: Bool = false) {
        candidates = TrafficKey.all(of: trafficSecret)
        isAtRecord = !mayBeginInRecord
        rest = Self.headerBytes + Self.mostRecordBytes
        guard !candidates.isEmpty else { return nil }
    }

    /// Takes in bytes as they came, and gives what the server has said in them. It is for whoever gets it to wipe.
    package mutating func open(_ bytes: ByteBuffer) -> ByteBuffer {
        var opened = ByteBuffer()
        do {
            try open(bytes, into: &opened)
        } catch {
            isBroken = true
        }
        return opened
    }

    private mutating func open(_ bytes: ByteBuffer, into opened: inout ByteBuffer) throws(Broken) {
        pending.writeImmutableBuffer(bytes)
        if !isAtRecord { try seekRecord() }
        while isAtRecord, !isAtEnd, !isBroken,
            let length = pending.getInteger(at: pending.readerIndex + 3, as: UInt16.self).map({ Int($0) })
        {
            guard length <= Self.mostRecordBytes else { throw Broken() }
            guard let header = pending.getBytes(at: pending.readerIndex, length: Self.headerBytes),
                let body = pending.getBytes(at: pending.readerIndex + Self.headerBytes, length: length)
            else { break }
            pending.moveReaderIndex(forwardBy: Self.headerBytes + length)
            try take(body, header, into: &opened)
        }
        pending.discardReadBytes()
    }

    /// Goes to the first header of a record. What is encrypted looks like one once in some ten million bytes.
    private mutating func seekRecord() throws(Broken) {
        while !isAtRecord, let header = pending.getBytes(at: pending.readerIndex, length: Self.headerBytes) {
            let length = Int(header[3]) << 8 | Int(header[4])
            isAtRecord =
                header.starts(with: [23, 3, 3]) && (Self.leastRecordBytes...Self.mostRecordBytes).contains(length)
            guard !isAtRecord else { return }
            guard rest > 0 else { throw Broken() }
            rest -= 1
            pending.moveReaderIndex(forwardBy: 1)
        }
    }

    private mutating func take(_ body: [UInt8], _ header: [UInt8], into opened: inout ByteBuffer) throws(Broken) {
        guard var inner = content(of: body, header) else { throw Broken() }
        defer { unsafe inner.withUnsafeMutableBytes { unsafe wipe($0) } }
        guard let end = inner.lastIndex(where: { $0 != 0 }) else { throw Broken() }
        let content = inner[inner.startIndex..<end]
        switch inner[end] {
        case 23:
            // With room for all of it: a buffer that grows would leave a copy behind.
            var grown = ByteBufferAllocator().buffer(capacity: opened.readableBytes + content.count)
            grown.writeImmutableBuffer(opened)
            grown.writeBytes(content)
            opened.wipeShared()
            opened = grown
        case 22:
            // Tickets for other connections. A change of keys is made by no server in so short a life.
            guard content.first == 4 else { throw Broken() }
        case 21:
            guard content.last == 0 else { throw Broken() }
            isAtEnd = true
        default: throw Broken()
        }
    }

    private mutating func content(of body: [UInt8], _ header: [UInt8]) -> Data? {
        if let (key, sequence) = key {
            self.key = (key, sequence + 1)
            return key.open(body, header, sequence: sequence)
        }
        for candidate in candidates {
            for sequence in 0..<Self.mostMissed {
                guard let content = candidate.open(body, header, sequence: sequence) else { continue }
                key = (candidate, sequence + 1)
                return content
            }
        }
        return nil
    }
}

/// The key and the nonces of one direction (RFC 8446 sections 5.3 and 7.3).
private struct TrafficKey {
    private enum Cipher { case aesGCM, chaChaPoly }

    private static let tagBytes = 16
    private let cipher: Cipher
    private let key: SymmetricKey
    private let nonce: [UInt8]

    /// Of each cipher suite whose secrets have this length.
    static func all(of secret: borrowing SecretBytes) -> [TrafficKey] {
        secret.withBytes { bytes in
            let secret = unsafe bytes.withUnsafeBytes { unsafe SymmetricKey(data: $0) }
            switch bytes.count {
            case 32:
                return [
                    TrafficKey(.aesGCM, SHA256.self, secret, keyBytes: 16),
                    TrafficKey(.chaChaPoly, SHA256.self, secret, keyBytes: 32),
                ]
            case 48: return [TrafficKey(.aesGCM, SHA384.self, secret, keyBytes: 32)]
            default: return []
            }
        }
    }

    private init<Hash: HashFunction>(_ cipher: Cipher, _: Hash.Type, _ secret: SymmetricKey, keyBytes: Int) {
        self.cipher = cipher
        key = Self.expand(Hash.self, secret, "key", keyBytes)
        nonce = unsafe Self.expand(Hash.self, secret, "iv", 12).withUnsafeBytes { unsafe Array($0) }
    }

    /// HKDF-Expand-Label with an empty context.
    private static func expand<Hash: HashFunction>(
        _: Hash.Type, _ secret: SymmetricKey, _ label: String, _ count: Int
    ) -> SymmetricKey {
        let label = Array("tls13 \(label)".utf8)
        let info = [UInt8(count >> 8), UInt8(count & 0xFF), UInt8(label.count)] + label + [0]
        return HKDF<Hash>.expand(pseudoRandomKey: secret, info: info, outputByteCount: count)
    }

    func open(_ body: [UInt8], _ header: [UInt8], sequence: UInt64) -> Data? {
        guard body.count >= Self.tagBytes else { return nil }
        var nonce = nonce
        for (index, shift) in stride(from: 56, through: 0, by: -8).enumerated() {
            nonce[nonce.count - 8 + index] ^= UInt8(truncatingIfNeeded: sequence >> UInt64(shift))
        }
        let (text, tag) = (body.dropLast(Self.tagBytes), body.suffix(Self.tagBytes))
        switch cipher {
        case .aesGCM:
            guard let nonce = try? AES.GCM.Nonce(data: nonce),
                let box = try? AES.GCM.SealedBox(nonce: nonce, ciphertext: text, tag: tag)
            else { return nil }
            return try? AES.GCM.open(box, using: key, authenticating: header)
        case .chaChaPoly:
            guard let nonce = try? ChaChaPoly.Nonce(data: nonce),
                let box = try? ChaChaPoly.SealedBox(nonce: nonce, ciphertext: text, tag: tag)
            else { return nil }
            return try? ChaChaPoly.open(box, using: key, authenticating: header)
        }
    }
}
