import ConnectedAccounts
import JSON
import Synchronization
import TestKit
import Testing

@testable import CredentialBroker

/// Subscriptions: their bounds, their ends, and those that do not read.
struct SubscriptionTests {
    private func subscribe(_ stage: Stage, on line: Line) throws -> String {
        try stage.world.ask("events.subscribe", [:], on: line)["subscriptionId"]?.string ?? ""
    }

    private func toggle(_ stage: Stage, times: Int = 1) throws {
        for _ in 0..<times {
            for method in ["disable", "enable"] {
                _ = try stage.ask("connectedAccounts.\(method)", ["con_acme"], as: Stage.operator)
            }
        }
    }

    private func types(_ line: Line) -> [String] { line.notifications.map { $0["type"]?.string ?? "" } }

    // MARK: Ends

    @Test(
        "After unsubscribe nothing comes, from this connection or another of the same agent", arguments: [true, false])
    func unsubscribe(_ isSame: Bool) throws {
        let stage = try Stage()
        let line = stage.world.connect(uid: Stage.alice)
        let id = try subscribe(stage, on: line)
        try toggle(stage)
        #expect(types(line).count == 2)
        #expect(line.isSubscribed)
        let other = isSame ? line : stage.world.connect(uid: Stage.alice)
        line.isReading = false
        try toggle(stage)
        let answer = try stage.world.ask("events.unsubscribe", ["subscriptionId": .string(id)], on: other)
        #expect(answer["success"] == true)
        line.isReading = true
        try toggle(stage)
        #expect(types(line).count == 2, "what was on the way is dropped too")
        #expect(!line.isSubscribed)
        let again = try stage.world.ask("events.unsubscribe", ["subscriptionId": .string(id)], on: line)
        #expect(again.errorName == "FORBIDDEN")
    }

    @Test("Another agent cannot end it")
    func foreignUnsubscribe() throws {
        let stage = try Stage()
        let line = stage.world.connect(uid: Stage.alice)
        let params: JSONTree = ["subscriptionId": .string(try subscribe(stage, on: line))]
        #expect(try stage.ask("events.unsubscribe", params, as: Stage.bob).errorName == "FORBIDDEN")
        #expect(try stage.ask("events.unsubscribe", params, as: Stage.operator).errorName == "NOT_FOUND")
        try toggle(stage)
        #expect(types(line).count == 2)
    }

    @Test("Two subscriptions of one connection are told apart, and end one by one")
    func two() throws {
        let stage = try Stage()
        let line = stage.world.connect(uid: Stage.alice)
        let (first, second) = (try subscribe(stage, on: line), try subscribe(stage, on: line))
        try toggle(stage)
        #expect(line.notifications.filter { $0["subscriptionId"]?.string == first }.count == 2)
        #expect(line.notifications.filter { $0["subscriptionId"]?.string == second }.count == 2)
        _ = try stage.world.ask("events.unsubscribe", ["subscriptionId": .string(first)], on: line)
        try toggle(stage)
        #expect(line.notifications.filter { $0["subscriptionId"]?.string == first }.count == 2)
        #expect(line.notifications.filter { $0["subscriptionId"]?.string == second }.count == 4)
    }

    @Test("A reload that takes the right away ends it, and says so", arguments: [true, false])
    func forbiddenByReload(_ isAnotherAgent: Bool) throws {
        let stage = try Stage()
        let line = stage.world.connect(uid: Stage.alice)
        let id = try subscribe(stage, on: line)
        let bob = stage.world.connect(uid: Stage.bob)
        _ = try subscribe(stage, on: bob)
        stage.yaml =
            isAnotherAgent
            ? stage.yaml.replacing("- name: alice", with: "- name: alicia")
            : stage.yaml.replacing("\"sessions:create\", \"events:read\"", with: "\"sessions:create\"")
        try stage.reload()
        #expect(line.notifications == [["subscriptionId": .string(id), "type": "ended", "reason": "FORBIDDEN"]])
        #expect(!line.isSubscribed)
        #expect(bob.isSubscribed)
        try toggle(stage)
        #expect(line.notifications.count == 1)
    }

    @Test("A reload that narrows the grants narrows what is told")
    func narrowedByReload() throws {
        let stage = try Stage()
        let line = stage.world.connect(uid: Stage.alice)
        _ = try subscribe(stage, on: line)
        stage.yaml = stage.yaml.replacing(
            "users: [alice]\n        toolkits: [\"*\"]", with: "users: [alice]\n        toolkits: [gmail]")
        try stage.reload()
        try toggle(stage)
        #expect(line.notifications.isEmpty)
        _ = try stage.ask("connectedAccounts.disable", ["con_gmail"], as: Stage.operator)
        #expect(line.notifications.map { $0["connectionId"] } == ["con_gmail"])
    }

    // MARK: Bounds

    @Test("An agent has so many and no more; those whose peer is gone count no more")
    func bounds() throws {
        let stage = try Stage()
        let line = stage.world.connect(uid: Stage.alice)
        let gone = stage.world.connect(uid: Stage.alice)
        _ = try subscribe(stage, on: gone)
        for _ in 1..<EventListening.limitPerAgent { _ = try subscribe(stage, on: line) }
        #expect(try stage.ask("events.subscribe").errorName == "RATE_LIMITED")
        _ = try subscribe(stage, on: stage.world.connect(uid: Stage.bob))
        gone.abandon()
        _ = try subscribe(stage, on: line)
        #expect(try stage.ask("events.subscribe").errorName == "RATE_LIMITED")
    }

    @Test("While nobody listens nothing is noted, also after the last one has left", arguments: [true, false])
    func nobody(_ leaves: Bool) throws {
        let stage = try Stage()
        func isListening() -> Bool { stage.world.broker.withState { state, _ in state.listening.events != nil } }
        #expect(!isListening())
        let line = stage.world.connect(uid: Stage.alice)
        let id = try subscribe(stage, on: line)
        #expect(isListening())
        if leaves {
            line.abandon()
            stage.world.advance(by: .seconds(1))
        } else {
            _ = try stage.world.ask("events.unsubscribe", ["subscriptionId": .string(id)], on: line)
        }
        #expect(!isListening())
        try toggle(stage)
        #expect(stage.world.broker.withState { state, _ in !state.directory.hasNotedChanges })
    }

    @Test("While the daemon stops there are no new ones")
    func stopping() throws {
        let stage = try Stage()
        stage.world.broker.beginStopping()
        #expect(try stage.ask("events.subscribe").errorName == "SHUTTING_DOWN")
    }

    // MARK: Those who do not read

    @Test("Who does not read misses events, is told how many as soon as it reads, and hears later ones after that")
    func lagging() throws {
        let stage = try Stage()
        let line = stage.world.connect(uid: Stage.alice)
        let reader = stage.world.connect(uid: Stage.alice)
        _ = try subscribe(stage, on: line)
        _ = try subscribe(stage, on: reader)
        line.isReading = false
        for _ in 0..<300 {
            try toggle(stage)
            reader.collect()
        }
        #expect(types(reader).count == 600, "one that lags holds up no other")
        line.isReading = true
        let kept = types(line).count { $0 != "lagged" }
        #expect((100...256).contains(kept))
        #expect(types(line).last == "lagged", "it comes without another event")
        #expect(line.notifications.last?["missed"]?.int == 600 - kept)
        #expect(Array(types(line).prefix(kept)) == Array(types(reader).prefix(kept)))
        try toggle(stage)
        #expect(types(line).suffix(2) == ["connection.disabled", "connection.enabled"])
        #expect(types(line).count { $0 == "lagged" } == 1)
        try stage.world.check()
    }

    @Test("Its backlog is bounded, whatever happens")
    func backlog() throws {
        let stage = try Stage()
        let line = stage.world.connect(uid: Stage.alice)
        for _ in 0..<4 { _ = try subscribe(stage, on: line) }
        line.isReading = false
        try toggle(stage, times: 300)
        line.isReading = true
        #expect(line.notifications.count <= 256 + 4)
        let missed = line.notifications.compactMap { $0["missed"]?.int }.reduce(0, +)
        #expect(line.notifications.count { $0["missed"] == nil } + missed == 4 * 600)
    }

    // MARK: As the daemon runs

    @Test(
        "With the refresher running, events come without time passing, while subscribers come and go on other threads")
    func race() async throws {
        let world = try World(transport: ScriptedTransport(clock: ManualClock()) { _ in .unreachable })
        try world.apply(yaml: StageText.yaml, secrets: StageText.secrets)
        let broker = world.broker
        let refresher = Task { await broker.run() }
        let listener = world.connect(uid: Stage.operator)
        listener.send(#"{"jsonrpc":"2.0","id":1,"method":"events.subscribe"}"#)
        let visitors = Visitors(world)
        let visits = Task.detached { await visitors.comeAndGo() }
        let caller = world.connect(uid: Stage.operator)
        for round in 0..<10 {
            for (number, type) in ["disable", "enable"].enumerated() {
                _ = caller.begin("connectedAccounts.\(type)", ["con_acme"])
                await listener.arrival { listener.notifications.count > 2 * round + number }
                #expect(listener.notifications.last?["type"]?.string == "connection.\(type)d")
            }
        }
        await visits.value
        #expect(listener.notifications.count == 20)
        refresher.cancel()
        await refresher.value
        try world.check()
    }
}

/// Subscribers that come and go, on a thread of their own.
private final class Visitors: @unchecked Sendable {
    // Sendable: only its broker is used elsewhere at the same time, and that is Sendable.
    private let world: World

    init(_ world: World) { self.world = world }

    func comeAndGo() async {
        for number in 0..<200 {
            visit(isPolite: number.isMultiple(of: 2))
            await Task.yield()
        }
    }

    private func visit(isPolite: Bool) {
        let line = world.connect(uid: Stage.alice)
        let id = line.begin("events.subscribe")
        guard let subscription = line.answer(to: id)?["result"]?["subscriptionId"] else { return }
        if isPolite {
            _ = line.begin("events.unsubscribe", ["subscriptionId": subscription])
        } else {
            line.abandon()
        }
    }
}
