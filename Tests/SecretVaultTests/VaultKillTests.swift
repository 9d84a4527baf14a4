import Glibc
import SecretVault
import Synchronization
import Testing

/// The real thing: a process that writes is killed, and another goes on with the same pages.
@Suite("SIGKILL")
struct VaultKillTests {
    private static let keys = 8

    @Test("A killed process loses no write it had finished, and leaves none half done", arguments: 1...6)
    func kill(round: Int) async throws {
        let policy = SegmentPolicy(kind: .lockedMemfd, locksMemory: false, minimumBytes: 4 << 20)
        let vault = try SecretVault(creating: policy)
        let path = "/proc/\(getpid())/fd/\(vault.fileDescriptor)"
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, round] in
            let descriptor = unsafe open(path, O_RDWR | O_CLOEXEC)
            var random = SeededRandom(seed: UInt64(round))
            let writes = Int.random(in: VaultKillTests.keys...4000, using: &random)
            try VaultKillTests.writeUntilKilled(descriptor, after: writes, Int.random(in: 0...3000, using: &random))
        }

        let successor = try SecretVault(adopting: vault.fileDescriptor)
        var numbers: [Int] = []
        successor.forEachRecord { _, _, key, payload in
            let number = payload.array.prefix(4).enumerated().reduce(0) { $0 | Int($1.element) << ($1.offset * 8) }
            #expect(payload.array == Self.payload(number))
            #expect(key.array == [UInt8(number % Self.keys)])
            numbers.append(number)
        }
        // Writes went round the keys in turn, so the latest of each are as many numbers in a row.
        numbers.sort()
        let last = try #require(numbers.last)
        #expect(numbers == Array(last - Self.keys + 1...last))
        #expect(successor.statistics.dropped <= 1)
    }

    private static func payload(_ number: Int) -> [UInt8] {
        (0..<20 + number % 300).map { UInt8(truncatingIfNeeded: $0 < 4 ? number >> ($0 * 8) : number) }
    }

    /// Puts numbered payloads until, some turns of a loop after the given number of writes, another thread kills the
    /// process.
    private static func writeUntilKilled(_ descriptor: CInt, after writes: Int, _ turns: Int) throws {
        var vault = try SecretVault(adopting: descriptor)
        let killer = Killer(writes: writes, turns: turns)
        killer.start()
        for number in 0..<8000 {
            _ = try vault.put(kind: 1, key: [UInt8(number % keys)].span, payload: payload(number).span)
            killer.written.store(number + 1, ordering: .releasing)
        }
        while true { pause() }
    }

    private final class Killer: Sendable {
        let written = Atomic<Int>(0)
        private let writes: Int
        private let turns: Int

        init(writes: Int, turns: Int) {
            self.writes = writes
            self.turns = turns
        }

        func start() {
            var thread = pthread_t()
            let context = unsafe Unmanaged.passRetained(self).toOpaque()
            unsafe pthread_create(
                &thread, nil,
                { context in
                    guard let context = unsafe context else { return nil }
                    unsafe Unmanaged<Killer>.fromOpaque(context).takeRetainedValue().run()
                    return nil
                }, context)
        }

        private func run() {
            while written.load(ordering: .acquiring) < writes {}
            for _ in 0..<turns { atomicMemoryFence(ordering: .sequentiallyConsistent) }
            Glibc.kill(getpid(), SIGKILL)
        }
    }
}
