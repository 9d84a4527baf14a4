import ConnectedAccounts
import JSON
import TestKit
import Testing

@testable import CredentialBroker

/// An auth config that is given another provider by mistake, and back: what is known of the accounts connected with it at run
/// time stays, and what is spent is not presented.
struct MendedConfigurationTests {
    private static let mistake = ("ac_acme: { provider: acme,", "ac_acme: { provider: grace,")

    /// An account that was connected at run time, whose grant is `run`.
    private func connected() throws -> (stage: Stage, id: String) {
        let stage = try Stage()
        let id = try #require(try stage.connectAtRunTime())
        #expect(try stage.status(id) == "ACTIVE -")
        return (stage, id)
    }

    private func make(_ mistake: Bool, in stage: Stage) {
        let (right, wrong) = Self.mistake
        #expect(stage.yaml.contains(mistake ? right : wrong))
        stage.yaml = stage.yaml.replacing(mistake ? right : wrong, with: mistake ? wrong : right)
    }

    @Test("A token whose answer was lost is not presented again after the mistake is mended")
    func staysUncertain() throws {
        let (stage, id) = try connected()
        stage.provider.override = { $0.refreshToken == "canary-refresh-run-1" ? .lost : nil }
        stage.world.advance(by: .seconds(7200))
        #expect(try stage.status(id) == "EXPIRED uncertain")
        for mistake in [true, false] {
            make(mistake, in: stage)
            try stage.reload()
            stage.world.advance(by: .seconds(7200))
        }
        #expect(try stage.status(id) == "EXPIRED uncertain")
        #expect(stage.presentations("run").count == 1)
    }

    @Test("An answer that comes while the configuration is mistaken is taken in")
    func takesTheAnswer() throws {
        let (stage, id) = try connected()
        stage.provider.override = { $0.refreshToken == "canary-refresh-run-1" ? .hold : nil }
        stage.world.advance(by: .seconds(3000))
        make(true, in: stage)
        try stage.reload()
        stage.provider.override = nil
        stage.world.releaseAll { stage.provider.core.receive($0) }
        make(false, in: stage)
        try stage.reload()
        #expect(try stage.credentials(id, as: Stage.operator)["accessToken"] == "access-run-2")
        stage.world.advance(by: .seconds(7200))
        #expect(try stage.status(id) == "ACTIVE -")
        let presented = stage.presentations("run").compactMap(\.refreshToken)
        #expect(presented.count > 1 && Set(presented).count == presented.count)
    }

    @Test("A process that starts with the mistake still knows, once it is mended, what was on its way before")
    func remembersOverARestart() throws {
        let (stage, id) = try connected()
        stage.provider.override = { $0.refreshToken == "canary-refresh-run-1" ? .hold : nil }
        stage.world.advance(by: .seconds(3000))
        #expect(stage.presentations("run").count == 1)
        make(true, in: stage)
        try stage.restart()
        stage.world.advance(by: .seconds(600))
        make(false, in: stage)
        try stage.reload()
        stage.world.advance(by: .seconds(7200))
        #expect(try stage.status(id) == "EXPIRED uncertain")
        #expect(stage.presentations("run").count == 1)
    }

    @Test("What the mistake held back goes on as soon as it is mended")
    func goesOnAtOnce() throws {
        let (stage, id) = try connected()
        make(true, in: stage)
        try stage.reload()
        stage.world.advance(by: .seconds(7200))
        #expect(stage.presentations("run").isEmpty)
        make(false, in: stage)
        try stage.reload()
        #expect(stage.presentations("run").count == 1)
        #expect(try stage.account(id)["refreshFailures"] == 0)
        #expect(try stage.credentials(id, as: Stage.operator)["accessToken"] == "access-run-2")
    }

    @Test("A paused account stays paused")
    func staysPaused() throws {
        let (stage, id) = try connected()
        _ = try stage.ask("connectedAccounts.disable", ["id": .string(id)], as: Stage.operator)
        for mistake in [true, false] {
            make(mistake, in: stage)
            try stage.reload()
            stage.world.advance(by: .seconds(7200))
        }
        #expect(try stage.status(id) == "INACTIVE disabled_by_caller")
        #expect(stage.presentations("run").isEmpty)
    }
}
