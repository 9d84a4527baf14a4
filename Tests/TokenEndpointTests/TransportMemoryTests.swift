import Glibc
import NIOCore
import NIOPosix
import OAuth
import RecordSealing
import SecretBytes
import Testing
import TokenEndpoint

@Suite("What a request leaves in memory", .timeLimit(.minutes(1)))
struct TransportMemoryTests {
    @Test("After a request, no copy of its secrets is left in the process")
    func copies() async throws {
        // Nobody in this process reads what is sent: the kernel takes the connection, and the bytes.
        let listener = try await ServerBootstrap(group: ScriptedServer.group)
            .serverChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        let authorization = random()
        let body = random()
        let seen = try await withTransport { transport in
            Seen(
                await transport.send(
                    ProviderRequest(
                        method: .post, url: "http://127.0.0.1:\(port)/", authorization: authorization.copy(),
                        body: body.copy()),
                    timeout: .milliseconds(500)))
        }
        #expect(seen == .failed(.timeout, mayHaveBeenReceived: true))
        // One of each is the test's own.
        let authorizations = try copiesInMemory(of: authorization)
        #expect(authorizations == 1)
        let bodies = try copiesInMemory(of: body)
        #expect(bodies == 1)
        try await listener.close().get()
    }

    @Test("After an answer to another process's request, no copy of its secrets is left", arguments: [true, false])
    func keptAnswer(isEncrypted: Bool) async throws {
        let secret = random()
        var sealer = RecordSealer(.aes128)
        var records: [UInt8] = []
        // A buffer that grows would leave a copy behind.
        records.reserveCapacity(1 << 16)
        // In pieces of many sizes: freed memory is used again for others of the same size.
        for size in stride(from: 0, to: 4000, by: 400) {
            var piece: [UInt8] = []
            piece.reserveCapacity(128 + size)
            if size == 0 { piece += "HTTP/1.1 200 OK\r\nContent-Length: \(10 * 40 + 18_000)\r\n\r\n".utf8 }
            secret.withBytes { bytes in for index in bytes.indices { piece.append(bytes[index]) } }
            piece += repeatElement(UInt8(ascii: "-"), count: size)
            records += isEncrypted ? sealer.seal(.data, piece) : piece
            unsafe piece.withUnsafeMutableBytes { unsafe wipe($0) }
        }
        let name = ExchangeName(connectionID: "con_a", generation: 1, tokens: 5, isFirst: true, begunAt: 9)
        let shelf = ExchangeShelf()
        let server = try await HeldServer.start()
        let socket = try connectedSocket(to: server.port)
        shelf.put(name, socket: socket, key: isEncrypted ? sealer.secret : [], received: records)
        records = []
        let length = try await withTransport(keeper: shelf) { transport in
            guard case .answered(let response) = await transport.answer(to: name, timeout: .seconds(30)) else {
                return 0
            }
            return response.body.count
        }
        #expect(length == 10 * 40 + 18_000)
        shelf.forget(name)
        // The one is the test's own.
        let copies = try copiesInMemory(of: secret)
        #expect(copies == 1)
        await server.stop()
    }

    private func random() -> SecretBytes {
        var generator = SystemRandomNumberGenerator()
        var buffer = SecretBuffer()
        for _ in 0..<40 { buffer.append(UInt8.random(in: UInt8(ascii: "a")...UInt8(ascii: "z"), using: &generator)) }
        return buffer.bytes()
    }
}

/// How often `secret` stands in the writable memory of this process.
private func copiesInMemory(of secret: borrowing SecretBytes) throws -> Int {
    let memory = unsafe open("/proc/self/mem", O_RDONLY)
    try #require(memory >= 0)
    defer { close(memory) }
    // Outside the ranges that are searched, since those are listed first.
    let ranges = try writableRanges()
    let length = 1 << 20
    let window = unsafe try #require(mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    defer { unsafe munmap(window, length) }
    var count = 0
    for range in ranges {
        var start = range.lowerBound
        while start < range.upperBound {
            let read = unsafe pread(memory, window, min(length, Int(range.upperBound - start)), off_t(start))
            guard read >= secret.count else { break }
            count += unsafe occurrences(of: secret, in: UnsafeRawBufferPointer(start: window, count: read))
            // What stands across two windows is found in the second.
            start += UInt64(read == length ? length - secret.count + 1 : read)
        }
    }
    return count
}

private func occurrences(of secret: borrowing SecretBytes, in memory: UnsafeRawBufferPointer) -> Int {
    secret.withBytes { bytes in
        unsafe bytes.withUnsafeBytes { needle in
            guard let start = memory.baseAddress, let pattern = needle.baseAddress else { return 0 }
            var count = 0
            var offset = 0
            while offset + needle.count <= memory.count,
                let found = unsafe memchr(start + offset, Int32(needle[0]), memory.count - needle.count + 1 - offset)
            {
                if unsafe memcmp(found, pattern, needle.count) == 0 { count += 1 }
                offset = unsafe UnsafeRawPointer(found) - start + 1
            }
            return count
        }
    }
}

private func writableRanges() throws -> [Range<UInt64>] {
    let maps = unsafe try #require(fopen("/proc/self/maps", "r"))
    defer { unsafe fclose(maps) }
    var ranges: [Range<UInt64>] = []
    var line = [CChar](repeating: 0, count: 4096)
    while unsafe fgets(&line, Int32(line.count), maps) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let words = text.split(separator: " ")
        let bounds = words[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
        // 64-bit offsets end where a file's do; what lies above is the kernel's own page.
        guard words.count > 1, words[1].hasPrefix("rw"), bounds.count == 2, bounds[1] < UInt64(Int64.max) else {
            continue
        }
        ranges.append(bounds[0]..<bounds[1])
    }
    return ranges
}
