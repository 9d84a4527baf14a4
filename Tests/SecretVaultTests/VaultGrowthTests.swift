import Glibc
import SecretVault
import Synchronization
import Testing

@Suite("Growth")
struct VaultGrowthTests {
    private static let kibibyte = 1024

    /// What a hook was told, for the test to look at; a mutex guards it.
    private final class Changes: Sendable {
        let seen = Mutex<[SegmentChange]>([])

        func hook(answer: Bool = true) -> SegmentChange.Hook {
            { change in
                self.seen.withLock { $0.append(change) }
                return answer
            }
        }
    }

    @Test(
        "A full segment moves to one of at least twice the live size, and handles stay valid",
        arguments: SegmentPolicy.bothKinds)
    func growth(policy: SegmentPolicy) throws {
        var vault = try SecretVault(creating: policy)
        #expect(vault.statistics.capacity == 256 * Self.kibibyte)
        var handles: [RecordHandle] = []
        for number in 0..<300 {
            handles.append(try vault.put(1, "con_\(number)", Array(repeating: UInt8(number & 0xFF), count: 1500)))
        }
        let statistics = vault.statistics
        #expect(statistics.compactions > 0)
        #expect(statistics.records == 300)
        #expect(statistics.capacity > statistics.liveBytes)
        for (number, handle) in handles.enumerated() {
            let payload = vault.payload(handle)
            #expect(payload == Array(repeating: UInt8(number & 0xFF), count: 1500))
        }
        let adopted = try SecretVault(adopting: vault.fileDescriptor)
        #expect(Contents(adopted) == Contents(vault))
    }

    @Test("Replacing one record for ever does not grow the vault")
    func steadyState() throws {
        var vault = try SecretVault(creating: .unlocked)
        let handle = try vault.put(1, "con_a", [])
        for number in 0..<2000 {
            _ = try vault.replace(handle, payload: Array(repeating: UInt8(number & 0xFF), count: 1500).span)
        }
        #expect(vault.statistics.capacity == 256 * Self.kibibyte)
        #expect(vault.statistics.compactions == 2000 * 1544 / (256 * Self.kibibyte))
        #expect(vault.statistics.records == 1)
    }

    @Test(
        "Sizes follow the live bytes within their bounds",
        arguments: [
            (0, 256 * kibibyte),
            (100 * kibibyte, 256 * kibibyte),
            (200 * kibibyte, 404 * kibibyte),
            (700 * kibibyte, 1024 * kibibyte),
        ])
    func sizes(live: Int, capacity: Int) throws {
        var vault = try SecretVault(
            creating: SegmentPolicy(kind: .lockedMemfd, locksMemory: false, maximumBytes: 1024 * Self.kibibyte))
        for number in 0..<(live / Self.kibibyte) {
            _ = try vault.put(1, "\(number)", Array(repeating: 1, count: Self.kibibyte - 40))
        }
        #expect(vault.statistics.liveBytes == live)
        try vault.compact()
        #expect(vault.statistics.capacity == capacity)
        #expect(vault.statistics.deadBytes == 0)
    }

    @Test("A full vault refuses new records and loses none; what it has can still be replaced, and removing makes room")
    func full() throws {
        let policy = SegmentPolicy(kind: .lockedMemfd, locksMemory: false, maximumBytes: 512 * Self.kibibyte)
        var vault = try SecretVault(creating: policy)
        var handles: [RecordHandle] = []
        var refusal: VaultError?
        while refusal == nil, handles.count < 100 {
            do {
                handles.append(try vault.put(1, "con_\(handles.count)", Array(repeating: 1, count: 10_000)))
            } catch {
                refusal = error
            }
        }
        #expect(refusal == .full(bound: 384 * Self.kibibyte))
        #expect(handles.count == 384 * Self.kibibyte / 10_040)
        for round in 0..<100 {
            let replaced = try vault.replace(
                handles[round % handles.count], payload: Array(repeating: UInt8(round), count: 10_000).span)
            #expect(replaced)
        }
        #expect(vault.statistics.capacity == 512 * Self.kibibyte)
        _ = vault.remove(handles[0])
        _ = try vault.put(1, "con_new", Array(repeating: 2, count: 10_000))
        #expect(vault.statistics.records == handles.count)
    }

    @Test("A vault adopted under a lower bound still takes refreshed payloads, and no more records")
    func lowerBound() throws {
        var large = try SecretVault(creating: .unlocked)
        let payload = [UInt8](repeating: 1, count: 10_000)
        for number in 0..<40 { _ = try large.put(1, "con_\(number)", payload) }
        let policy = SegmentPolicy(kind: .lockedMemfd, locksMemory: false, maximumBytes: 512 * Self.kibibyte)
        var vault = try SecretVault(adopting: large.fileDescriptor, policy: policy)
        #expect(vault.statistics.liveBytes > policy.maximumLiveBytes)
        let found = vault.handle(kind: 1, key: "con_3".utf8.span)
        let handle = try #require(found)
        for _ in 0..<50 {
            let replaced = try vault.replace(handle, payload: payload.span)
            #expect(replaced)
        }
        var caught: VaultError?
        do { _ = try vault.put(1, "con_new", [1]) } catch { caught = error }
        #expect(caught == .full(bound: policy.maximumLiveBytes))
    }

    @Test("The hook sees both segments whole; the old one is blank afterwards")
    func hook() throws {
        let changes = Changes()
        let seen = Mutex<[Int]>([])
        var vault = try SecretVault(creating: .unlocked, creationSequence: 7)
        let handle = try vault.put(1, "con_a", Array("secret".utf8))
        let old = vault.fileDescriptor
        let duplicate = dup(old)
        defer { close(duplicate) }
        vault.onSegmentChange = { change in
            for side in [change.old, change.new] {
                do {
                    let restored = try SecretVault(adopting: side.fileDescriptor)
                    seen.withLock { $0.append(restored.statistics.records) }
                } catch {
                    Issue.record(error)
                }
            }
            return changes.hook()(change)
        }
        try vault.compact()
        #expect(seen.withLock { $0 } == [1, 1])
        let change = try #require(changes.seen.withLock { $0.first })
        #expect((change.old.fileDescriptor, change.old.creationSequence) == (old, 7))
        #expect((change.new.fileDescriptor, change.new.creationSequence) == (vault.fileDescriptor, 8))
        #expect(throws: VaultError.blank) { _ = try SecretVault(adopting: duplicate) }
        let payload = vault.payload(handle)
        #expect(payload == Array("secret".utf8))
    }

    @Test("A hook that refuses leaves the vault where it was, and the write undone")
    func refusal() throws {
        let changes = Changes()
        var vault = try SecretVault(creating: .unlocked)
        vault.onSegmentChange = changes.hook(answer: false)
        let old = vault.fileDescriptor
        let handle = try vault.put(1, "con_a", Array(repeating: 1, count: 200 * Self.kibibyte))
        var caught: VaultError?
        do { _ = try vault.put(1, "con_b", Array(repeating: 2, count: 200 * Self.kibibyte)) } catch { caught = error }
        #expect(caught == .segmentRefused)
        #expect(changes.seen.withLock { $0.count } == 1)
        #expect(vault.fileDescriptor == old)
        #expect(vault.statistics.records == 1)
        #expect(vault.statistics.compactions == 0)
        let count = vault.withPayload(handle) { $0.count }
        #expect(count == 200 * Self.kibibyte)
    }

    @Test("A spare segment takes the records, and the old one is wiped when its owner says so")
    func spare() throws {
        var vault = try SecretVault(creating: .unlocked)
        let handle = try vault.put(1, "con_a", Array("secret".utf8))
        let duplicate = dup(vault.fileDescriptor)
        defer { close(duplicate) }
        let spare = try SpareSegment(for: vault.statistics, policy: .unlocked)
        let retired = try vault.compact(into: spare)
        let between = try SecretVault.header(of: duplicate).creationSequence
        #expect(between == 1)
        retired.wipe()
        #expect(throws: VaultError.blank) { _ = try SecretVault.header(of: duplicate) }
        #expect(vault.statistics.compactions == 1)
        let payload = vault.payload(handle)
        #expect(payload == Array("secret".utf8))
    }

    @Test("A spare segment that has become too small is refused")
    func smallSpare() throws {
        var vault = try SecretVault(creating: .unlocked)
        let spare = try SpareSegment(for: vault.statistics, policy: .unlocked)
        for number in 0..<2 { _ = try vault.put(1, "con_\(number)", Array(repeating: 1, count: 200 * Self.kibibyte)) }
        var caught: VaultError?
        do {
            let retired = try vault.compact(into: spare)
            retired.wipe()
        } catch {
            caught = error
        }
        #expect(caught == .full(bound: 256 * Self.kibibyte - 48))
        #expect(vault.statistics.records == 2)
    }

    @Test("A record damaged in memory is dropped by a compaction, not given a valid header")
    func damageBeforeCompaction() throws {
        var vault = try SecretVault(creating: .unlocked)
        let damaged = try vault.put(1, "con_a", Array("alpha".utf8))
        let whole = try vault.put(1, "con_b", Array("beta".utf8))
        try SecondMapping(of: vault.fileDescriptor).set(0xEE, at: 48 + 16)
        try vault.compact()
        let payloads = [vault.payload(damaged), vault.payload(whole)]
        #expect(payloads == [nil, Array("beta".utf8)])
        #expect(vault.statistics.dropped == 1)
        #expect(vault.statistics.records == 1)
        let again = try vault.put(1, "con_a", [1])
        #expect(again != damaged)
    }
}
