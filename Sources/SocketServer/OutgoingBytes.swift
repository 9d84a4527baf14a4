internal import NIOCore
internal import SecretBytes
internal import WipedByteBuffers

/// What one connection has given to NIO and the kernel has not taken yet: kept in order to be overwritten once it is
/// sent.
struct OutgoingBytes {
    private var unsent: [ByteBuffer] = []
    private var unsentBytes = 0
    /// Memory in use.
    private(set) var held = 0

    /// To be told of each buffer before it is written.
    mutating func willWrite(_ buffer: ByteBuffer) {
        unsent.append(buffer)
        unsentBytes += buffer.readableBytes
        held += buffer.capacity
    }

    /// Overwrites the buffers that are sent whole, when NIO says that it still has `buffered` bytes. One of them goes
    /// to `spares`.
    mutating func release(allBut buffered: Int, spares: SpareBuffers) {
        var sent = 0
        while sent < unsent.count, unsentBytes - unsent[sent].readableBytes >= buffered {
            unsentBytes -= unsent[sent].readableBytes
            held -= unsent[sent].capacity
            unsent[sent].wipeShared()
            sent += 1
        }
        guard sent > 0 else { return }
        let last = unsent[sent - 1]
        unsent.removeFirst(sent)
        spares.keep(last)
    }
}

/// The buffers that all connections of one event loop share, for they are empty between its events.
final class SpareBuffers {
    /// A larger one is given back.
    private static let largestKept = 64 << 10

    /// Where answers are made.
    var answers = SecretBuffer()
    private var spare: ByteBuffer?

    /// Moves ``answers`` but for the first `sent` bytes into a buffer for NIO.
    func takeAnswers(after sent: Int, _ allocator: ByteBufferAllocator) -> ByteBuffer {
        let rest = answers.count - sent
        var buffer = spare.take() ?? allocator.buffer(capacity: rest)
        buffer.clear(minimumCapacity: rest)
        answers.withBytes { bytes in
            _ = unsafe bytes.extracting(sent...).withUnsafeBytes { unsafe buffer.writeBytes($0) }
        }
        dropAnswers()
        return buffer
    }

    /// Overwrites ``answers``.
    func dropAnswers() {
        answers.removeAll(keepingAtMost: Self.largestKept)
    }

    /// Keeps a buffer, already overwritten, for the next answer.
    func keep(_ buffer: ByteBuffer) {
        if buffer.capacity <= Self.largestKept { spare = buffer }
    }
}
