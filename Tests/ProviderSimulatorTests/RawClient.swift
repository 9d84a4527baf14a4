import NIOCore
import NIOPosix

/// A client that knows bytes and how a connection ends, and of HTTP only where an answer is complete.
enum RawClient {
    /// How long to listen.
    enum Goal: Sendable {
        /// Until so many answers are complete.
        case answers(Int)
        /// Until the server ends the connection.
        case end
    }

    enum End: Sendable, Equatable {
        /// The client had what it wanted.
        case open
        case closed
        case reset
    }

    struct Seen: Sendable {
        var bytes: [UInt8] = []
        var end = End.open

        var text: String { String(decoding: bytes, as: UTF8.self) }

        var status: Int? { text.split(separator: " ").dropFirst().first.flatMap { Int($0) } }

        /// What follows the first head.
        var body: String {
            text.firstRange(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? ""
        }

        var contentLength: Int? { HeadReader.contentLength(in: bytes[...])?.length }
    }

    /// Sends the text and returns what comes back.
    static func exchange(port: Int, _ text: String, until goal: Goal = .answers(1)) async throws -> Seen {
        let (stream, continuation) = AsyncStream.makeStream(of: Happening.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Listener(continuation))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        channel.writeAndFlush(channel.allocator.buffer(string: text), promise: nil)
        var seen = Seen()
        for await happening in stream {
            switch happening {
            case .bytes(let bytes): seen.bytes += bytes
            case .ended(let end): seen.end = end
            }
            if case .answers(let count) = goal, HeadReader.completeAnswers(in: seen.bytes) >= count { break }
        }
        channel.close(promise: nil)
        return seen
    }

    /// A POST of a form, as a client writes it.
    static func post(_ path: String, _ form: String, more: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nContent-Type: application/x-www-form-urlencoded\r\n\(more)"
            + "Content-Length: \(form.utf8.count)\r\n\r\n\(form)"
    }

    fileprivate enum Happening: Sendable {
        case bytes([UInt8])
        case ended(End)
    }

    private final class Listener: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let continuation: AsyncStream<Happening>.Continuation
        private var end = End.closed

        init(_ continuation: AsyncStream<Happening>.Continuation) {
            self.continuation = continuation
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            continuation.yield(.bytes(Array(unwrapInboundIn(data).readableBytesView)))
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            end = .reset
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            continuation.yield(.ended(end))
            continuation.finish()
        }
    }
}

/// Finds where answers end.
private enum HeadReader {
    static func completeAnswers(in bytes: [UInt8]) -> Int {
        var rest = bytes[...]
        var count = 0
        while let (head, length) = contentLength(in: rest), rest.count >= head + length {
            rest = rest.dropFirst(head + length)
            count += 1
        }
        return count
    }

    /// The bytes of the first head, and of the body that it announces.
    static func contentLength(in bytes: ArraySlice<UInt8>) -> (head: Int, length: Int)? {
        // Heads are short; the body may be long.
        let start = String(decoding: bytes.prefix(4096), as: UTF8.self)
        let lines = start.split(separator: "\r\n", omittingEmptySubsequences: false)
        guard let end = lines.firstIndex(of: "") else { return nil }
        let head = lines[..<end].reduce(2) { $0 + $1.utf8.count + 2 }
        let length = lines[..<end].compactMap { line -> Int? in
            let parts = line.split(separator: ": ", maxSplits: 1)
            return parts.first?.lowercased() == "content-length" ? parts.dropFirst().first.flatMap { Int($0) } : nil
        }
        return (head, length.first ?? 0)
    }
}
