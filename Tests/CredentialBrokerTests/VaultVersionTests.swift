import ConnectedAccounts
import CredentialBroker
import Foundation
import JSON
import SecretVault
import TestKit
import Testing

/// Vaults as released versions wrote them, in `Vaults`: `VERSION.vault` is the memory without the zeros at its end, `VERSION.json` what
/// `connectedAccounts.list` said before. Each is kept for good: whoever upgrades loses nothing.
@Suite("Vaults of other versions")
struct VaultVersionTests {
    static let versions = ["0.1.0"]

    private static func file(_ name: String) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vaults/\(name)")
    }

    private static func image(_ version: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: file("\(version).vault")))
    }

    /// What management says, but for what is drawn anew at each start.
    private func accounts(_ stage: Stage) throws -> [String] {
        let answer = try stage.ask("connectedAccounts.list", nil, as: Stage.operator)
        return answer["items"]?.elements.map { item in
            JSONTree.object(item.members.filter { $0.key != "nextRefreshAt" }).json
        } ?? []
    }

    /// What the vaults were written from.
    private func writer() throws -> Stage {
        let stage = try Stage()
        stage.world.advance(by: .seconds(3000))
        _ = try stage.ask("connectedAccounts.disable", ["id": "con_again"], as: Stage.operator)
        _ = try stage.ask(
            "connectedAccounts.initiate",
            ["userId": "carol", "authConfigId": "ac_weather", "config": "weather-key-of-carol", "alias": "home"],
            as: Stage.operator)
        _ = try stage.ask(
            "connectedAccounts.link", ["userId": "carol", "authConfigId": "ac_acme", "alias": "later"],
            as: Stage.operator)
        _ = try stage.ask("session.create", ["userId": "alice"])
        stage.provider.core.grants["bob"]?.isDead = true
        _ = try stage.ask("connectedAccounts.refresh", ["id": "con_bob"], as: Stage.operator)
        _ = try stage.ask("connectedAccounts.delete", ["id": "con_pipe", "revoke": false], as: Stage.operator)
        return stage
    }

    @Test("What a released version wrote is read whole", arguments: versions)
    func read(_ version: String) throws {
        // `PURSER_WRITE_VAULT=0.2.0` adds the present one, for a release.
        if let new = ProcessInfo.processInfo.environment["PURSER_WRITE_VAULT"] {
            let stage = try writer()
            try Data(stage.world.vaultImage).write(to: Self.file("\(new).vault"))
            try Data((try accounts(stage).joined(separator: "\n") + "\n").utf8).write(to: Self.file("\(new).json"))
        }
        let stage = try Stage()
        stage.world.advance(by: .seconds(3000))
        stage.world.replaceVault(with: try Self.image(version))
        try stage.restart()
        let before = String(decoding: try Data(contentsOf: Self.file("\(version).json")), as: UTF8.self)
        #expect(try accounts(stage) == before.split(separator: "\n").map(String.init))
        #expect(stage.world.broker.restored.unreadable == 0 && stage.world.broker.restored.sessions == 1)
        #expect(stage.world.broker.restored.links == 1)
        let key = try stage.ask("getAccounts", ["toolkit": "weather", "userId": "carol"], as: Stage.operator)
        #expect(key["accounts"]?.elements.first?["apiKey"] == "weather-key-of-carol")
        // Its tokens were refreshed once, and go on from there.
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-2")
    }

    @Test(
        "A vault that was cut short, or whose header is damaged, is refused and not touched", arguments: [0, 5, 13, 20])
    func damaged(_ place: Int) throws {
        let stage = try Stage()
        var image = try Self.image("0.1.0")
        image[place] ^= 0x55
        stage.world.replaceVault(with: image)
        #expect(throws: VaultError.self) { try stage.world.restart() }
        stage.world.replaceVault(with: try Self.image("0.1.0"), byteCount: 128 << 10)
        #expect(throws: VaultError.self) { try stage.world.restart() }
    }

    @Test("Damage to one record costs that record alone", arguments: 0..<40)
    func damagedRecord(_ seed: Int) throws {
        let stage = try Stage()
        stage.world.advance(by: .seconds(3000))
        var image = try Self.image("0.1.0")
        image[48 + seed * 131 % (image.count - 48)] ^= 0x55
        stage.world.replaceVault(with: image)
        try stage.restart()
        let before = String(decoding: try Data(contentsOf: Self.file("0.1.0.json")), as: UTF8.self)
        let after = Set(try accounts(stage))
        let missing = before.split(separator: "\n").map(String.init).filter { !after.contains($0) }
        #expect(missing.count <= 1, "\(missing)")
    }
}
