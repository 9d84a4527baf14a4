import NIOCore
import NIOEmbedded
import SecretBytes
import Testing

@testable import CallbackServer

@Suite("What passes to the HTTP decoder")
struct RequestHeadFilterTests {
    struct Row: Sendable {
        let head: String
        let passed: String
        let query: String
    }

    static let rows = [
        Row(head: "GET /a?b=c&d HTTP/1.1\r\nH: i\r\n\r\n", passed: "GET /a HTTP/1.1\r\nH: i\r\n\r\n", query: "b=c&d"),
        Row(head: "GET /a HTTP/1.1\r\n\r\n", passed: "GET /a HTTP/1.1\r\n\r\n", query: ""),
        Row(head: "GET /a? HTTP/1.1\r\n\r\n", passed: "GET /a HTTP/1.1\r\n\r\n", query: ""),
        Row(head: "GET /a?b?c HTTP/1.1\n\n", passed: "GET /a HTTP/1.1\n\n", query: "b?c"),
        Row(head: "\r\n\n\rGET /a?b HTTP/1.1\r\n\r\n", passed: "GET /a HTTP/1.1\r\n\r\n", query: "b"),
        Row(head: "GET /a?b c d HTTP/1.1\r\n\r\n", passed: "GET /a HTTP/1.1\r\n\r\n", query: "b c d"),
        Row(head: "GET /a?bcd\r\n\r\n", passed: "GET /a\r\n\r\n", query: "bcd"),
        Row(
            head: "GET /a HTTP/1.1\r\nReferer: /?x\r\n\r\n", passed: "GET /a HTTP/1.1\r\nReferer: /?x\r\n\r\n",
            query: ""),
        Row(head: "? ?\n\n", passed: " ?\n\n", query: ""),
        Row(head: "?\n\n", passed: "\n\n", query: ""),
    ]

    @Test("The query is taken out, and everything else passes, however the bytes are divided", arguments: rows)
    func queries(_ row: Row) {
        for size in [1, 2, 3, 7, 1000] {
            var filter = RequestHeadFilter(limit: 1000)
            var passed: [UInt8] = []
            var rest = Array((row.head + "body?x").utf8)[...]
            while !rest.isEmpty {
                _ = filter.read(Array(rest.prefix(size)).span, into: &passed)
                rest = rest.dropFirst(size)
            }
            #expect(String(decoding: passed, as: UTF8.self) == row.passed)
            #expect(text(of: filter.takeQuery()) == row.query)
            #expect(text(of: filter.takeQuery()).isEmpty)
        }
    }

    @Test("The end is known at its byte, and a head that is too long at the first byte too many")
    func progress() {
        let head = Array("GET /?a HTTP/1.1\r\nB: c\r\n\r\n".utf8)
        for limit in [head.count, head.count - 1] {
            var filter = RequestHeadFilter(limit: limit)
            var passed: [UInt8] = []
            for byte in head.dropLast() { #expect(filter.read([byte].span, into: &passed) == .incomplete) }
            #expect(filter.read([0x0A].span, into: &passed) == (limit == head.count ? .complete : .tooLarge))
            let count = passed.count
            #expect(filter.read(head.span, into: &passed) != .incomplete)
            #expect(passed.count == count)
        }
    }

    @Test("The buffer that a request came in is overwritten, even if the channel still holds it")
    func wiping() throws {
        let channel = EmbeddedChannel()
        let query = WithheldQuery(limits: CallbackLimits())
        try channel.pipeline.syncOperations.addHandler(RequestHeadHandler(query))
        let received = ByteBuffer(string: "GET /callback?code=secret&state=s HTTP/1.1\r\n\r\nafterwards")
        try channel.writeInbound(received)
        #expect(received.readableBytesView.allSatisfy { $0 == 0 })
        #expect(
            try channel.readInbound(as: ByteBuffer.self).map { String(buffer: $0) } == "GET /callback HTTP/1.1\r\n\r\n")
        #expect(text(of: query.take()) == "code=secret&state=s")
        let later = ByteBuffer(string: "GET /callback?code=more HTTP/1.1\r\n\r\n")
        try channel.writeInbound(later)
        #expect(later.readableBytesView.allSatisfy { $0 == 0 })
        #expect(try channel.readInbound(as: ByteBuffer.self) == nil)
        _ = try channel.finish()
    }
}
