import NIOCore
import RecordSealing
import SecretBytes
import TLSRecords

/// The bytes as they come from a socket. The first one chooses the secret's length, whether they may begin in a record, and
/// the size of the pieces.
func exerciseOpener(asReceived bytes: [UInt8]) {
    guard let choice = bytes.first else { return }
    let sealer = RecordSealer(choice % 2 == 0 ? .aes128 : .aes256)
    _ = opened(Array(bytes.dropFirst()), sealer.secret, mayBeginInRecord: choice & 2 != 0, pieces: Int(choice >> 2) + 1)
}

/// What a server says, sealed as it would be. The first byte chooses the cipher suite, the second how many records came
/// before, the third the size of the pieces in which they come. The rest are records: the length in one byte, then the
/// inner plaintext with its type (RFC 8446 section 5.2), of which most types are made to be application data.
func exerciseOpener(saying bytes: [UInt8]) {
    guard bytes.count > 3 else { return }
    let suites = RecordSealer.Suite.allCases
    var sealer = RecordSealer(suites[Int(bytes[0]) % suites.count], sequence: UInt64(bytes[1] % 64))
    var (stream, rest) = ([UInt8](), bytes.dropFirst(3))
    /// What is to be said in the end; nil: it cannot be opened.
    var (expected, isAtEnd): ([UInt8]?, Bool) = ([], false)
    while let length = rest.popFirst() {
        var inner = Array(rest.prefix(Int(length)))
        rest = rest.dropFirst(Int(length))
        if let type = inner.last, type % 4 == 0, type != 0 { inner[inner.count - 1] = 23 }
        stream += sealer.seal(inner: inner)
        if !isAtEnd { (expected, isAtEnd) = said(after: expected, by: inner) }
    }
    let result = opened(stream, sealer.secret, pieces: Int(bytes[2]) * 8 + 1)
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
private func opened(
    _ bytes: [UInt8], _ secret: [UInt8], mayBeginInRecord: Bool = false, pieces: Int
) -> (said: [UInt8], isAtEnd: Bool)? {
    func opened(inPiecesOf size: Int) -> (said: [UInt8], isAtEnd: Bool)? {
        let secret = SecretBytes(copying: secret.span)
        guard var opener = TLSRecordOpener(secret, mayBeginInRecord: mayBeginInRecord) else { preconditionFailure() }
        var said: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)])
            said += opener.open(piece).readableBytesView
            if opener.isBroken { return nil }
        }
        return (said, opener.isAtEnd)
    }
    let whole = opened(inPiecesOf: max(1, bytes.count))
    let inPieces = opened(inPiecesOf: pieces)
    precondition(whole?.said == inPieces?.said && whole?.isAtEnd == inPieces?.isAtEnd)
    return whole
}
