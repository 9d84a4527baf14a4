import SecretVault
import Testing

@Suite("A crash at any byte")
struct SegmentCrashTests {
    enum Step {
        case put(UInt8, String, String)
        case remove(UInt8, String)

        var name: String {
            switch self {
            case .put(let kind, let key, let payload): "put \(kind) \(key) = \(payload)"
            case .remove(let kind, let key): "remove \(kind) \(key)"
            }
        }

        func apply(to segment: inout Segment<TracedMemory>) {
            switch self {
            case .put(let kind, let key, let payload): _ = segment.put(kind, key, Array(payload.utf8))
            case .remove(let kind, let key):
                if let handle = segment.handle(kind: kind, key: key.utf8.span) { _ = segment.remove(handle) }
            }
        }

        func apply(to contents: inout Contents) {
            switch self {
            case .put(let kind, let key, let payload): contents[kind, key] = Array(payload.utf8)
            case .remove(let kind, let key): contents[kind, key] = nil
            }
        }
    }

    private static let script: [Step] = [
        .put(1, "con_a", "1st11-refresh-11end"),
        .put(1, "con_b", "3rd33end"),
        .put(2, "con_a", ""),
        .put(1, "con_a", "2nd22-refresh-that-is-longer-22end"),
        .remove(1, "con_b"),
        .put(1, "con_b", "4th44-44end"),
        .put(1, "con_a", "5th55"),
        .put(2, "con_a", "6th66"),
        .remove(2, "con_a"),
    ]

    /// Every payload that the script ever writes and that is long enough to be known by its first or last five bytes.
    private static let secrets = script.compactMap { step -> [UInt8]? in
        guard case .put(_, _, let payload) = step, payload.count > 4 else { return nil }
        return Array(payload.utf8)
    }

    @Test("Creation leaves a blank segment or an empty one")
    func creation() throws {
        let segment = Segment(byteCount: 256)
        var image = [UInt8](repeating: 0, count: 256)
        for store in segment.memory.stores {
            for torn in store.interrupted(from: image) {
                #expect(throws: VaultError.blank) { _ = try Segment.restored(from: TracedMemory(image: torn)) }
            }
            store.apply(to: &image)
        }
        let restored = try Segment.restored(from: TracedMemory(image: image))
        #expect(restored.count == 0)
    }

    /// How the segment came to be in which a step is interrupted.
    enum Origin: CaseIterable {
        case written, restored, compacted

        func prepare(_ segment: consuming Segment<TracedMemory>) throws -> Segment<TracedMemory> {
            switch self {
            case .written: segment
            case .restored: try Segment.restored(from: TracedMemory(image: segment.memory.image))
            case .compacted: segment.copied(into: TracedMemory(byteCount: 512), salt: 3)
            }
        }
    }

    @Test(
        "A step leaves what was before it or what is after it, and nothing superseded",
        arguments: script.indices, Origin.allCases)
    func steps(index: Int, origin: Origin) throws {
        var written = Segment(byteCount: 512)
        var before = Contents()
        for step in Self.script[..<index] {
            step.apply(to: &written)
            step.apply(to: &before)
        }
        var after = before
        Self.script[index].apply(to: &after)

        var segment = try origin.prepare(written)
        var image = segment.memory.image
        let done = segment.memory.stores.count
        Self.script[index].apply(to: &segment)
        for store in segment.memory.stores[done...] {
            for torn in store.interrupted(from: image) { try check(torn, before, after, Self.script[index]) }
            store.apply(to: &image)
        }
        let restored = try Segment.restored(from: TracedMemory(image: image))
        #expect(Contents(restored) == after)
        #expect(restored.dropped == 0)
    }

    /// Restores an image that a crash left, and once more what that restoring made of it.
    private func check(_ image: [UInt8], _ before: Contents, _ after: Contents, _ step: Step) throws {
        let restored = try Segment.restored(from: TracedMemory(image: image))
        let contents = Contents(restored)
        #expect(contents == before || contents == after, "\(step.name)")
        // A write cut short is a record dropped; nothing after that is.
        #expect(restored.dropped <= (contents == before ? 1 : 0), "\(step.name)")
        let live = Set(contents.payloads.values)
        for secret in Self.secrets where !live.contains(secret) {
            let isGone = [secret.prefix(5), secret.suffix(5)].allSatisfy {
                !restored.memory.image.contains(bytes: Array($0))
            }
            #expect(isGone, "\(step.name)")
        }
        let again = try Segment.restored(from: TracedMemory(image: restored.memory.image))
        #expect(Contents(again) == contents, "\(step.name)")
        #expect(again.dropped == 0, "\(step.name)")
        #expect(again.memory.stores.isEmpty, "\(step.name): restoring twice repairs once")
    }

    @Test("A crash while a crash is being repaired is harmless", arguments: [3, 4, 6])
    func repairs(index: Int) throws {
        var segment = Segment(byteCount: 512)
        for step in Self.script[..<index] { step.apply(to: &segment) }
        var image = segment.memory.image
        let done = segment.memory.stores.count
        Self.script[index].apply(to: &segment)
        for store in segment.memory.stores[done...] {
            for torn in store.interrupted(from: image) { try interruptRepair(of: torn) }
            store.apply(to: &image)
        }
    }

    private func interruptRepair(of torn: [UInt8]) throws {
        let restored = try Segment.restored(from: TracedMemory(image: torn))
        let expected = Contents(restored)
        var image = torn
        for store in restored.memory.stores {
            for half in store.interrupted(from: image) {
                let again = try Segment.restored(from: TracedMemory(image: half))
                #expect(Contents(again) == expected)
            }
            store.apply(to: &image)
        }
    }

    @Test("A compaction leaves a blank segment beside the old one, or a whole one")
    func compaction() throws {
        var segment = Segment(byteCount: 512)
        for step in Self.script.dropLast() { step.apply(to: &segment) }
        let copy = segment.copied(into: TracedMemory(byteCount: 512), salt: 7)
        var image = [UInt8](repeating: 0, count: 512)
        for store in copy.memory.stores {
            for torn in store.interrupted(from: image) {
                #expect(throws: VaultError.blank) { _ = try Segment.restored(from: TracedMemory(image: torn)) }
            }
            store.apply(to: &image)
        }
        let restored = try Segment.restored(from: TracedMemory(image: image))
        #expect(Contents(restored) == Contents(segment))
        #expect(restored.deadBytes == 0)
        #expect(restored.header.creationSequence == segment.header.creationSequence + 1)
    }

    @Test("Wiping leaves a whole segment or a blank one, and zeros at its end")
    func wiping() throws {
        var segment = Segment(byteCount: 512)
        for step in Self.script { step.apply(to: &segment) }
        let contents = Contents(segment)
        var image = segment.memory.image
        let done = segment.memory.stores.count
        segment.wipe()
        for (number, store) in segment.memory.stores[done...].enumerated() {
            for torn in store.interrupted(from: image) {
                if number == 0 {
                    let restored = try Segment.restored(from: TracedMemory(image: torn))
                    #expect(Contents(restored) == contents)
                } else {
                    #expect(throws: VaultError.blank) { _ = try Segment.restored(from: TracedMemory(image: torn)) }
                }
            }
            store.apply(to: &image)
        }
        let isZero = image.allSatisfy { $0 == 0 }
        #expect(isZero)
        #expect(segment.count == 0)
    }
}
