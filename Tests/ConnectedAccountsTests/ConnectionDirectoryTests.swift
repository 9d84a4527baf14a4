import Testing

@testable import ConnectedAccounts

@Suite("The directory of connections")
struct ConnectionDirectoryTests {
    @Test("A connection is found by id, alias and each account's selector")
    func finds() {
        var directory = ConnectionDirectory()
        let slot = directory.put(connection("con_1", alias: "work", accounts: ["org-1", "org-2"]))
        #expect(directory.slot(id: "con_1") == slot)
        #expect(directory.find("con_1") == [AccountPlace(slot: slot, index: 0), AccountPlace(slot: slot, index: 1)])
        #expect(directory.find("work") == directory.find("con_1"))
        #expect(directory.find("org-2") == [AccountPlace(slot: slot, index: 1)])
        #expect(directory.find("") == [] && directory.find("Work") == [] && directory.find("con_") == [])
    }

    @Test("A name that stands for several gives them all, and an id stands for its own alone")
    func several() {
        var directory = ConnectionDirectory()
        let one = directory.put(connection("con_1", alias: "work", accounts: ["ann"]))
        let two = directory.put(connection("con_2", alias: "work", accounts: ["ann", "bob"]))
        let three = directory.put(connection("con_3", alias: "con_1", accounts: ["con_2"]))
        #expect(Set(directory.find("ann").map(\.slot)) == [one, two])
        #expect(directory.find("work").count == 3)
        #expect(Set(directory.find("con_1").map(\.slot)) == [one] && Set(directory.find("con_2").map(\.slot)) == [two])
        #expect(directory.find("con_3").map(\.slot) == [three])
    }

    @Test("An alias that is also the selector of the same connection stands for it once")
    func aliasIsSelector() {
        var directory = ConnectionDirectory()
        let slot = directory.put(connection("con_1", alias: "ann", accounts: ["ann", "bob"]))
        #expect(directory.find("ann") == directory.places(of: slot))
    }

    @Test("A changed alias is found from then on, the old one is not, and going back leaves no double")
    func aliasChanges() {
        var directory = ConnectionDirectory()
        let slot = directory.put(connection("con_1", alias: "work", accounts: ["ann"]))
        directory.update(slot) { $0.alias = "home" }
        #expect(directory.find("home").count == 1 && directory.find("work").isEmpty)
        directory.update(slot) { $0.alias = nil }
        #expect(directory.find("home").isEmpty && directory.find("ann").count == 1)
        directory.update(slot) { $0.alias = "work" }
        _ = directory.put(connection("con_1", alias: "work", accounts: ["ann"]))
        #expect(directory.find("work").count == 1)
    }

    @Test("A removed connection is found by nothing, and whoever gets its slot is not found by its names")
    func removal() {
        var directory = ConnectionDirectory()
        let slot = directory.put(connection("con_1", alias: "work", accounts: ["ann"]))
        directory.remove(slot)
        directory.remove(slot)
        directory.remove(99)
        directory.update(slot) { $0.alias = "ghost" }
        #expect(directory.count == 0 && directory[slot] == nil && directory.find("work").isEmpty)
        let next = directory.put(connection("con_2", accounts: ["bob"]))
        #expect(next == slot)
        #expect(directory.find("ann").isEmpty && directory.find("con_1").isEmpty && directory.find("bob").count == 1)
        let third = directory.put(connection("con_3", accounts: ["eve"]))
        #expect(third != slot)
    }

    @Test("The order is that of creation, then of ids, after every arrival, departure and replacement")
    func order() {
        var directory = ConnectionDirectory()
        for (id, time) in [("con_b", 5), ("con_a", 5), ("con_z", 1), ("con_y", 9)] {
            _ = directory.put(connection(id, createdAt: Int64(time)))
        }
        #expect(ids(directory) == ["con_z", "con_a", "con_b", "con_y"])
        directory.slot(id: "con_a").map { directory.remove($0) }
        #expect(ids(directory) == ["con_z", "con_b", "con_y"])
        _ = directory.put(connection("con_z", createdAt: 7))
        #expect(ids(directory) == ["con_b", "con_z", "con_y"])
        _ = directory.put(connection("con_c", createdAt: 6))
        #expect(ids(directory) == ["con_b", "con_c", "con_z", "con_y"])
    }

    @Test("A slot's version is another after each change of what is in it, and after no other")
    func versions() {
        var directory = ConnectionDirectory()
        let slot = directory.put(connection("con_1"))
        let other = directory.put(connection("con_2"))
        var seen = [0, directory.version(slot)]
        directory.update(slot) { $0.scopes = "repo" }
        seen.append(directory.version(slot))
        _ = directory.put(connection("con_1"))
        seen.append(directory.version(slot))
        directory.remove(slot)
        seen.append(directory.version(slot))
        let next = directory.put(connection("con_3"))
        seen.append(directory.version(slot))
        #expect(next == slot && Set(seen).count == seen.count)
        #expect(directory.version(other) == 1 && directory.version(99) == 0 && directory.version(-1) == 0)
    }

    @Test("Slots that never were give nothing", arguments: [-1, 0, 1, Int.max, Int.min])
    func foreignSlots(slot: Int) {
        var directory = ConnectionDirectory()
        directory.update(slot) { $0.scopes = "x" }
        directory.remove(slot)
        #expect(directory[slot] == nil && directory.places(of: slot).isEmpty)
    }

    @Test("After any sequence of changes the index answers as a plain list would", arguments: 0..<40 as Range<UInt64>)
    func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var directory = ConnectionDirectory()
        var model: [Connection] = []
        for _ in 0..<100 {
            change(&directory, &model, &random)
            for reference in Self.names + Self.ids {
                let found = Set(directory.find(reference).map { "\(directory[$0.slot]?.id ?? "?")#\($0.index)" })
                let doubles = directory.find(reference).count != found.count
                guard found == expected(reference, in: model), !doubles else {
                    Issue.record("seed \(seed): \(reference) gives \(directory.find(reference))")
                    return
                }
            }
            let inOrder = model.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
            let ordered = directory.orderedSlots()
            guard directory.count == model.count, ordered.map({ directory[$0] }) == inOrder else {
                Issue.record("seed \(seed): order or content differ")
                return
            }
        }
    }

    static let ids = (0..<6).map { "con_\($0)" }
    static let names = ["work", "home", "ann", "bob", "con_0"]

    private func change(
        _ directory: inout ConnectionDirectory, _ model: inout [Connection], _ random: inout SeededRandom
    ) {
        let id = Self.ids[random.below(Self.ids.count)]
        let position = model.firstIndex { $0.id == id }
        switch random.below(4) {
        case 0:
            if let slot = directory.slot(id: id) { directory.remove(slot) }
            if let position { model.remove(at: position) }
        case 1:
            guard let slot = directory.slot(id: id), let position else { return }
            let alias = random.chance(50) ? Self.names[random.below(Self.names.count)] : nil
            let accounts = Self.accounts(&random)
            let isRenamed = random.chance(50)
            func change(_ connection: inout Connection) {
                connection.scopes += "+"
                guard isRenamed else { return }
                connection.alias = alias
                connection.accounts = accounts
            }
            directory.update(slot, change)
            change(&model[position])
        default:
            var new = connection(id, createdAt: Int64(random.below(4)))
            new.alias = random.chance(50) ? Self.names[random.below(Self.names.count)] : nil
            new.accounts = Self.accounts(&random)
            _ = directory.put(new)
            if let position { model[position] = new } else { model.append(new) }
        }
    }

    private static func accounts(_ random: inout SeededRandom) -> [Account] {
        (0..<random.below(4)).map { _ in Account(identifier: names[random.below(names.count)], displayName: "") }
    }

    private func expected(_ reference: String, in model: [Connection]) -> Set<String> {
        let named = model.filter { $0.id == reference }
        let candidates = named.isEmpty ? model : named
        return Set(
            candidates.flatMap { connection in
                // One without accounts stands for itself, by its id and its alias.
                if connection.accounts.isEmpty, !named.isEmpty || connection.alias == reference {
                    return ["\(connection.id)#0"]
                }
                return connection.accounts.indices
                    .filter {
                        !named.isEmpty || connection.alias == reference
                            || connection.accounts[$0].identifier == reference
                    }
                    .map { "\(connection.id)#\($0)" }
            })
    }

    private func ids(_ directory: ConnectionDirectory) -> [String] {
        var directory = directory
        return directory.orderedSlots().compactMap { directory[$0]?.id }
    }

    private func connection(
        _ id: String, alias: String? = nil, accounts: [String] = ["me"], createdAt: Int64 = 0
    ) -> Connection {
        Connection(
            id: id, userID: "ann", authConfigID: "ac_1", provider: "github", toolkit: "github", authScheme: .oauth2,
            alias: alias, accounts: accounts.map { Account(identifier: $0, displayName: $0) }, scopes: "",
            createdAt: WallInstant(seconds: createdAt))
    }
}
