import NIOCore
import NIOEmbedded
import Testing

@testable import SocketServer

@Suite("Buffers")
struct BufferTests {
    @Test("A buffer is overwritten as soon as it is sent whole, though others behind it are not sent yet")
    func outgoing() {
        var outgoing = OutgoingBytes()
        let spares = SpareBuffers()
        let buffers = (0..<4).map { ByteBuffer(repeating: UInt8(ascii: "0") + UInt8($0), count: 100) }
        for buffer in buffers { outgoing.willWrite(buffer) }
        func wiped() -> [Bool] { buffers.map { $0.readableBytesView.allSatisfy { $0 == 0 } } }
        outgoing.release(allBut: 400, spares: spares)
        #expect(wiped() == [false, false, false, false])
        outgoing.release(allBut: 201, spares: spares)
        #expect(wiped() == [true, false, false, false])
        outgoing.release(allBut: 100, spares: spares)
        #expect(wiped() == [true, true, true, false])
        outgoing.release(allBut: 0, spares: spares)
        #expect(wiped() == [true, true, true, true])
        #expect(outgoing.held == 0)
    }

    @Test("A reader that always leaves something unread makes nothing pile up")
    func steadyReader() {
        var outgoing = OutgoingBytes()
        let spares = SpareBuffers()
        for _ in 0..<10_000 {
            outgoing.willWrite(ByteBuffer(repeating: 1, count: 100))
            outgoing.release(allBut: 150, spares: spares)
            #expect(outgoing.held <= 300)
        }
    }

    @Test("Lines come one by one, and a line too long is known before its end")
    func lines() {
        var buffer = LineBuffer()
        func append(_ text: String) { buffer.append(Array(text.utf8).span) }
        func next() -> String {
            switch buffer.next(limit: 5) {
            case .complete(let line): return text(of: line)
            case .unfinished: return "unfinished"
            case .tooLong: return "too long"
            }
        }
        func text(of line: Range<Int>) -> String {
            var text = ""
            buffer.withBytes(line) { bytes in
                for index in bytes.indices { text.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
            }
            return text
        }
        append("ab\n\ncd")
        #expect(next() == "ab")
        #expect(next() == "")
        #expect(next() == "unfinished")
        buffer.dropTaken()
        append("efg\nhijkl")
        #expect(next() == "cdefg")
        #expect(next() == "unfinished")
        #expect(text(of: buffer.rest()) == "hijkl")
        let isEmpty = buffer.isEmpty
        #expect(isEmpty)
        append("123456")
        #expect(next() == "too long")
        append("\n")
        #expect(next() == "too long")
    }

    @Test("The short line behind a long one does not keep the memory of the long one")
    func memory() {
        var buffer = LineBuffer()
        buffer.append(([UInt8](repeating: 65, count: 1 << 20) + [10, 65]).span)
        let heldBefore = buffer.held
        #expect(heldBefore > 1 << 20)
        _ = buffer.next(limit: 1 << 20)
        buffer.dropTaken()
        let (count, held) = (buffer.count, buffer.held)
        #expect(count == 1)
        #expect(held == 0)
    }

    @Test("A socket that NIO empties after a failed write is not read for as long as the peer fills it")
    func endlessReading() throws {
        let channel = EmbeddedChannel()
        let limits = SocketLimits()
        let handler = LineChannelHandler<TestService>(
            uid: 0, limits: limits, registry: ConnectionRegistry(limits: limits))
        try channel.pipeline.syncOperations.addHandler(handler)
        let caller = PeerCredentials(uid: 0, gid: 0, groups: [], pid: 0)
        handler.serve(TestService(), caller, on: channel.embeddedEventLoop)
        channel.connect(to: try SocketAddress(unixDomainSocketPath: "s"), promise: nil)
        for _ in 0..<3 {
            channel.pipeline.fireChannelRead(ByteBuffer(string: "x"))
            channel.pipeline.fireChannelReadComplete()
        }
        channel.pipeline.fireChannelRead(ByteBuffer(string: "x"))
        #expect(channel.isActive)
        channel.pipeline.fireChannelRead(ByteBuffer(string: "x"))
        #expect(!channel.isActive)
    }
}
