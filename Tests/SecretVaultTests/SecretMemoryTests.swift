import CLinux
import Glibc
import SecretVault
import Testing

@Suite("Secret memory")
struct SecretMemoryTests {
    private static let hasSecretMemfd = SecretMemoryKind.isSecretMemfdAvailable()

    /// Reads a few bytes at an address of this process through /proc/self/mem; the errno if the kernel refuses.
    private func readThroughProc(_ address: Int) throws -> CInt {
        let descriptor = unsafe open("/proc/self/mem", O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 8)
        return unsafe pread(descriptor, &bytes, bytes.count, off_t(address)) == 8 ? 0 : errno
    }

    @Test(
        "memfd_secret memory cannot be read through /proc/self/mem",
        .enabled(
            if: hasSecretMemfd, "this kernel has no memfd_secret(2), or RLIMIT_MEMLOCK forbids it: NOT TESTED"))
    func procMem() throws {
        var vault = try SecretVault(creating: SegmentPolicy())
        try #require(vault.statistics.protection.kind == .secretMemfd)
        _ = try vault.put(1, "con_a", Array("secret".utf8))
        let mapping = try SecondMapping(of: vault.fileDescriptor)
        #expect(try readThroughProc(mapping.address) == EIO)
        let description = vault.statistics.protection.description
        #expect(description.hasPrefix("secrets are in memfd_secret memory"))
        #expect(!description.contains("NOT"))
    }

    @Test("The fallback says what it is, and that root can read it")
    func fallback() throws {
        let vault = try SecretVault(creating: SegmentPolicy(kind: .lockedMemfd))
        let protection = vault.statistics.protection
        #expect(protection.kind == .lockedMemfd)
        #expect(protection.isKeptFromCoreFiles)
        #expect(protection.isKeptFromChildren)
        #expect(protection.description.contains("root"))
        #expect(protection.description.contains("NOT locked") == !protection.isLocked)
        let mapping = try SecondMapping(of: vault.fileDescriptor)
        #expect(try readThroughProc(mapping.address) == 0)
    }

    @Test("Memory that cannot be locked still works, and says so plainly")
    func unlocked() throws {
        var vault = try SecretVault(creating: .unlocked)
        _ = try vault.put(1, "con_a", [1])
        let protection = vault.statistics.protection
        #expect(!protection.isLocked)
        #expect(protection.description.contains("NOT locked"))
        #expect(protection.description.contains("LimitMEMLOCK="))
    }

    @Test("What the protection claims is what the kernel says of the mapping", arguments: SegmentPolicy.bothKinds)
    func kernelFlags(policy: SegmentPolicy) throws {
        let vault = try SecretVault(creating: policy)
        let protection = vault.statistics.protection
        let flags = try mappingFlags(vault.fileDescriptor)
        // proc_pid_smaps(5): lo locked, dd not in core files, dc not in children.
        let claims = [
            "lo": protection.isLocked, "dd": protection.isKeptFromCoreFiles, "dc": protection.isKeptFromChildren,
        ]
        for (flag, claim) in claims { #expect(flags.contains(flag) == claim, "\(flag)") }
    }

    /// The kernel's flags of the one mapping of a descriptor's memory.
    private func mappingFlags(_ descriptor: CInt) throws -> [String] {
        var status = stat()
        try #require(unsafe fstat(descriptor, &status) == 0)
        let lines = try readFile("/proc/self/smaps").split(separator: "\n")
        // A mapping's first line: address, permissions, offset, device, inode, path.
        let start = try #require(
            lines.firstIndex { line in
                let fields = line.split(separator: " ")
                guard fields.count > 4, fields[0].contains("-"), fields[4] == "\(status.st_ino)" else { return false }
                let device = fields[3].split(separator: ":").compactMap { UInt64($0, radix: 16) }
                return device.count == 2 && device[0] << 8 | device[1] == UInt64(status.st_dev)
            })
        let flags = try #require(lines[start...].first { $0.hasPrefix("VmFlags:") })
        return flags.split(separator: " ").map(String.init)
    }

    private func readFile(_ path: String) throws -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var contents: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return String(decoding: contents, as: UTF8.self) }
            contents += chunk[..<count]
        }
    }

    @Test("The descriptor is not inherited by programs started later", arguments: SegmentPolicy.bothKinds)
    func closeOnExec(policy: SegmentPolicy) throws {
        let vault = try SecretVault(creating: policy)
        #expect(fcntl(vault.fileDescriptor, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test("The memory's size is fixed, so no one can make the mapping fault", arguments: SegmentPolicy.bothKinds)
    func fixedSize(policy: SegmentPolicy) throws {
        let vault = try SecretVault(creating: policy)
        #expect(ftruncate(vault.fileDescriptor, 4096) == -1)
    }

    @Test("Adopting leaves the caller's descriptor open, and outlives it", arguments: SegmentPolicy.bothKinds)
    func adoption(policy: SegmentPolicy) throws {
        let kept = try abandonedVault(policy)
        let adopted = try SecretVault(adopting: kept)
        #expect(fcntl(kept, F_GETFD) >= 0)
        close(kept)
        #expect(Contents(adopted)[1, "con_a"] == Array("secret".utf8))
    }

    /// The second descriptor of a vault that has died without being wiped, as after a crash.
    private func abandonedVault(_ policy: SegmentPolicy) throws -> CInt {
        var vault = try SecretVault(creating: policy, creationSequence: 3)
        _ = try vault.put(1, "con_a", Array("secret".utf8))
        return dup(vault.fileDescriptor)
    }

    @Test("A segment's header tells its age, and a segment not in use can be wiped", arguments: SegmentPolicy.bothKinds)
    func setAside(policy: SegmentPolicy) throws {
        let kept = try abandonedVault(policy)
        defer { close(kept) }
        let header = try SecretVault.header(of: kept)
        #expect((header.creationSequence, header.size) == (3, 256 << 10))
        try SecretVault.wipeSegment(kept)
        #expect(throws: VaultError.blank) { _ = try SecretVault(adopting: kept) }
        let isZero = try SecondMapping(of: kept).bytes.allSatisfy { $0 == 0 }
        #expect(isZero)
    }

    @Test("Adopting another format changes nothing", arguments: SegmentPolicy.bothKinds)
    func otherFormat(policy: SegmentPolicy) throws {
        let kept = try abandonedVault(policy)
        defer { close(kept) }
        let mapping = try SecondMapping(of: kept)
        mapping.set(9, at: 8)
        let before = mapping.bytes
        #expect(throws: VaultError.unsupportedVersion(9)) { _ = try SecretVault(adopting: kept) }
        let isUnchanged = mapping.bytes == before
        #expect(isUnchanged)
    }

    enum Foreign: String, CaseIterable {
        case closed, device, directory, socket
        case memfdThatCanShrink, memfdOfNoSize, memfdOfHalfAPage, memfdLargerThanAnySegment

        func open() -> CInt {
            switch self {
            case .closed: -1
            case .device: unsafe Glibc.open("/dev/null", O_RDWR | O_CLOEXEC)
            case .directory: unsafe Glibc.open("/", O_RDONLY | O_CLOEXEC)
            case .socket: Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
            case .memfdThatCanShrink: memfd(byteCount: 4096, seals: false)
            case .memfdOfNoSize: memfd(byteCount: 0, seals: true)
            case .memfdOfHalfAPage: memfd(byteCount: 2048, seals: true)
            case .memfdLargerThanAnySegment: memfd(byteCount: 2 << 30, seals: true)
            }
        }
    }

    @Test("A descriptor that is no vault's memory is refused", arguments: Foreign.allCases)
    func foreign(foreign: Foreign) {
        let descriptor = foreign.open()
        defer { close(descriptor) }
        var caught: VaultError?
        do { _ = try SecretVault(adopting: descriptor) } catch { caught = error }
        let expected = VaultError.systemCall("fcntl(F_DUPFD_CLOEXEC)", errno: EBADF)
        #expect(caught == (foreign == .closed ? expected : .notVaultMemory))
    }

    @Test("A sealed memfd of zeros is blank")
    func blank() {
        let descriptor = memfd(byteCount: 4096, seals: true)
        defer { close(descriptor) }
        #expect(throws: VaultError.blank) { _ = try SecretVault(adopting: descriptor) }
    }
}

private func memfd(byteCount: Int, seals: Bool) -> CInt {
    let descriptor = unsafe clinux_memfd_create("purser-test")
    ftruncate(descriptor, byteCount)
    if seals { _ = clinux_seal_size(descriptor) }
    return descriptor
}
