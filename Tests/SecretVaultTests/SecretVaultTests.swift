import SecretBytes
import SecretVault
import Synchronization
import Testing

@Suite("Records")
struct SecretVaultTests {
    @Test(
        "A record is found by handle and by key, and again after the vault has been adopted",
        arguments: SegmentPolicy.bothKinds)
    func roundTrip(policy: SegmentPolicy) throws {
        var vault = try SecretVault(creating: policy)
        let work = try vault.put(1, "con_work", Array("gho_secret".utf8))
        let state = try vault.put(2, "con_work", [])
        #expect(work != state)
        let payload = vault.payload(work)
        #expect(payload == Array("gho_secret".utf8))
        #expect(vault.handle(kind: 1, key: "con_work".utf8.span) == work)
        #expect(vault.handle(kind: 1, key: "con_wor".utf8.span) == nil)
        #expect(vault.handle(kind: 3, key: "con_work".utf8.span) == nil)

        let adopted = try SecretVault(adopting: vault.fileDescriptor)
        #expect(Contents(adopted) == Contents(vault))
        let found = adopted.handle(kind: 2, key: "con_work".utf8.span).flatMap { adopted.payload($0) }
        #expect(found == [])
        #expect(adopted.statistics.records == 2)
        #expect(adopted.statistics.dropped == 0)
        #expect(adopted.statistics.protection.kind == vault.statistics.protection.kind)
    }

    @Test(
        "A replaced record keeps its handle, and its old payload is gone from the memory",
        arguments: SegmentPolicy.bothKinds)
    func replacing(policy: SegmentPolicy) throws {
        var vault = try SecretVault(creating: policy)
        let handle = try vault.put(1, "con_a", Array("old-refresh-token".utf8))
        let same = try vault.put(1, "con_a", Array("new-refresh-token".utf8))
        let replaced = try vault.replace(handle, payload: "last-refresh-token".utf8.span)
        #expect(same == handle)
        #expect(replaced)
        let payload = vault.payload(handle)
        #expect(payload == Array("last-refresh-token".utf8))
        #expect(vault.statistics.records == 1)
        #expect(vault.statistics.liveBytes + vault.statistics.deadBytes == 3 * 56)

        let image = try SecondMapping(of: vault.fileDescriptor).bytes
        let traces = ["old-re", "new-re", "last-re"].map { image.contains(bytes: Array($0.utf8)) }
        #expect(traces == [false, false, true])
    }

    @Test("A removed record is gone: its handle is stale, its bytes are zero, and it does not come back")
    func removing() throws {
        var vault = try SecretVault(creating: .unlocked)
        let handle = try vault.put(1, "con_gone", Array("revoked-token".utf8))
        let (removed, again) = (vault.remove(handle), vault.remove(handle))
        let replaced = try vault.replace(handle, payload: [1].span)
        #expect((removed, again, replaced) == (true, false, false))
        #expect(vault.statistics.records == 0)
        let image = try SecondMapping(of: vault.fileDescriptor).bytes
        let traces = ["con_gone", "revoked"].map { image.contains(bytes: Array($0.utf8)) }
        #expect(traces == [false, false])
        let adopted = try SecretVault(adopting: vault.fileDescriptor)
        #expect(adopted.statistics.records == 0)
    }

    @Test("A record whose key was damaged in memory can still be removed, and its slot serves the next")
    func removingDamaged() throws {
        var vault = try SecretVault(creating: .unlocked)
        let damaged = try vault.put(1, "con_a", [1])
        _ = try vault.put(1, "con_b", [2])
        try SecondMapping(of: vault.fileDescriptor).set(0xEE, at: 48 + 32)
        let removed = vault.remove(damaged)
        #expect(removed)
        #expect(vault.statistics.records == 1)
        let next = try vault.put(1, "con_c", [3])
        #expect(next.slot == damaged.slot)
        let adopted = try SecretVault(adopting: vault.fileDescriptor)
        #expect(Contents(adopted) == Contents(vault))
    }

    @Test("A stale handle finds nothing, also when its slot serves another record")
    func staleHandles() throws {
        var vault = try SecretVault(creating: .unlocked)
        var stale: [RecordHandle] = []
        for generation in 0..<50 {
            let handle = try vault.put(1, "con_\(generation)", [UInt8(generation)])
            for old in stale {
                let payload = vault.payload(old)
                #expect(payload == nil)
            }
            _ = vault.remove(handle)
            stale.append(handle)
        }
        #expect(Set(stale).count == 50)
        #expect(Set(stale.map(\.slot)).count == 1)
        let handle = try vault.put(1, "con_last", [1])
        let removals = stale.map { vault.remove($0) }
        #expect(!removals.contains(true))
        let payload = vault.payload(handle)
        #expect(payload == [1])
    }

    @Test(
        "Keys and payloads up to their limits are taken, longer ones refused",
        arguments: [
            (0, 0, nil),
            (255, 0, nil),
            (256, 0, VaultError.keyTooLong(256)),
            (1, 256 << 10, nil),
            (1, 256 << 10 + 1, .payloadTooLarge(256 << 10 + 1)),
            (255, 256 << 10, nil),
        ])
    func limits(keyLength: Int, payloadLength: Int, error: VaultError?) throws {
        var vault = try SecretVault(creating: .unlocked)
        let key = [UInt8](repeating: 0x6B, count: keyLength)
        let payload = [UInt8](repeating: 0x70, count: payloadLength)
        var caught: VaultError?
        do {
            _ = try vault.put(kind: 255, key: key.span, payload: payload.span)
        } catch {
            caught = error
        }
        #expect(caught == error)
        #expect(vault.statistics.records == (error == nil ? 1 : 0))
        let adopted = try SecretVault(adopting: vault.fileDescriptor)
        let stored = adopted.handle(kind: 255, key: key.span).flatMap { adopted.payload($0) }
        #expect(stored == (error == nil ? payload : nil))
    }

    @Test("Wiping leaves zeros, stale handles, and a vault that takes nothing", arguments: SegmentPolicy.bothKinds)
    func wiping(policy: SegmentPolicy) throws {
        var vault = try SecretVault(creating: policy)
        let handle = try vault.put(1, "con_a", Array("secret".utf8))
        _ = try vault.put(1, "con_b", [UInt8](repeating: 7, count: 100_000))
        vault.wipe()
        let payload = vault.payload(handle)
        #expect(payload == nil)
        var errors: [VaultError] = []
        do { _ = try vault.put(1, "con_c", [1]) } catch { errors.append(error) }
        do { try vault.compact() } catch { errors.append(error) }
        #expect(errors == [.wiped, .wiped])
        let isZero = try SecondMapping(of: vault.fileDescriptor).bytes.allSatisfy { $0 == 0 }
        #expect(isZero)
        let descriptor = vault.fileDescriptor
        #expect(throws: VaultError.blank) { _ = try SecretVault(adopting: descriptor) }
    }

    @Test("A vault lives in a mutex, takes from a secret buffer, and lends its payload with the body's own error")
    func ownership() throws {
        struct Refusal: Error, Equatable {}
        let mutex = Mutex(try SecretVault(creating: .unlocked))
        var token = SecretBuffer()
        token.append("gho_token")
        let handle = try mutex.withLock { vault throws(VaultError) in
            try token.withBytes { bytes throws(VaultError) in
                try vault.put(kind: 1, key: "con_a".utf8.span, payload: bytes)
            }
        }
        let copy = mutex.withLock { vault in vault.withPayload(handle) { SecretBytes(copying: $0) } }
        let isSame = copy?.isEqual(to: SecretBytes(utf8: "gho_token"))
        #expect(isSame == true)
        #expect(throws: Refusal()) {
            try mutex.withLock { vault throws(Refusal) in
                _ = try vault.withPayload(handle) { _ throws(Refusal) in throw Refusal() }
            }
        }
    }

    @Test("Ten thousand records, replaced and removed at random, are those of a dictionary, before and after adoption")
    func manyRecords() throws {
        var random = SeededRandom(seed: 42)
        var vault = try SecretVault(creating: .unlocked)
        var expected = Contents()
        var handles: [String: RecordHandle] = [:]
        for number in 0..<14_000 {
            let key = "con_\(number < 10_000 ? number : Int.random(in: 0..<10_000, using: &random))"
            if number >= 10_000, Bool.random(using: &random), let handle = handles.removeValue(forKey: key) {
                _ = vault.remove(handle)
                expected[1, key] = nil
            } else {
                let payload = [UInt8](repeating: UInt8(number & 0xFF), count: Int.random(in: 0...200, using: &random))
                handles[key] = try vault.put(1, key, payload)
                expected[1, key] = payload
            }
        }
        #expect(vault.statistics.compactions > 0)
        #expect(Contents(vault) == expected)
        for (key, handle) in handles {
            #expect(vault.handle(kind: 1, key: key.utf8.span) == handle)
            let payload = vault.payload(handle)
            #expect(payload == expected[1, key])
        }
        let adopted = try SecretVault(adopting: vault.fileDescriptor)
        #expect(Contents(adopted) == expected)
        #expect(adopted.statistics.records == handles.count)
        #expect(adopted.statistics.liveBytes == vault.statistics.liveBytes)
    }
}
