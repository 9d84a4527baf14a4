import NIOCore
import NIOHTTP1
import OAuth
import SecretBytes
import WipedByteBuffers

/// An answer as it comes in, up to its greatest length; the bytes are wiped where they came from.
struct AnswerGatherer: ~Copyable {
    /// The answer's body is longer than allowed.
    struct BodyTooLarge: Error {}

    private let maximumBodyLength: Int
    private var head: HTTPResponseHead?
    private var body = SecretBuffer(minimumCapacity: 4096)

    init(maximumBodyLength: Int) {
        self.maximumBodyLength = maximumBodyLength
    }

    mutating func take(_ head: HTTPResponseHead) throws(BodyTooLarge) {
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length > maximumBodyLength {
            throw BodyTooLarge()
        }
        self.head = head
    }

    mutating func take(_ part: ByteBuffer) throws(BodyTooLarge) {
        defer { part.wipeShared() }
        guard body.count + part.readableBytes <= maximumBodyLength else { throw BodyTooLarge() }
        part.appendReadable(to: &body)
    }

    /// The answer, once it has come to its end.
    mutating func outcome() -> ProviderOutcome {
        guard let head else { return .failed(TransportFailure(.other, mayHaveBeenReceived: true)) }
        let taken = body.bytes()
        body.removeAll()
        return .answered(
            ProviderResponse(
                status: Int(head.status.code), retryAfter: head.field("retry-after"), date: head.field("date"),
                contentType: head.field("content-type"), body: taken))
    }
}

extension HTTPResponseHead {
    /// The first field of this name, if it is at most 1 KiB.
    fileprivate func field(_ name: String) -> String? {
        headers.first(name: name).flatMap { $0.utf8.count <= 1024 ? $0 : nil }
    }
}
