import Glibc
import Testing

@testable import SocketServer

@Suite("Wiping")
struct WipingTests {
    @Test("Neither a request nor its answer is anywhere in memory after the peer has its answer")
    func nothingIsLeft() async {
        // A process of its own, in which nothing else runs.
        await #expect(processExitsWith: .success) {
            try await TestServer.run { server in
                let search = try MemorySearch()
                let client = try server.client()
                for count in [1, 20, 3000, 12_000] {
                    for isReadLate in [false, true] {
                        try search.exchange(on: client, times: count) { if isReadLate { try server.settle() } }
                        try server.settle()
                        let found = search.occurrences
                        guard found == 0 else { throw Failure("\(found) left of \(count), \(isReadLate)", 0) }
                    }
                }
                guard search.occurrencesWithOneMore == 1 else { throw Failure("the search finds nothing", 0) }
            }
        }
    }
}

/// Looks through the memory of this process for a random needle, which itself and whose messages stand in an area that
/// is not searched.
@safe
private final class MemorySearch {
    private static let needleLength = 32
    private static let chunkLength = 1 << 20
    private static let areaLength = 8 << 20

    /// The needle, then a message that is sent and what comes back, and at the end the chunk in which is searched.
    private let area: UnsafeMutableRawPointer
    private let memory: CInt

    init() throws(Failure) {
        guard
            let area = unsafe mmap(
                nil, Self.areaLength, PROT_READ | PROT_WRITE, CInt(MAP_PRIVATE) | CInt(MAP_ANONYMOUS), -1, 0),
            unsafe area != MAP_FAILED
        else { throw Failure("mmap", errno) }
        unsafe self.area = area
        memory = unsafe open("/proc/self/mem", O_RDONLY | O_CLOEXEC)
        guard memory >= 0 else { throw Failure("open", errno) }
        for offset in 0..<Self.needleLength {
            // A rare byte leads, for speed.
            let byte = offset == 0 ? UInt8(ascii: "~") : UInt8.random(in: 97...122)
            unsafe area.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
        }
    }

    deinit {
        close(memory)
        unsafe munmap(area, Self.areaLength)
    }

    /// Sends one request with the needle in it `times` over, and reads the answer with as many.
    func exchange(on client: Client, times: Int, beforeReading: () throws -> Void) throws {
        var length = Self.needleLength
        func put(_ text: StaticString) {
            unsafe (area + length).copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
            length += text.utf8CodeUnitCount
        }
        put(#"{"jsonrpc":"2.0","id":1,"method":"echo","params":[""#)
        for _ in 0..<times {
            unsafe (area + length).copyMemory(from: area, byteCount: Self.needleLength)
            length += Self.needleLength
        }
        put("\"]}\n")
        var sent = Self.needleLength
        while sent < length {
            let count = unsafe Glibc.send(client.descriptor, area + sent, length - sent, CInt(MSG_NOSIGNAL))
            guard count > 0 else { throw Failure("send", errno) }
            sent += count
        }
        try beforeReading()
        try receive(on: client, times: times)
    }

    private func receive(on client: Client, times: Int) throws(Failure) {
        let start = unsafe area + Self.areaLength / 2
        var length = 0
        repeat {
            let count = unsafe recv(client.descriptor, start + length, Self.areaLength / 4 - length, 0)
            guard count > 0 else { throw Failure("recv", errno) }
            length += count
        } while unsafe (start + length - 1).load(as: UInt8.self) != UInt8(ascii: "\n")
        guard unsafe Self.occurrences(of: area, in: start, length) == times else { throw Failure("wrong answer", 0) }
    }

    /// How often the needle stands in memory.
    var occurrences: Int {
        regions.map(occurrences(in:)).reduce(0, +)
    }

    /// The same, with one more that is known.
    var occurrencesWithOneMore: Int {
        let one = UnsafeMutableRawPointer.allocate(byteCount: Self.needleLength, alignment: 1)
        unsafe one.copyMemory(from: area, byteCount: Self.needleLength)
        defer { unsafe one.deallocate() }
        return occurrences
    }

    private func occurrences(in region: Range<UInt>) -> Int {
        let chunk = unsafe area + Self.areaLength - Self.chunkLength
        var (count, address) = (0, region.lowerBound)
        while address < region.upperBound {
            let wanted = min(Self.chunkLength, Int(region.upperBound - address))
            let length = unsafe pread(memory, chunk, wanted, Int(address))
            guard length >= Self.needleLength else { break }
            count += unsafe Self.occurrences(of: area, in: chunk, length)
            // One that straddles two chunks is found whole in the second.
            address += UInt(length < Self.chunkLength ? length : length - Self.needleLength + 1)
        }
        return count
    }

    private static func occurrences(of needle: UnsafeRawPointer, in start: UnsafeRawPointer, _ length: Int) -> Int {
        let first = unsafe CInt(needle.load(as: UInt8.self))
        var (count, offset) = (0, 0)
        while offset + needleLength <= length,
            let found = unsafe memchr(start + offset, first, length - needleLength + 1 - offset)
        {
            if unsafe memcmp(found, needle, needleLength) == 0 { count += 1 }
            offset = unsafe UnsafeRawPointer(found) - start + 1
        }
        return count
    }

    /// Where memory is writable, but for the area.
    private var regions: [Range<UInt>] {
        let own = unsafe UInt(bitPattern: area)..<UInt(bitPattern: area) + UInt(Self.areaLength)
        return mappings.split(separator: "\n").flatMap { line -> [Range<UInt>] in
            let fields = line.split(separator: " ")
            let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard fields.count > 1, fields[1].hasPrefix("rw"), ends.count == 2 else { return [] }
            // The kernel shows neighbouring mappings as one.
            return [(ends[0], min(ends[1], own.lowerBound)), (max(ends[0], own.upperBound), ends[1])]
                .filter { $0 < $1 }.map { $0..<$1 }
        }
    }

    private var mappings: String {
        let file = unsafe open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        var (text, chunk) = ([UInt8](), [UInt8](repeating: 0, count: 64 << 10))
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += chunk[..<count]
        }
    }
}
