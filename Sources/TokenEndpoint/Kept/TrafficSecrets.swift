import NIOCore
import SecretBytes
import Synchronization
import WipedByteBuffers

/// Takes the servers' traffic secrets from the TLS library as handshakes yield them, in the lines of the SSLKEYLOGFILE
/// format; nothing of them is written anywhere.
///
/// A connection takes its own in the same turn of the event loop in which its handshake ends.
final class TrafficSecrets: Sendable {
    private static let label = Array("SERVER_TRAFFIC_SECRET_0 ".utf8)
    private let latest = Mutex<SecretBytes?>(nil)

    /// One line; its buffer is wiped. Others than TLS 1.3 has are passed over.
    func note(_ line: ByteBuffer) {
        defer { line.wipeShared() }
        let bytes = line.readableBytesView
        guard bytes.starts(with: Self.label), let space = bytes.lastIndex(of: UInt8(ascii: " ")) else { return }
        var secret = SecretBuffer(minimumCapacity: 64)
        var high: UInt8?
        for byte in bytes[bytes.index(after: space)...] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue.map({ UInt8($0) }) else { break }
            if let first = high.take() { secret.append(first << 4 | digit) } else { high = digit }
        }
        latest.withLock { $0 = secret.bytes() }
    }

    /// The last one, once; empty if there is none.
    func take() -> SecretBytes {
        var taken: SecretBytes?
        latest.withLock { taken = $0.take() }
        return taken ?? SecretBytes(utf8: "")
    }
}
