import SecretVault
import Testing

@Suite("Format")
struct FormatTests {
    /// The example of FORMAT.md: what one version writes, every later one must read.
    private static let example: [UInt8] = [
        0x50, 0x55, 0x52, 0x53, 0x45, 0x52, 0x56, 0x54, 0x01, 0x00, 0x00, 0x00, 0x00, 0xD9, 0x24, 0xFC,
        0x60, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, 0x0C, 0x00, 0x00, 0x00, 0x99, 0x8F, 0x55, 0x8B,
        0x4C, 0x49, 0x56, 0x45, 0x01, 0x00, 0x01, 0x03, 0x06, 0x00, 0x00, 0x00, 0xE6, 0x72, 0x2A, 0x64,
        0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xF2, 0x47, 0x42, 0x44, 0x30, 0x00, 0x00, 0x00,
        0x6B, 0x65, 0x79, 0x73, 0x65, 0x63, 0x72, 0x65, 0x74, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    ]

    @Test("A segment is written byte for byte as documented")
    func writing() {
        var segment = Segment(byteCount: 96, salt: 0x0102_0304_0506_0708)
        _ = segment.put(1, "key", Array("secret".utf8))
        let image = segment.memory.image
        #expect(image == Self.example)
    }

    @Test("The documented segment can be read")
    func reading() throws {
        let segment = try Segment.restored(from: TracedMemory(image: Self.example))
        var expected = Contents()
        expected[1, "key"] = Array("secret".utf8)
        #expect(Contents(segment) == expected)
        #expect(segment.dropped == 0)
    }

    @Test("The extent is stored before a record is written, and the record's first word last")
    func order() {
        var segment = Segment(byteCount: 96)
        let done = segment.memory.stores.count
        _ = segment.put(1, "key", Array("secret".utf8))
        let offsets = segment.memory.stores[done...].map { store in
            switch store {
            case .word(_, let offset), .write(_, let offset): offset
            case .wipe(let range): range.lowerBound
            }
        }
        #expect(offsets.first == 40)
        #expect(offsets.last == 48)
    }

    @Test("Sequence numbers go on after restoring and after a compaction, so that the newest record stays the highest")
    func sequences() throws {
        var segment = Segment(byteCount: 512)
        for _ in 0..<3 { _ = segment.put(1, "a", []) }
        var restored = try Segment.restored(from: TracedMemory(image: segment.memory.image))
        _ = restored.put(1, "a", [])
        var copy = restored.copied(into: TracedMemory(byteCount: 512), salt: 1)
        _ = copy.put(1, "a", [])
        // The sequence stands 16 bytes into a record; each takes 40.
        let numbers = [restored.memory.image[48 + 3 * 40 + 16], copy.memory.image[48 + 16], copy.memory.image[88 + 16]]
        #expect(numbers == [4, 4, 5])
    }

    @Test(
        "The checksum is CRC-32C",
        arguments: [
            ("", 0),
            ("123456789", 0xE306_9283),
            ("The quick brown fox jumps over the lazy dog", 0x2262_0404),
        ] as [(String, UInt32)])
    func checksum(text: String, value: UInt32) {
        var crc = CRC32C()
        crc.update(text.utf8.span)
        #expect(crc.value == value)
    }

    @Test("A checksum taken in parts is that of the whole", arguments: 0...20)
    func parts(length: Int) {
        let bytes = (0..<20).map { UInt8($0 * 13) }
        var whole = CRC32C()
        whole.update(bytes.span)
        var parts = CRC32C()
        parts.update(bytes.span.extracting(..<length))
        parts.update(bytes.span.extracting(length...))
        #expect(parts.value == whole.value)
    }
}
