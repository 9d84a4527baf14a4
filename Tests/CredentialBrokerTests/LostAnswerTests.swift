import ConnectedAccounts
import JSON
import TestKit
import Testing

@testable import CredentialBroker

/// R8: what follows when a refresh was sent and its answer never came.
struct LostAnswerTests {
    @Test("R8: an answer without a refresh token keeps the old one")
    func keepsTheOldToken() throws {
        let stage = try Stage()
        for _ in 0..<3 {
            stage.world.advance(by: .seconds(60))
            _ = try stage.ask("refreshAccount", ["connectionId": "con_again"])
        }
        #expect(
            stage.presentations("again").map(\.refreshToken) == Array(repeating: "canary-refresh-again-1", count: 3))
        #expect(try stage.credentials("con_again")["generation"] == 4)
    }

    @Test(
        "Never: the token is not presented again, its access token is served to its end, then its user must connect again"
    )
    func never() throws {
        let stage = try Stage()
        stage.provider.override = { $0.refreshToken == "canary-refresh-acme-1" ? .lost : nil }
        stage.world.advance(by: .seconds(3500))
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-1")
        #expect(try stage.status("con_acme") == "ACTIVE -")
        stage.world.advance(by: .seconds(86_400))
        let answer = try stage.credentials("con_acme")
        #expect(answer.errorName == "REAUTHORIZATION_REQUIRED")
        #expect(answer.errorData?["statusReason"] == "uncertain")
        #expect(try stage.status("con_acme") == "EXPIRED uncertain")
        #expect(stage.presentations("acme").count == 1)
        #expect(try stage.status("con_acmetwo") == "ACTIVE -")
    }

    @Test("Never, whatever else was forgotten: that it was presented is enough to keep it back")
    func neverAgain() throws {
        let stage = try Stage()
        stage.world.broker.withState { state, now in
            for slot in state.directory.used where state.directory[slot]?.id == "con_acme" {
                state.secrets[slot]?.firstPresentedAt = now
            }
        }
        stage.world.advance(by: .seconds(7200))
        #expect(stage.presentations("acme").isEmpty)
        #expect(try stage.status("con_acme") == "EXPIRED uncertain")
    }

    @Test("Within its grace a token is presented again, and the account lives on")
    func withinGrace() throws {
        let stage = try Stage()
        var lost = 0
        stage.provider.override = { request in
            guard request.refreshToken == "canary-refresh-grace-1", lost < 3 else { return nil }
            lost += 1
            _ = stage.provider.core.receive(request)
            return .lost
        }
        stage.world.advance(by: .seconds(3600))
        #expect(lost == 3)
        #expect(try stage.credentials("con_grace")["accessToken"] == "access-grace-2")
        #expect(stage.provider.core.reused.isEmpty)
    }

    @Test("After its grace a token is not presented again, however long the machine slept")
    func afterGrace() throws {
        let stage = try Stage()
        stage.provider.override = { $0.refreshToken == "canary-refresh-grace-1" ? .lost : nil }
        stage.world.suspend(for: .seconds(3000))
        #expect(stage.presentations("grace").count == 1)
        stage.world.suspend(for: .seconds(15 * 3600))
        stage.world.advance(by: .seconds(3600))
        #expect(stage.presentations("grace").count == 1)
        #expect(try stage.status("con_grace") == "EXPIRED uncertain")
    }

    @Test("A provider that keeps losing answers is not asked after the grace")
    func graceRunsOut() throws {
        let stage = try Stage()
        stage.provider.override = { $0.refreshToken == "canary-refresh-grace-1" ? .lost : nil }
        stage.world.advance(by: .seconds(86_400))
        let sent = stage.presentations("grace").map(\.at)
        let first = try #require(sent.first)
        #expect(sent.count > 1)
        #expect(sent.allSatisfy { first.duration(to: $0) < .seconds(600) })
    }

    @Test("The grace does not run while requests certainly did not arrive")
    func graceStartsWithTheFirstArrival() throws {
        let stage = try Stage()
        var isDown = true
        var lost = 0
        stage.provider.override = { request in
            guard request.url.contains("grace") else { return nil }
            if isDown { return .unreachable }
            guard request.refreshToken != nil else { return nil }
            lost += 1
            return lost == 1 ? .lost : nil
        }
        stage.world.advance(by: .seconds(7200))
        isDown = false
        stage.world.advance(by: .seconds(900))
        #expect(lost == 2)
        #expect(try stage.status("con_grace") == "ACTIVE -")
        #expect(try stage.credentials("con_grace")["accessToken"] == "access-grace-2")
    }

    @Test("Resend, and the token stays: presented again soon")
    func resend() throws {
        let stage = try Stage()
        var lost = 0
        stage.provider.override = { request in
            guard request.url.contains("again"), lost < 2 else { return nil }
            lost += 1
            return .lost
        }
        stage.world.advance(by: .seconds(3599))
        #expect(lost == 2)
        #expect(try stage.account("con_again")["generation"] == 2)
    }

    @Test("Resend, and the token was seen to rotate: presented again only when there is nothing left to lose")
    func resendAfterRotation() throws {
        let stage = try Stage()
        stage.provider.core.grants["again"]?.rotates = true
        stage.world.advance(by: .seconds(60))
        _ = try stage.ask("refreshAccount", ["connectionId": "con_again"])
        #expect(stage.presentations("again").count == 1)
        // From now on it lives until 3660 s.
        stage.provider.override = { $0.url.contains("again") ? .lost : nil }
        stage.world.advance(by: .seconds(3590))
        #expect(stage.presentations("again").count == 2)
        #expect(try stage.credentials("con_again")["accessToken"] == "access-again-2")
        stage.world.advance(by: .seconds(20))
        #expect(stage.presentations("again").count > 2)
    }

    @Test("A server that repeats the refresh token does not rotate")
    func repeatedToken() throws {
        let stage = try Stage()
        stage.provider.override = { request in
            guard request.url.contains("again") else { return nil }
            return .answer(#"{"access_token":"access-x","expires_in":600,"refresh_token":"canary-refresh-again-1"}"#)
        }
        for _ in 0..<2 {
            stage.world.advance(by: .seconds(60))
            _ = try stage.ask("refreshAccount", ["connectionId": "con_again"])
        }
        #expect(stage.presentations("again").map(\.timeout) == [.seconds(30), .seconds(30)])
    }

    @Test("Where a lost answer may cost the grant, it is waited for ten minutes")
    func patience() throws {
        let stage = try Stage()
        stage.world.advance(by: .seconds(60))
        for id in ["con_acme", "con_grace", "con_again"] {
            _ = try stage.ask("refreshAccount", ["connectionId": .string(id)])
        }
        // The client's own credentials first, which nothing can cost.
        #expect(stage.world.ledger.map(\.timeout) == [.seconds(30), .seconds(600), .seconds(30), .seconds(30)])
        stage.provider.core.grants["again"]?.rotates = true
        for _ in 0..<2 {
            stage.world.advance(by: .seconds(60))
            _ = try stage.ask("refreshAccount", ["connectionId": "con_again"])
        }
        #expect(stage.presentations("again").map(\.timeout) == [.seconds(30), .seconds(30), .seconds(600)])
    }

    @Test("An answer that comes after nine minutes is taken")
    func lateAnswer() throws {
        let stage = try Stage()
        stage.provider.override = { $0.refreshToken == "canary-refresh-acme-1" ? .hold : nil }
        stage.world.suspend(for: .seconds(3000))
        stage.world.advance(by: .seconds(540))
        stage.world.releaseAll { stage.provider.core.receive($0) }
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-2")
        #expect(stage.presentations("acme").count == 1)
    }
}
