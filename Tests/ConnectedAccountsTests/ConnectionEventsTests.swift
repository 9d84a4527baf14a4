import Testing

@testable import ConnectedAccounts

@Suite("What listeners are told of connections")
struct ConnectionEventsTests {
    /// A directory that is listened to.
    struct Desk {
        var directory = ConnectionDirectory()
        var events: ConnectionEvents
        var timing = RefreshTiming()

        init(with connections: [Connection] = []) {
            for connection in connections { _ = directory.put(connection) }
            directory.noteChanges(true)
            events = ConnectionEvents(with: directory, now: .zero)
            _ = tell()
        }

        func nextWake(at now: BootInstant) -> BootInstant? { events.nextWake(of: directory, now: now) }

        /// "id what status generation" of each event, without `connection.`.
        mutating func tell(at now: BootInstant = .zero) -> [String] {
            events.next(of: &directory, now: now) { [timing] _ in timing }.map {
                "\($0.connectionID) \($0.kind.rawValue.dropFirst(11)) \($0.status.rawValue) \($0.generation)"
            }
        }

        mutating func change(_ id: String = "con_a", _ change: (inout ConnectionStanding) -> Void) {
            guard let slot = directory.slot(id: id) else { return }
            directory.update(slot) { change(&$0.standing) }
        }
    }

    static func connection(
        _ id: String = "con_a", user: String = "ada", lifetime: Duration? = .seconds(1000), isRefreshable: Bool = true,
        createdAt: Int64 = 1
    ) -> Connection {
        var connection = Connection(
            id: id, userID: user, authConfigID: "ac", provider: "acme", toolkit: "acme", authScheme: .oauth2,
            alias: nil, accounts: [], scopes: "", createdAt: WallInstant(seconds: createdAt))
        connection.standing.life = life(1, lifetime: lifetime, isRefreshable: isRefreshable)
        return connection
    }

    static func life(
        _ generation: UInt64, obtainedAt: BootInstant = .zero, lifetime: Duration? = .seconds(1000),
        isRefreshable: Bool = true
    ) -> TokenLife {
        TokenLife(
            generation: generation, obtainedAt: obtainedAt, lifetime: lifetime, isRefreshable: isRefreshable)
    }

    static let rejected = GrantVerdict.rejected(StatusReason("invalid_grant"))
    static let revoked = GrantVerdict.revoked(StatusReason("revoked_by_provider"))

    // MARK: Changes

    /// One change of the standing of a connection that was ACTIVE with generation 1.
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var first: @Sendable (inout ConnectionStanding) -> Void
        var then: @Sendable (inout ConnectionStanding) -> Void
        var told: [String]

        init(
            _ name: String, first: @escaping @Sendable (inout ConnectionStanding) -> Void = { _ in },
            then: @escaping @Sendable (inout ConnectionStanding) -> Void, told: [String]
        ) {
            testDescription = name
            (self.first, self.then, self.told) = (first, then, told)
        }
    }

    static let rows = [
        Row("nothing", then: { _ in }, told: []),
        Row("a failed refresh", then: { $0.lastFailure = .upstreamUnavailable }, told: []),
        Row("a new generation", then: { $0.life = life(2) }, told: ["refreshed ACTIVE 2"]),
        Row(
            "a new generation that has ended",
            then: { $0.life = life(2, lifetime: .zero) }, told: ["expired EXPIRED 2"]),
        Row("rejected", then: { $0.verdict = rejected }, told: ["failed FAILED 1"]),
        Row("revoked", then: { $0.verdict = revoked }, told: ["revoked REVOKED 1"]),
        Row("uncertain", then: { $0.verdict = .uncertain }, told: []),
        Row("no credentials any more", then: { $0.life = nil }, told: ["expired EXPIRED 0"]),
        Row("disabled", then: { $0.isDisabled = true }, told: ["disabled INACTIVE 1"]),
        Row(
            "rejected while disabled", first: { $0.isDisabled = true }, then: { $0.verdict = rejected }, told: []),
        Row(
            "refreshed while disabled, to keep it alive", first: { $0.isDisabled = true },
            then: { $0.life = life(2) }, told: ["refreshed INACTIVE 2"]),
        Row(
            "enabled", first: { $0.isDisabled = true }, then: { $0.isDisabled = false },
            told: ["enabled ACTIVE 1"]),
        Row(
            "enabled, and rejected meanwhile", first: { $0.isDisabled = true },
            then: {
                $0.isDisabled = false
                $0.verdict = rejected
            }, told: ["enabled FAILED 1", "failed FAILED 1"]),
        Row(
            "connected again after a rejection", first: { $0.verdict = rejected },
            then: { $0 = ConnectionStanding(life: life(2)) }, told: ["refreshed ACTIVE 2", "recovered ACTIVE 2"]),
        Row(
            "connected again after a revocation", first: { $0.verdict = revoked },
            then: { $0 = ConnectionStanding(life: life(2)) }, told: ["refreshed ACTIVE 2", "recovered ACTIVE 2"]),
        Row(
            "a rejected one that is withdrawn", first: { $0.verdict = rejected },
            then: { $0.verdict = revoked }, told: ["revoked REVOKED 1"]),
        Row(
            "still rejected, for another reason", first: { $0.verdict = rejected },
            then: { $0.verdict = .rejected(StatusReason("bad_refresh_token")) }, told: []),
    ]

    @Test("Each change is told as what it is", arguments: rows)
    func changes(_ row: Row) {
        var desk = Desk(with: [Self.connection()])
        desk.change { row.first(&$0) }
        _ = desk.tell()
        desk.change { row.then(&$0) }
        #expect(desk.tell() == row.told.map { "con_a \($0)" })
        #expect(desk.tell().isEmpty)
    }

    @Test("Of those that are there at the beginning nothing is told")
    func beginning() {
        var desk = Desk(with: [Self.connection(), Self.connection("con_b", lifetime: .zero)])
        #expect(desk.tell().isEmpty)
    }

    @Test("A connection that is gone before it was looked at for the first time is told as gone")
    func goneEarly() {
        var directory = ConnectionDirectory()
        for id in ["con_a", "con_b"] { _ = directory.put(Self.connection(id)) }
        directory.noteChanges(true)
        var events = ConnectionEvents(with: directory, now: .zero)
        directory.remove(0)
        _ = directory.put(Self.connection("con_c"))
        directory.update(1) { $0.standing.verdict = Self.rejected }
        var told: [String] = []
        repeat {
            told += events.next(of: &directory, now: .zero) { _ in RefreshTiming() }.map {
                "\($0.connectionID) \($0.kind.rawValue)"
            }
        } while events.nextWake(of: directory, now: .zero) == .zero
        #expect(told == ["con_b connection.failed", "con_a connection.deleted", "con_c connection.created"])
    }

    @Test("What was undone between two looks is not told, several steps are told as their sum")
    func sums() {
        var desk = Desk(with: [Self.connection()])
        desk.change { $0.isDisabled = true }
        desk.change { $0.isDisabled = false }
        #expect(desk.tell().isEmpty)
        desk.change { $0.life = Self.life(2) }
        desk.change { $0.verdict = Self.rejected }
        #expect(desk.tell() == ["con_a refreshed FAILED 2", "con_a failed FAILED 2"])
    }

    // MARK: Coming and going

    @Test("A new connection is told once, in whatever status")
    func created() {
        var desk = Desk()
        _ = desk.directory.put(Self.connection())
        _ = desk.directory.put(Self.connection("con_b", lifetime: .zero))
        #expect(desk.tell() == ["con_a created ACTIVE 1", "con_b created EXPIRED 1"])
        _ = desk.directory.put(Self.connection())
        #expect(desk.tell().isEmpty)
        desk.change("con_b") { $0.life = Self.life(2) }
        #expect(desk.tell() == ["con_b refreshed ACTIVE 2", "con_b recovered ACTIVE 2"])
    }

    @Test("A deleted one is told with what was last known of it; its slot's next is another")
    func deleted() throws {
        var desk = Desk(with: [Self.connection(), Self.connection("con_b")])
        desk.change { $0.isDisabled = true }
        _ = desk.tell()
        desk.directory.remove(try #require(desk.directory.slot(id: "con_a")))
        _ = desk.directory.put(Self.connection("con_c"))
        #expect(desk.tell() == ["con_a deleted INACTIVE 1"])
        #expect(desk.tell() == ["con_c created ACTIVE 1"])
    }

    @Test("One that came and went between two looks is not told")
    func shortLived() throws {
        var desk = Desk()
        desk.directory.remove(desk.directory.put(Self.connection()))
        #expect(desk.tell().isEmpty)
    }

    @Test("Connections that come back in other places are told as gone first")
    func swapped() {
        var desk = Desk(with: [Self.connection(), Self.connection("con_b")])
        for slot in [0, 1] { desk.directory.remove(slot) }
        for id in ["con_a", "con_b"] { _ = desk.directory.put(Self.connection(id, createdAt: 2)) }
        #expect(desk.directory.slot(id: "con_a") == 1)
        let told = desk.tell() + desk.tell()
        #expect(told.prefix(2).allSatisfy { $0.contains("deleted") })
        #expect(told.suffix(2).allSatisfy { $0.contains("created") })
        #expect(told.count == 4)
    }

    @Test("The same id with another user is another connection: those who saw the old one hear of its end")
    func anotherUser() {
        var desk = Desk(with: [Self.connection()])
        _ = desk.directory.put(Self.connection(user: "bob"))
        let events = desk.events.next(of: &desk.directory, now: .zero) { _ in RefreshTiming() }
        #expect(events.map(\.kind) == [.deleted])
        #expect(events.map(\.userID) == ["ada"])
        #expect(desk.nextWake(at: .zero) == .zero)
        let later = desk.events.next(of: &desk.directory, now: .zero) { _ in RefreshTiming() }
        #expect(later.map(\.kind) == [.created])
        #expect(later.map(\.userID) == ["bob"])
    }

    // MARK: Time

    @Test("A token that cannot be refreshed is told before its end, in time, and at its end")
    func cannotBeRefreshed() {
        var desk = Desk(with: [Self.connection(isRefreshable: false)])
        #expect(desk.nextWake(at: .zero) == .seconds(820))
        #expect(desk.tell(at: .seconds(819)).isEmpty)
        #expect(desk.tell(at: .seconds(820)) == ["con_a expiring ACTIVE 1"])
        #expect(desk.nextWake(at: .seconds(820)) == .seconds(1000))
        #expect(desk.tell(at: .seconds(999)).isEmpty)
        #expect(desk.tell(at: .seconds(1000)) == ["con_a expired EXPIRED 1"])
        #expect(desk.nextWake(at: .seconds(1000)) == nil)
    }

    @Test("One whose refresh fails is told when it should have been refreshed, one that is late half-way from there")
    func failing() {
        var desk = Desk(with: [Self.connection(), Self.connection("con_b")])
        desk.change { $0.lastFailure = .upstreamUnavailable }
        #expect(desk.tell(at: .seconds(700)).isEmpty)
        #expect(desk.nextWake(at: .seconds(700)) == .seconds(820))
        #expect(desk.tell(at: .seconds(820)) == ["con_a expiring ACTIVE 1"])
        #expect(desk.tell(at: .seconds(909)).isEmpty)
        #expect(desk.tell(at: .seconds(910)) == ["con_b expiring ACTIVE 1"])
        desk.change("con_b") { $0.life = Self.life(2, obtainedAt: .seconds(950)) }
        #expect(desk.tell(at: .seconds(950)) == ["con_b refreshed ACTIVE 2"])
        #expect(desk.tell(at: .seconds(1000)) == ["con_a expired EXPIRED 1"])
        #expect(desk.nextWake(at: .seconds(1000)) == .seconds(950 + 910))
    }

    @Test("A refresh that fails near the end is told at once, once for each generation")
    func failsLate() {
        var desk = Desk(with: [Self.connection()])
        for _ in 0..<3 {
            desk.change { $0.lastFailure = .upstreamUnavailable }
            _ = desk.tell(at: .seconds(810))
        }
        desk.change { $0.lastFailure = StatusReason("invalid_client") }
        #expect(desk.tell(at: .seconds(830)) == ["con_a expiring ACTIVE 1"])
        desk.change { $0.isDisabled = true }
        #expect(desk.tell(at: .seconds(831)) == ["con_a disabled INACTIVE 1"])
        #expect(desk.nextWake(at: .seconds(831)) != .seconds(831))
        desk.change { $0.isDisabled = false }
        #expect(desk.tell(at: .seconds(832)) == ["con_a enabled ACTIVE 1"])
        desk.change { $0 = ConnectionStanding(life: Self.life(2, obtainedAt: .seconds(840))) }
        #expect(desk.tell(at: .seconds(840)) == ["con_a refreshed ACTIVE 2"])
        desk.change { $0.lastFailure = .upstreamUnavailable }
        #expect(desk.tell(at: .seconds(1660)) == ["con_a expiring ACTIVE 2"])
    }

    @Test("After a long sleep only the end is told")
    func suspended() {
        var desk = Desk(with: [Self.connection(isRefreshable: false)])
        #expect(desk.tell(at: .seconds(5000)) == ["con_a expired EXPIRED 1"])
    }

    @Test("A token without an end is never told of by time, nor one that is disabled or rejected")
    func timeless() {
        var desk = Desk(with: [Self.connection(lifetime: nil), Self.connection("con_b"), Self.connection("con_c")])
        desk.change("con_b") { $0.isDisabled = true }
        desk.change("con_c") { $0.verdict = Self.rejected }
        #expect(desk.tell().count == 2)
        #expect(desk.tell(at: .seconds(1e9)).isEmpty)
        desk.change("con_b") { $0.isDisabled = false }
        #expect(desk.tell(at: .seconds(1e9)) == ["con_b enabled EXPIRED 1", "con_b expired EXPIRED 1"])
    }

    @Test("The provider's own margin counts")
    func margins() {
        var desk = Desk(with: [Self.connection(isRefreshable: false)])
        desk.timing = RefreshTiming(margin: .seconds(500))
        desk.change { _ in }
        #expect(desk.tell(at: .seconds(1)).isEmpty)
        #expect(desk.nextWake(at: .seconds(1)) == .seconds(550))
    }

    // MARK: Bounds

    @Test("Many at once are told in parts, none twice and none forgotten")
    func parts() {
        var desk = Desk()
        let count = 2 * ConnectionEvents.mostAtOnce + 10
        for number in 0..<count { _ = desk.directory.put(Self.connection("con_\(number)")) }
        var told: [String] = []
        repeat {
            let part = desk.tell()
            #expect(part.count <= ConnectionEvents.mostAtOnce)
            told += part
        } while desk.nextWake(at: .zero) == .zero
        #expect(Set(told).count == count)
        #expect(told.count == count)
        for slot in 0..<count { desk.directory.remove(slot) }
        var ends = 0
        repeat {
            let part = desk.tell()
            #expect(part.count <= ConnectionEvents.mostAtOnce)
            ends += part.count
        } while desk.nextWake(at: .zero) == .zero
        #expect(ends == count)
    }

    @Test("Nothing is noted while nobody listens, and one note a connection while somebody does")
    func notes() {
        var directory = ConnectionDirectory()
        let slot = directory.put(Self.connection())
        #expect(!directory.hasNotedChanges)
        directory.noteChanges(true)
        for _ in 0..<100 { directory.update(slot) { _ in } }
        #expect(directory.hasNotedChanges)
        #expect(directory.takeNotedChanges() == [slot])
        #expect(directory.takeNotedChanges().isEmpty)
        directory.update(slot) { _ in }
        directory.noteChanges(false)
        #expect(!directory.hasNotedChanges)
    }

    @Test("Tokens that are refreshed again and again leave nothing behind")
    func memory() {
        var desk = Desk(with: [Self.connection()])
        var now = BootInstant.zero
        for generation in 2..<2000 as Range<UInt64> {
            now = now.advanced(by: .seconds(1))
            desk.change { $0.life = Self.life(generation, obtainedAt: now) }
            #expect(desk.tell(at: now).count == 1)
        }
        #expect(desk.events.wakesHeld <= 66)
    }
}
