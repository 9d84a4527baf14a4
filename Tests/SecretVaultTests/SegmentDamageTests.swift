import SecretVault
import Testing

@Suite("Damage")
struct SegmentDamageTests {
    /// The size of a segment's header and of a record's (FORMAT.md).
    private static let (segmentHeader, recordHeader) = (48, 32)

    /// Four records; the third is wiped because the fourth replaces it. Each payload tells its key.
    private static func smallSegment() -> Segment<TracedMemory> {
        var segment = Segment(byteCount: 512)
        _ = segment.put(1, "con_a", Array("con_a: alpha".utf8))
        _ = segment.put(1, "con_b", Array("con_b: beta".utf8))
        _ = segment.put(1, "con_c", Array("con_c: gamma, old".utf8))
        _ = segment.put(1, "con_c", Array("con_c: gamma".utf8))
        return segment
    }

    private func restore(_ image: [UInt8]) throws(VaultError) -> Segment<TracedMemory> {
        try Segment.restored(from: TracedMemory(image: image))
    }

    @Test(
        "One damaged byte costs one record at most, is counted, and never yields a wrong payload",
        arguments: [
            UInt8(0x01), 0x80, 0xFF, 0x55,
        ])
    func everyByte(mask: UInt8) throws {
        let whole = Self.smallSegment()
        let contents = Contents(whole)
        for offset in whole.memory.image.indices {
            var image = whole.memory.image
            image[offset] ^= mask
            do {
                let restored = try restore(image)
                try check(restored, contents, offset)
            } catch {
                #expect(offset < 40, "only the segment's own header makes it unreadable: \(error)")
            }
        }
    }

    private func check(_ restored: borrowing Segment<TracedMemory>, _ contents: Contents, _ offset: Int) throws {
        let survivors = Contents(restored)
        for (key, payload) in survivors.payloads { #expect(contents.payloads[key] == payload, "byte \(offset)") }
        let lost = contents.payloads.count - survivors.payloads.count
        #expect(lost <= 1, "byte \(offset)")
        if lost > 0 { #expect(restored.dropped == lost, "byte \(offset)") }
        #expect(offset >= 40, "the segment's header is under a checksum")
        let again = try restore(restored.memory.image)
        #expect(Contents(again) == survivors)
        #expect(again.dropped == 0)
    }

    @Test("A damaged record gives way to the one before it of the same key, if a crash left that")
    func predecessor() throws {
        var segment = Segment(byteCount: 512)
        _ = segment.put(1, "con_a", Array("old".utf8))
        let old = segment.memory.image
        _ = segment.put(1, "con_a", Array("new".utf8))
        var image = segment.memory.image
        // As a crash leaves it between writing the new record and wiping the old one.
        let oldRecord = Self.segmentHeader..<Self.segmentHeader + 40
        image.replaceSubrange(oldRecord, with: old[oldRecord])
        let both = try restore(image)
        #expect(Contents(both)[1, "con_a"] == Array("new".utf8))

        image[oldRecord.upperBound + Self.recordHeader + 5] ^= 1
        let restored = try restore(image)
        #expect(Contents(restored)[1, "con_a"] == Array("old".utf8))
        #expect(restored.dropped == 1)
        let isGone = !restored.memory.image.contains(bytes: Array("ne".utf8))
        #expect(isGone)
    }

    @Test(
        "Of two whole records of a key the one with the higher sequence number counts, wherever it stands",
        arguments: [
            (UInt8(1), "second"),
            (9, "first"),
        ])
    func order(sequenceOfFirst: UInt8, winner: String) throws {
        var segment = Segment(byteCount: 512)
        _ = segment.put(1, "con_a", Array("first".utf8))
        let one = segment.memory.image
        _ = segment.put(1, "con_a", Array("second".utf8))
        var image = segment.memory.image
        image.replaceSubrange(48..<96, with: one[48..<96])
        image[48 + 16] = sequenceOfFirst
        image.setRecordChecksum(at: 48, salt: 0x0123_4567_89AB_CDEF)
        let restored = try restore(image)
        #expect(Contents(restored)[1, "con_a"] == Array(winner.utf8))
        #expect(restored.count == 1)
        let loser = winner == "first" ? "second" : "first"
        let isGone = !restored.memory.image.contains(bytes: Array(loser.utf8))
        #expect(isGone)
    }

    @Test("A damaged length that agrees with itself does not hide the records after it")
    func falseLength() throws {
        var image = Self.smallSegment().memory.image
        // con_a's payload made 16 bytes longer, and its total length too: that leads into the middle of con_b.
        image[48 + 8] += 16
        image[48 + 28] += 16
        let restored = try restore(image)
        #expect(Set(Contents(restored).payloads.keys) == [Contents.Key(1, "con_b"), Contents.Key(1, "con_c")])
        #expect(restored.dropped == 1)
    }

    @Test("Two damaged neighbours are two records dropped, where their lengths can still be told")
    func neighbours() throws {
        var image = Self.smallSegment().memory.image
        image[48 + 16] ^= 1
        image[48 + 56 + 16] ^= 1
        let restored = try restore(image)
        #expect(Set(Contents(restored).payloads.keys) == [Contents.Key(1, "con_c")])
        #expect(restored.dropped == 2)
    }

    @Test(
        "Past a damaged header the scan finds the next record, and takes none from within a payload",
        arguments: [
            ("header", 48, 48 + 32),
            ("header and part of the payload", 48, 48 + 60),
        ])
    func resumption(name: String, from: Int, to: Int) throws {
        var inner = Segment(byteCount: 256)
        _ = inner.put(1, "con_z", Array("forged".utf8))
        var segment = Segment(byteCount: 1024)
        // A payload that is itself the image of a segment with a whole record, aligned as records are.
        _ = segment.put(1, "eightkey", inner.memory.image)
        _ = segment.put(1, "con_b", Array("beta".utf8))
        var image = segment.memory.image
        for offset in from..<to { image[offset] = 0xEE }
        let restored = try restore(image)
        #expect(Contents(restored).payloads == [Contents.Key(1, "con_b"): Array("beta".utf8)], "\(name)")
        #expect(restored.dropped == 1, "\(name)")
    }

    @Test("A damaged extent is found by reading on to the end, and mended")
    func extent() throws {
        let whole = Self.smallSegment()
        for byte in 40..<48 {
            var image = whole.memory.image
            image[byte] ^= 0x10
            let restored = try restore(image)
            #expect(Contents(restored) == Contents(whole))
            let isMended = restored.memory.image == whole.memory.image
            #expect(isMended)
        }
    }

    @Test(
        "A format of another version is an error that changes nothing, not damage", arguments: [2, 0, .max] as [UInt32])
    func segmentVersion(version: UInt32) throws {
        var image = Self.smallSegment().memory.image
        for byte in 0..<4 { image[8 + byte] = UInt8(truncatingIfNeeded: version >> (byte * 8)) }
        #expect(throws: VaultError.unsupportedVersion(version)) { _ = try self.restore(image) }
    }

    @Test("A whole record of another version is an error too")
    func recordVersion() throws {
        var image = Self.smallSegment().memory.image
        image[48 + 4] = 2
        image.setRecordChecksum(at: 48, salt: 0x0123_4567_89AB_CDEF)
        #expect(throws: VaultError.unsupportedVersion(2)) { _ = try self.restore(image) }
    }

    @Test("A sequence number that could overflow is damage")
    func sequence() throws {
        var image = Self.smallSegment().memory.image
        for byte in 64..<72 { image[byte] = 0xFF }
        image.setRecordChecksum(at: 48, salt: 0x0123_4567_89AB_CDEF)
        let restored = try restore(image)
        #expect(Contents(restored)[1, "con_a"] == nil)
        #expect(restored.dropped == 1)
    }

    @Test(
        "What is no vault gives an error",
        arguments: [
            ("nothing", [], VaultError.notAVault),
            ("zeros", Array(repeating: 0, count: 512), .blank),
            ("letters", Array(repeating: 0x41, count: 512), .notAVault),
            ("too short for a header", Array("PURSERVT".utf8) + Array(repeating: 0, count: 32), .notAVault),
            ("a name and zeros", Array("PURSERVT".utf8) + Array(repeating: 0, count: 504), .unsupportedVersion(0)),
            ("cut off", Array(smallSegment().memory.image.prefix(256)), .brokenHeader),
            ("longer than it says", smallSegment().memory.image + Array(repeating: 0, count: 8), .brokenHeader),
        ])
    func garbage(name: String, image: [UInt8], error: VaultError) {
        #expect(throws: error, "\(name)") { _ = try self.restore(image) }
    }

    @Test("Noise after a whole header never traps, and what is read from it can be written to")
    func noise() throws {
        var random = SeededRandom(seed: 7)
        for _ in 0..<300 {
            var image = Segment(byteCount: 512).memory.image
            for offset in 40..<512 where UInt8.random(in: 0...3, using: &random) > 0 {
                image[offset] = UInt8.random(in: .min ... .max, using: &random)
            }
            var restored = try restore(image)
            #expect(restored.count == 0)
            let fits = restored.fits(64)
            #expect(fits)
            let handle = restored.put(1, "con_a", [1, 2, 3])
            let payload = restored.withPayload(handle) { $0.array }
            #expect(payload == [1, 2, 3])
        }
    }
}

extension [UInt8] {
    /// Makes the header of the record at `offset` whole again, as FORMAT.md says.
    fileprivate mutating func setRecordChecksum(at offset: Int, salt: UInt64) {
        var crc = CRC32C()
        let words = [salt, UInt64(offset)].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
        }
        let covered = words + self[offset + 4..<offset + 12] + self[offset + 16..<offset + 32]
        crc.update(covered.span)
        for byte in 0..<4 { self[offset + 12 + byte] = UInt8(truncatingIfNeeded: crc.value >> (byte * 8)) }
    }
}
