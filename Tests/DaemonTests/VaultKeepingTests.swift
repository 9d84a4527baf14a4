import Daemon
import Glibc
import Logging
import SecretVault
import Systemd
import Testing

@Suite("The vault across restarts")
struct VaultKeepingTests {
    private let store = Store(limit: VaultKeeping.shippedLimit)
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let policy = SegmentPolicy(kind: .lockedMemfd, locksMemory: false)

    private func keeping() -> VaultKeeping { VaultKeeping(notifier: store.notifier, storeLimit: nil, logger: logger) }

    private func put(_ text: String, into vault: inout SecretVault) throws {
        let (key, payload) = (Array("key".utf8), Array(text.utf8))
        _ = try vault.put(kind: 1, key: key.span, payload: payload.span)
    }

    private func text(in vault: borrowing SecretVault) -> String? {
        let key = Array("key".utf8)
        return vault.handle(kind: 1, key: key.span).flatMap { handle in
            vault.withPayload(handle) { bytes in
                String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
            }
        }
    }

    @Test("A new vault is filled before anybody keeps it; one that was kept is not filled again")
    func filled() throws {
        struct Refused: Error {}
        var failing = keeping()
        #expect(throws: Refused.self) {
            _ = try failing.open(store.handOver()) { vault in
                try put("half", into: &vault)
                throw Refused()
            }
        }
        #expect(store.names.isEmpty)
        for _ in 0..<2 {
            var keeping = keeping()
            var fillings = 0
            let isNew = store.names.isEmpty
            let vault = try keeping.open(store.handOver()) { vault in
                fillings += 1
                try put("imported", into: &vault)
                #expect(store.names.isEmpty)
            }
            #expect(fillings == (isNew ? 1 : 0))
            let found = text(in: vault)
            #expect(found == "imported")
        }
    }

    @Test("The memory of one process is the next one's, again and again")
    func handedOver() throws {
        for round in 0..<3 {
            var keeping = keeping()
            var vault = try keeping.open(store.handOver())
            #expect(keeping.isKept && keeping.setAside == 0)
            let found = text(in: vault)
            #expect(found == (round == 0 ? nil : "round \(round - 1)"))
            try put("round \(round)", into: &vault)
        }
        #expect(store.names == ["vault-2"])
        // Should it come twice, it is still one.
        let same = store.handOver().entries[0]
        store.add(same.descriptor, name: same.name)
        var last = keeping()
        let found = text(in: try last.open(store.handOver()))
        #expect(found == "round 2")
    }

    @Test("When the vault moves, the new memory is kept and the old one let go")
    func moves() throws {
        var keeping = keeping()
        var vault = try keeping.open(store.handOver())
        try put("secret", into: &vault)
        try vault.compact()
        #expect(store.names == ["vault-3"])
        var next = self.keeping()
        let found = text(in: try next.open(store.handOver()))
        #expect(found == "secret")
    }

    @Test("Of two that a crash left in the middle of a move, the newer one counts, and the other is wiped")
    func crashInMove() throws {
        var old = try SecretVault(creating: Self.policy)
        try put("old", into: &old)
        var new = try SecretVault(creating: Self.policy, creationSequence: 2)
        try put("new", into: &new)
        store.add(old.fileDescriptor, name: "vault-1")
        store.add(new.fileDescriptor, name: "vault-2")
        var keeping = keeping()
        let found = text(in: try keeping.open(store.handOver()))
        #expect(found == "new")
        #expect(Set(store.names) == ["vault-2"])
        #expect(throws: VaultError.blank) { try SecretVault.header(of: old.fileDescriptor) }
    }

    @Test("A vault of another version is set aside as it is, and the daemon starts; a blank one is let go")
    func setAside() throws {
        var newer = try SecretVault(creating: Self.policy, creationSequence: 7)
        try put("of the future", into: &newer)
        var version: UInt32 = 99
        #expect(unsafe pwrite(newer.fileDescriptor, &version, 4, 8) == 4)
        var blank = try SecretVault(creating: Self.policy)
        blank.wipe()
        store.add(newer.fileDescriptor, name: "vault-7")
        store.add(blank.fileDescriptor, name: "vault-1")
        var keeping = keeping()
        let found = text(in: try keeping.open(store.handOver()))
        #expect(found == nil && keeping.setAside == 1 && keeping.isKept)
        #expect(Set(store.names) == ["vault-7", "vault-9"])
        // The next process says so as well, and touches nothing; nor does one that can read both.
        var next = self.keeping()
        _ = try next.open(store.handOver())
        #expect(next.setAside == 1)
        version = 1
        #expect(unsafe pwrite(newer.fileDescriptor, &version, 4, 8) == 4)
        var reader = self.keeping()
        _ = try reader.open(store.handOver())
        #expect(reader.setAside == 1)
        #expect(Set(store.names) == ["vault-7", "vault-9"])
        let kept = text(in: try SecretVault(adopting: newer.fileDescriptor))
        #expect(kept == "of the future")
    }

    /// A store of `limit` places, of which so many hold vaults of a version to come, with the numbers 3, 4, ….
    private func store(limit: Int, setAside count: Int) throws -> Store {
        let store = Store(limit: limit)
        for number in 3..<3 + count {
            let vault = try SecretVault(creating: Self.policy, creationSequence: UInt64(number))
            var version: UInt32 = 99
            #expect(unsafe pwrite(vault.fileDescriptor, &version, 4, 8) == 4)
            store.add(vault.fileDescriptor, name: "vault-\(number)")
        }
        return store
    }

    @Test(
        "However many are set aside, the vault in use has room to move: the oldest of them are let go, and that is said",
        arguments: [(8, 8, 2), (8, 7, 1), (8, 6, 0), (3, 3, 2), (2, 1, 1), (2, 2, 2), (64, 64, 11), (64, 53, 0)])
    func fullStore(limit: Int, count: Int, letGo: Int) throws {
        let store = try store(limit: limit, setAside: count)
        let old = store.names
        for round in 0..<3 {
            var keeping = VaultKeeping(notifier: store.notifier, storeLimit: limit, logger: logger)
            var vault = try keeping.open(store.handOver())
            #expect(keeping.isKept && keeping.setAside == count - letGo)
            // Only the first has to.
            #expect(keeping.warnings.count == (round == 0 ? letGo : 0))
            if round == 0, letGo > 0 {
                #expect(keeping.warnings[0].contains("The vault vault-3 of"))
                #expect(keeping.warnings[0].contains("at most \(limit) descriptors"))
            }
            let found = text(in: vault)
            #expect(found == (round == 0 ? nil : "round \(round - 1)"))
            try put("round \(round)", into: &vault)
            for _ in 0..<5 { try vault.compact() }
            #expect(store.names.count == count - letGo + 1)
            #expect(Set(store.names).isSuperset(of: old.dropFirst(letGo)))
        }
    }

    @Test("With one place only, the vault moves within it, and that this is not safe is said at each start")
    func onePlace() throws {
        let store = Store(limit: 1)
        for round in 0..<3 {
            var keeping = VaultKeeping(notifier: store.notifier, storeLimit: 1, logger: logger)
            var vault = try keeping.open(store.handOver())
            #expect(keeping.isKept && keeping.warnings.count == 1)
            #expect(keeping.warnings.first?.contains("too few for the vault") == true)
            let found = text(in: vault)
            #expect(found == (round == 0 ? nil : "round \(round - 1)"))
            try put("round \(round)", into: &vault)
            try vault.compact()
            #expect(store.names.count == 1)
        }
    }

    @Test("Where all places are another's, the vault counts as not kept")
    func noPlace() throws {
        let store = Store(limit: 2)
        var ends: [CInt] = [0, 0]
        #expect(unsafe Glibc.pipe(&ends) == 0)
        store.add(ends[0], name: "other")
        store.add(ends[1], name: "another")
        var keeping = VaultKeeping(notifier: store.notifier, storeLimit: 2, logger: logger)
        var vault = try keeping.open(store.handOver())
        try vault.compact()
        #expect(!keeping.isKept && keeping.warnings.count == 1)
        #expect(store.names == ["other", "another"])
    }

    @Test("A vault that systemd cannot be told of stays where it is, in use and in the store")
    func deafManager() throws {
        var keeping = keeping()
        var vault = try keeping.open(store.handOver())
        try put("secret", into: &vault)
        store.takesNothing = true
        #expect(throws: VaultError.segmentRefused) { try vault.compact() }
        store.takesNothing = false
        #expect(store.names == ["vault-2"])
        try vault.compact()
        let found = text(in: vault)
        #expect(found == "secret")
        #expect(store.names == ["vault-3"])
    }

    @Test(
        "The shipped units say how many descriptors systemd keeps of them; of others it is as many as the first ones asked for"
    )
    func shippedLimit() throws {
        let root = #filePath.prefix(upTo: try #require(#filePath.ranges(of: "/Tests/").last).lowerBound)
        for unit in ["systemd/purserd.service", "systemd/user/purserd.service"] {
            let descriptor = unsafe open("\(root)/\(unit)", O_RDONLY | O_CLOEXEC)
            try #require(descriptor >= 0)
            defer { close(descriptor) }
            var bytes = [UInt8](repeating: 0, count: 1 << 16)
            let count = unsafe read(descriptor, &bytes, bytes.count)
            let lines = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: "\n")
            #expect(lines.contains("FileDescriptorStoreMax=\(VaultKeeping.shippedLimit)"))
            #expect(lines.contains("Environment=PURSER_FDSTORE=\(VaultKeeping.shippedLimit)"))
        }
        let store = try store(limit: VaultKeeping.unsaidLimit, setAside: VaultKeeping.unsaidLimit)
        var keeping = VaultKeeping(notifier: store.notifier, storeLimit: nil, logger: logger)
        _ = try keeping.open(store.handOver())
        #expect(keeping.isKept && keeping.setAside == VaultKeeping.unsaidLimit - 2)
        #expect(keeping.warnings.allSatisfy { $0.contains("Environment=FDSTORE=") })
    }

    @Test("What is no vault at all is set aside too, and a descriptor of another name is not looked at")
    func stranger() throws {
        var pipe: [CInt] = [0, 0]
        #expect(unsafe Glibc.pipe(&pipe) == 0)
        store.add(pipe[0], name: "vault-3")
        store.add(pipe[1], name: "purser")
        var keeping = keeping()
        _ = try keeping.open(store.handOver())
        #expect(keeping.setAside == 1)
        #expect(Set(store.names) == ["vault-3", "purser", "vault-5"])
    }

    @Test("Without a service manager nothing is kept, and all works")
    func alone() throws {
        var keeping = VaultKeeping(
            notifier: ServiceNotifier(environment: ServiceEnvironment([:])), storeLimit: nil, logger: logger)
        var vault = try keeping.open(ListenDescriptors([]))
        try put("secret", into: &vault)
        try vault.compact()
        let found = text(in: vault)
        #expect(found == "secret" && !keeping.isKept)
    }
}
