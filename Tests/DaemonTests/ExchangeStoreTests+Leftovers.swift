import Glibc
import SecretVault
import Systemd
import Testing
import TokenEndpoint

@testable import Daemon

/// What an earlier process left.
extension ExchangeStoreTests {
    enum Leftover: String, CaseIterable {
        case socketWithoutEntry, socketOfNoPlace, socketOfNoNumber, socketWithAnotherSpelling, twoSocketsOfOneName
        case entryWithoutSocket, entryOfTheSameName, brokenMemory, noMemory, twoMemories
    }

    /// Leaves it with the manager, beside an exchange with the name 1 that is as it should be, at place 0.
    private func leave(_ leftover: Leftover) throws -> [Socket] {
        var sockets: [Socket] = []
        func add(_ name: String) throws {
            let socket = try Socket()
            manager.add(socket.descriptor, name: name)
            socket.closeNear()
            sockets.append(socket)
        }
        do { _ = try #require(keep(name(1), try Socket(), in: try opened())) }
        switch leftover {
        case .socketWithoutEntry: try add("answer-3")
        case .socketOfNoPlace: try add("answer-32")
        case .socketOfNoNumber: for name in ["answer-", "answer-x", "answer--1"] { try add(name) }
        case .socketWithAnotherSpelling: for name in ["answer-00", "answer-+0"] { try add(name) }
        case .twoSocketsOfOneName: for _ in 0..<2 { try add("answer-0") }
        case .entryWithoutSocket, .entryOfTheSameName:
            let received = manager.handOver()
            defer { for entry in received.entries { close(entry.descriptor) } }
            let memory = try ExchangeMemory(adopting: try #require(received.descriptors(named: "exchanges").first))
            let (isSame, key) = (leftover == .entryOfTheSameName, Self.key)
            let place = memory.begin(
                connectionID: isSame ? "con_1" : "con_2", generation: 7, tokens: 5, isFirst: false, begunAt: 9,
                key: key.span, bytesWritten: 0, bytesRead: 0)
            if isSame, let place { try add("answer-\(place)") }
        case .brokenMemory: try replaceMemory { try add("exchanges") }
        case .noMemory: try replaceMemory {}
        case .twoMemories:
            let memory = try ExchangeMemory()
            withExtendedLifetime(memory) { manager.add(memory.fileDescriptor, name: "exchanges") }
        }
        return sockets
    }

    private func replaceMemory(_ body: () throws -> Void) throws {
        try manager.notifier.removeStored(name: "exchanges")
        try body()
    }

    @Test(
        "What does not belong together is cleaned up at the start, and what does is kept",
        arguments: Leftover.allCases)
    func leftovers(leftover: Leftover) throws {
        let sockets = try leave(leftover)
        let (store, places) = open()
        let opened = try #require(store)
        let isLost = [.twoSocketsOfOneName, .brokenMemory, .noMemory, .twoMemories].contains(leftover)
        #expect(opened.left == (isLost ? [] : [name(1)]))
        #expect(Set(manager.names) == (isLost ? ["exchanges"] : ["exchanges", "answer-0"]))
        #expect(manager.names.count == Set(manager.names).count)
        #expect(places.free == VaultKeeping.shippedLimit - manager.names.count)
        for socket in sockets { #expect(socket.receive() == "") }
        opened.forget(name(1))
        try expectNothingLeft()
        let socket = try Socket()
        #expect(keep(name(2), socket, in: opened)?.number == 0)
    }

    @Test(
        "Where there is no room for a store, what an earlier one left is let go of, and counted once",
        arguments: [2, 3])
    func noRoom(limit: Int) throws {
        let sockets = try (1..<limit).map { _ in try Socket() }
        for (socket, name) in zip(sockets, ["exchanges", "answer-0"]) {
            manager.add(socket.descriptor, name: name)
            socket.closeNear()
        }
        let (store, places) = open(limit: limit)
        #expect(store == nil)
        #expect(manager.names.isEmpty)
        #expect(places.free == limit)
        for socket in sockets { #expect(socket.receive() == "") }
    }

    @Test("A socket that the manager does not let go of at the start keeps its place from being used")
    func deafToRemovals() throws {
        _ = try leave(.entryOfTheSameName)
        manager.add(try Socket().descriptor, name: "answer-3")
        manager.refuses = "FDSTOREREMOVE=1"
        let store = try opened()
        manager.refuses = nil
        #expect(store.left == [name(1)])
        let numbers = try (2..<40).compactMap { number in
            let socket = try Socket()
            return keep(name(number), socket, in: store)?.number
        }
        #expect(numbers == [2] + Array(4..<32))
    }

    @Test("Memory that the manager does not let go of is not replaced: its later removal would be that of the new one")
    func deafToRemovalOfMemory() throws {
        let stray = try Socket()
        manager.add(stray.descriptor, name: "exchanges")
        manager.refuses = "FDSTOREREMOVE=1"
        let (store, places) = open()
        #expect(store == nil)
        #expect(manager.names == ["exchanges"])
        #expect(places.free == VaultKeeping.shippedLimit - 1)
    }
}
