import ConnectedAccounts
import JSON
import TestKit
import Testing

struct NotificationTests {
    @Test("Each example of a notification holds as written", arguments: Contract.notificationExamples.indices)
    func exampleHolds(_ index: Int) throws {
        let contract = try Contract.shared.get()
        let example = Contract.notificationExamples[index]
        let world = try ExampleWorld(contract)
        let line = world.world.connect(uid: try ExampleWorld.uid(example["caller"]?.string ?? "research"))
        let answer = try world.world.ask("events.subscribe", example["params"], on: line)
        let id = try #require(answer["subscriptionId"])
        for event in example["then"]?.elements ?? [] { try world.happen(event) }
        let received = line.notifications
        let comparison = ExampleComparison(document: contract.document)
        #expect(
            comparison.differences(.array(received), example["receive"] ?? .null) == [],
            "\(example["name"]?.json ?? "")")
        #expect(received.allSatisfy { $0["subscriptionId"] == id })
        #expect(received.allSatisfy { fits($0, contract) })
    }

    @Test("Everything that subscribers are told fits one of the schemas")
    func schemas() throws {
        let contract = try Contract.shared.get()
        let world = try ExampleWorld(contract)
        let line = world.world.connect(uid: 0)
        _ = try world.world.ask("events.subscribe", [:], on: line)
        try toggle("con_gmail", in: world)
        try world.happen(["provider": "google", "outage": true])
        try world.happen(["advance": 4000])
        try world.happen(["provider": "google", "outage": false])
        try world.happen(["advance": 1000])
        try world.happen(["provider": "google", "refuses": "invalid_grant"])
        try world.happen(["advance": 4000])
        line.isReading = false
        for _ in 0..<150 { try toggle("con_xero", in: world) }
        line.isReading = true
        let types = Set(line.notifications.compactMap { $0["type"]?.string })
        let expected = ["disabled", "enabled", "expiring", "expired", "failed", "refreshed", "recovered"]
        #expect(types.isSuperset(of: expected.map { "connection.\($0)" } + ["lagged"]))
        for event in line.notifications { #expect(fits(event, contract), "\(event.json)") }
    }

    @Test("The contract has exactly the types that there are")
    func types() throws {
        let contract = try Contract.shared.get()
        let names = contract.document["components"]?["schemas"]?["EventType"]?["enum"]?.elements.compactMap(\.string)
        #expect(names == ConnectionEvent.Kind.allCases.map(\.rawValue))
    }

    private func toggle(_ id: String, in world: ExampleWorld) throws {
        for method in ["connectedAccounts.disable", "connectedAccounts.enable"] {
            let call: JSONTree = ["method": .string(method), "params": [.string(id)], "caller": "operator"]
            try world.happen(["call": call])
        }
    }

    private func fits(_ event: JSONTree, _ contract: Contract) -> Bool {
        let checker = SchemaChecker(document: contract.document)
        let schemas = Contract.notification["schemas"]?.elements ?? []
        return schemas.contains { checker.problems(event, $0) == [] }
    }
}
