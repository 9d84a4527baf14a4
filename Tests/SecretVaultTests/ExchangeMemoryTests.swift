import CLinux
import Glibc
import SecretVault
import Testing

/// In turn: each takes a part of RLIMIT_MEMLOCK, which all tests share.
@Suite("Exchanges in secret memory", .serialized)
struct ExchangeMemoryTests {
    private typealias Exchange = Exchanges.Exchange

    @Test("A second instance over the same descriptor goes on with what the first one wrote")
    func adoption() throws {
        var exchange = Exchange(id: "con_ä", received: [1, 2, 3])
        var kept: CInt = -1
        var place = -1
        do {
            let first = try ExchangeMemory()
            place = try #require(first.begin(exchange))
            first.append([1, 2, 3], to: place)
            kept = withExtendedLifetime(first) { dup(first.fileDescriptor) }
        }
        defer { close(kept) }
        let second = try ExchangeMemory(adopting: kept)
        #expect(fcntl(kept, F_GETFD) >= 0)
        #expect(second.fileDescriptor != kept)
        #expect(Exchanges(second) == Exchanges([place: exchange]))
        second.append([4], to: place)
        exchange.received = [1, 2, 3, 4]
        #expect(Exchanges(try ExchangeMemory(adopting: kept)) == Exchanges([place: exchange]))
        second.end(place)
        #expect(Exchanges(try ExchangeMemory(adopting: kept)) == Exchanges())
    }

    @Test("What has ended is gone from the memory itself")
    func wiping() throws {
        let memory = try ExchangeMemory()
        let mapping = try SecondMapping(of: memory.fileDescriptor)
        let fresh = mapping.bytes
        let place = try #require(memory.begin(Exchange(id: "con_secret", key: Array(repeating: 0xEE, count: 48))))
        memory.append([UInt8](repeating: 0xEE, count: ExchangePlace.answerBytes), to: place)
        #expect(mapping.bytes.contains(0xEE))
        memory.end(place)
        let isWiped = mapping.bytes == fresh
        #expect(isWiped)
    }

    @Test("The contents are lent only of an exchange that is there, and whole")
    func contents() throws {
        let memory = try ExchangeMemory()
        let place = try #require(memory.begin())
        #expect(memory.withContents(of: place) { _, _ in })
        for missing in [place + 1, -1, 32] { #expect(!memory.withContents(of: missing) { _, _ in }) }
        memory.append([UInt8](repeating: 1, count: ExchangePlace.answerBytes + 1), to: place)
        #expect(!memory.withContents(of: place) { _, _ in })
        #expect(memory.all().map(\.isWhole) == [false])
    }

    @Test("Threads that begin at the same time get places of their own")
    func threads() async throws {
        let memory = try ExchangeMemory()
        let places = await withTaskGroup(of: Int?.self) { group in
            for number in 0..<40 { group.addTask { memory.begin(Exchange(id: "con_\(number)")) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(places.compactMap(\.self)) == Set(0..<32))
        #expect(places.count { $0 == nil } == 8)
    }

    enum Foreign: String, CaseIterable {
        case closed, device, socket, memoryOfAVault, blank, otherVersion, thatCanShrink, tooSmall

        func open() throws -> CInt {
            let count = ExchangePlace.memoryBytes
            let header: [UInt64] = [0x5845_5245_5352_5550, 1, UInt64(count)]
            switch self {
            case .closed: return -1
            case .device: return unsafe Glibc.open("/dev/null", O_RDWR | O_CLOEXEC)
            case .socket: return Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
            case .memoryOfAVault:
                let vault = try SecretVault(creating: .unlocked)
                return withExtendedLifetime(vault) { dup($0.fileDescriptor) }
            case .blank: return memfd(count, header: [0, 0, 0])
            case .otherVersion: return memfd(count, header: [header[0], 2, header[2]])
            case .thatCanShrink: return memfd(count, header: header, seals: false)
            case .tooSmall: return memfd(count - (64 << 10), header: [header[0], 1, header[2] - (64 << 10)])
            }
        }

        private func memfd(_ byteCount: Int, header: [UInt64], seals: Bool = true) -> CInt {
            let descriptor = unsafe clinux_memfd_create("purser-test")
            ftruncate(descriptor, byteCount)
            if seals { _ = clinux_seal_size(descriptor) }
            #expect(unsafe pwrite(descriptor, header, 24, 0) == 24)
            return descriptor
        }
    }

    @Test("A descriptor of anything else is refused", arguments: Foreign.allCases)
    func foreign(foreign: Foreign) throws {
        let descriptor = try foreign.open()
        defer { close(descriptor) }
        var caught: VaultError?
        do { _ = try ExchangeMemory(adopting: descriptor) } catch { caught = error }
        let expected = VaultError.systemCall("fcntl(F_DUPFD_CLOEXEC)", errno: EBADF)
        #expect(caught == (foreign == .closed ? expected : .notVaultMemory))
    }
}
