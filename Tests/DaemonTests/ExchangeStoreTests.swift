import Glibc
import Logging
import OAuth
import SecretBytes
import SecretVault
import Systemd
import Testing
import TokenEndpoint

@testable import Daemon

/// In turn: the memory of each takes a part of RLIMIT_MEMLOCK, which all tests share.
@Suite("Exchanges across restarts", .serialized)
struct ExchangeStoreTests {
    let manager = Store(limit: VaultKeeping.shippedLimit)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    static let key: [UInt8] = Array(1...48)
    static let moved = BytesMoved(written: 1234, read: 5678)

    func name(_ number: Int = 1) -> ExchangeName {
        ExchangeName(connectionID: "con_\(number)", generation: 7, tokens: 5, isFirst: number % 2 == 0, begunAt: 9)
    }

    /// What the next process of the unit does at its start.
    func open(limit: Int = VaultKeeping.shippedLimit) -> (store: ExchangeStore?, places: StorePlaces) {
        let received = manager.handOver()
        let places = StorePlaces(notifier: manager.notifier, limit: limit, taken: received.entries.count)
        return (ExchangeStore.open(received, places, logger: logger), places)
    }

    func opened() throws -> ExchangeStore { try #require(open().store) }

    func keep(_ name: ExchangeName, _ socket: Socket, in store: ExchangeStore) -> KeptPlace? {
        store.keep(name, socket: socket.descriptor, key: SecretBytes(copying: Self.key.span), moved: Self.moved)
    }

    private func record(_ text: String, from offset: Int = 0, at place: KeptPlace, in store: ExchangeStore) {
        store.record(Array(text.utf8).span, from: offset, at: place)
    }

    /// What can be had of an exchange, for comparison; its socket is closed.
    private struct Taken: Equatable {
        var received: String
        var key = ExchangeStoreTests.key
        var moved = ExchangeStoreTests.moved
    }

    private func take(_ name: ExchangeName, from store: ExchangeStore) -> (taken: Taken, place: KeptPlace)? {
        switch store.takeOver(name) {
        case .none: return nil
        case .some(let kept):
            close(kept.socket)
            let taken = Taken(
                received: String(decoding: kept.received.array, as: UTF8.self), key: kept.key.array,
                moved: kept.moved)
            return (taken, kept.place)
        }
    }

    /// The places as they are in the memory that the manager has.
    func placesInMemory() throws -> ArraySlice<UInt8> {
        let received = manager.handOver()
        defer { for entry in received.entries { close(entry.descriptor) } }
        let memory = try #require(received.descriptors(named: "exchanges").first)
        let start = unsafe mmap(nil, ExchangePlace.memoryBytes, PROT_READ, MAP_SHARED, memory, 0)
        try #require(unsafe start != MAP_FAILED)
        defer { unsafe munmap(start, ExchangePlace.memoryBytes) }
        let bytes = unsafe Array(UnsafeRawBufferPointer(start: start, count: ExchangePlace.memoryBytes))
        return bytes[(64 << 10)...]
    }

    func expectNothingLeft() throws {
        #expect(manager.names == ["exchanges"])
        let isZero = try placesInMemory().allSatisfy { $0 == 0 }
        #expect(isZero)
    }

    // MARK: From one process to the next

    @Test("An exchange that was under way is taken over with its socket, its key and what was received, once")
    func takenOver() throws {
        let socket = try Socket()
        do {
            let store = try opened()
            #expect(store.left.isEmpty)
            let place = try #require(keep(name(), socket, in: store))
            record("HTTP/1.1 ", at: place, in: store)
            record("200 OK", from: 9, at: place, in: store)
            // It is this process's own.
            #expect(take(name(), from: store) == nil)
        }
        #expect(manager.names == ["exchanges", "answer-0"])
        socket.closeNear()
        let store = try opened()
        #expect(store.left == [name()])
        #expect(take(name(2), from: store) == nil)
        switch store.takeOver(name()) {
        case .none: Issue.record("nothing to be taken over")
        case .some(let kept):
            #expect(kept.key.array == Self.key)
            #expect(kept.moved == Self.moved)
            #expect(String(decoding: kept.received.array, as: UTF8.self) == "HTTP/1.1 200 OK")
            #expect(unsafe write(kept.socket, "answer", 6) == 6)
            close(kept.socket)
        }
        #expect(socket.receive() == "answer")
        // The manager has it still.
        #expect(socket.receive() == nil)
        #expect(take(name(), from: store) == nil)
        store.forget(name())
        #expect(socket.receive() == "")
        try expectNothingLeft()
        #expect(try opened().left.isEmpty)
    }

    @Test("What is received goes on from process to process until it is forgotten")
    func severalProcesses() throws {
        let socket = try Socket()
        do {
            let store = try opened()
            record("one ", at: try #require(keep(name(), socket, in: store)), in: store)
        }
        // One that does not take it over leaves it as it is.
        #expect(try opened().left == [name()])
        for (received, more) in [("one ", "two "), ("one two ", "three")] {
            let store = try opened()
            let (taken, place) = try #require(take(name(), from: store))
            #expect(taken == Taken(received: received))
            record(more, from: received.utf8.count, at: place, in: store)
        }
        let store = try opened()
        #expect(take(name(), from: store)?.taken == Taken(received: "one two three"))
        store.forget(name())
        try expectNothingLeft()
    }

    @Test("What is left and not taken over is let go of when it is forgotten")
    func notTakenOver() throws {
        let socket = try Socket()
        do { _ = try #require(keep(name(), socket, in: try opened())) }
        socket.closeNear()
        let store = try opened()
        store.forget(name())
        #expect(socket.receive() == "")
        #expect(take(name(), from: store) == nil)
        try expectNothingLeft()
    }

    @Test("Exchanges of one connection that differ in the generation or the presentation are told apart")
    func names() throws {
        let names = [
            ExchangeName(connectionID: "con_a", generation: 1, tokens: 5, isFirst: true, begunAt: 9),
            ExchangeName(connectionID: "con_a", generation: 1, tokens: 5, isFirst: false, begunAt: 9),
            ExchangeName(connectionID: "con_a", generation: 2, tokens: 5, isFirst: true, begunAt: 9),
            ExchangeName(connectionID: "con_b", generation: 1, tokens: 5, isFirst: true, begunAt: 9),
        ]
        do {
            let store = try opened()
            for (number, name) in names.enumerated() {
                let socket = try Socket()
                record("\(number)", at: try #require(keep(name, socket, in: store)), in: store)
            }
        }
        let store = try opened()
        #expect(store.left == Set(names))
        for (number, name) in names.enumerated() {
            #expect(take(name, from: store)?.taken.received == "\(number)")
        }
    }

    @Test("An answer too long for its place is not left to the next process")
    func tooLong() throws {
        let socket = try Socket()
        do {
            let store = try opened()
            let place = try #require(keep(name(), socket, in: store))
            store.record([UInt8](repeating: 1, count: ExchangePlace.answerBytes + 1).span, from: 0, at: place)
        }
        socket.closeNear()
        #expect(try opened().left.isEmpty)
        #expect(socket.receive() == "")
        try expectNothingLeft()
    }

    @Test("A connection whose id is too long for a place is not kept, and takes none")
    func longName() throws {
        let store = try opened()
        let name = ExchangeName(
            connectionID: String(repeating: "c", count: 257), generation: 1, tokens: 5, isFirst: true, begunAt: 9)
        let socket = try Socket()
        #expect(keep(name, socket, in: store) == nil)
        try expectNothingLeft()
    }

    // MARK: Forgetting

    @Test("Forgetting lets go of one exchange and leaves the others; its place is used again")
    func forgetting() throws {
        let store = try opened()
        for number in 1...3 {
            let socket = try Socket()
            record("\(number)", at: try #require(keep(name(number), socket, in: store)), in: store)
        }
        store.forget(name(2))
        store.forget(name(2))
        store.forget(name(9))
        #expect(manager.names == ["exchanges", "answer-0", "answer-2"])
        let socket = try Socket()
        #expect(keep(name(4), socket, in: store)?.number == 1)
        let next = try opened()
        #expect(next.left == [name(1), name(3), name(4)])
        #expect([1, 3, 4].map { take(name($0), from: next)?.taken.received } == ["1", "3", ""])
    }

    @Test("What still comes for an exchange that is over is not written to the one that has its place now")
    func turns() throws {
        let store = try opened()
        let (first, second) = (try Socket(), try Socket())
        let old = try #require(keep(name(1), first, in: store))
        store.forget(name(1))
        record("late", at: old, in: store)
        let new = try #require(keep(name(2), second, in: store))
        #expect(new.number == old.number && new != old)
        record("late", at: old, in: store)
        record("right", at: new, in: store)
        record("late", at: old, in: store)
        #expect(take(name(2), from: try opened())?.taken.received == "right")
    }

    @Test("Of two exchanges of one name the later one is kept")
    func sameName() throws {
        let (first, second) = (try Socket(), try Socket())
        do {
            let store = try opened()
            let old = try #require(keep(name(), first, in: store))
            first.closeNear()
            let new = try #require(keep(name(), second, in: store))
            #expect(first.receive() == "")
            record("old", at: old, in: store)
            record("new", at: new, in: store)
        }
        #expect(manager.names.count == 2)
        let store = try opened()
        #expect(take(name(), from: store)?.taken == Taken(received: "new"))
        store.forget(name())
        try expectNothingLeft()
    }

    // MARK: A manager with little room, or that hears nothing

    @Test(
        "As many are kept as leave the vault its room, which moves and is the next process's",
        arguments: [(1, nil), (2, nil), (3, nil), (4, 0), (5, 1), (8, 4), (64, 32)] as [(Int, Int?)])
    func room(limit: Int, kept: Int?) throws {
        let manager = Store(limit: limit)
        for round in 0..<2 {
            var keeping = VaultKeeping(notifier: manager.notifier, storeLimit: limit, logger: logger)
            let received = manager.handOver()
            var vault = try keeping.open(received)
            let places = try #require(keeping.places)
            let store = ExchangeStore.open(received, places, logger: logger)
            #expect((store != nil) == (kept != nil))
            let left = Set((0..<(kept ?? 0)).map { name($0) })
            #expect((store?.left ?? []) == (round == 0 ? [] : left))
            // The second time each is there already, and kept anew.
            let numbers = try (0..<40).filter { number in
                let socket = try Socket()
                return store.flatMap { keep(name(number), socket, in: $0) } != nil
            }
            #expect(numbers == Array(0..<(kept ?? 0)))
            for _ in 0..<3 { try vault.compact() }
            #expect(manager.names.count == 1 + (kept.map { $0 + 1 } ?? 0))
            #expect(manager.names.count { $0.hasPrefix("vault-") } == 1)
            #expect(places.free == limit - manager.names.count)
        }
    }

    @Test("A manager that takes nothing keeps nothing, and is trusted with nothing")
    func deafFromTheStart() throws {
        manager.takesNothing = true
        #expect(open().store == nil)
        manager.takesNothing = false
        #expect(manager.names.isEmpty)
    }

    @Test("What cannot be stored takes no place, and is kept again when the manager hears")
    func deafWhileKeeping() throws {
        let (store, places) = open()
        let (opened, free) = (try #require(store), places.free)
        manager.takesNothing = true
        for _ in 0..<40 {
            let socket = try Socket()
            #expect(keep(name(), socket, in: opened) == nil)
        }
        #expect(places.free == free)
        try expectNothingLeft()
        manager.takesNothing = false
        let socket = try Socket()
        #expect(keep(name(), socket, in: opened)?.number == 0)
    }

    @Test("A place of whose removal the manager could not be told is not used again, whatever comes later")
    func deafWhileForgetting() throws {
        let (store, places) = open()
        let opened = try #require(store)
        do {
            let socket = try Socket()
            _ = try #require(keep(name(1), socket, in: opened))
        }
        manager.takesNothing = true
        opened.forget(name(1))
        manager.takesNothing = false
        #expect(manager.names == ["exchanges", "answer-0"])
        let isZero = try placesInMemory().allSatisfy { $0 == 0 }
        #expect(isZero)
        let numbers = try (0..<40).compactMap { number in
            let socket = try Socket()
            return keep(name(number), socket, in: opened)?.number
        }
        #expect(numbers == Array(1..<32))
        // It is told with the next move of the vault.
        let vaults = [try Socket(), try Socket()]
        manager.add(vaults[0].descriptor, name: "vault-1")
        try places.replace((vaults[0].descriptor, "vault-1"), with: (vaults[1].descriptor, "vault-2"))
        #expect(Set(manager.names) == Set(["exchanges", "vault-2"] + (1..<32).map { "answer-\($0)" }))
        let socket = try Socket()
        #expect(keep(name(40), socket, in: opened) == nil)
    }
}

extension SecretBytes {
    fileprivate var array: [UInt8] {
        borrowing get { withBytes { bytes in bytes.indices.map { bytes[$0] } } }
    }
}
