import ProviderSimulator
import Testing

@Suite("How each provider refuses a token request")
struct ProviderRefusalTests {
    /// What is wrong with the request.
    enum Mishap: String, Sendable {
        case unknownRefreshToken
        case spentRefreshToken
        case withdrawnGrant
        case unknownCode
        case wrongSecret
        case unknownClient
        case otherRedirect
    }

    struct Row: CustomTestStringConvertible, Sendable {
        var provider: SimulatedProvider
        var mishap: Mishap
        var status: Int
        var error: String
        /// In the body.
        var text = ""

        var testDescription: String { "\(provider.slug): \(mishap.rawValue)" }
    }

    private static let rows = [
        Row(provider: .githubAppUser, mishap: .unknownRefreshToken, status: 200, error: "bad_refresh_token"),
        Row(provider: .githubAppUser, mishap: .spentRefreshToken, status: 200, error: "bad_refresh_token"),
        Row(provider: .githubAppUser, mishap: .withdrawnGrant, status: 200, error: "bad_refresh_token"),
        Row(
            provider: .github, mishap: .unknownCode, status: 200, error: "bad_verification_code",
            text: "error_uri"),
        Row(provider: .github, mishap: .wrongSecret, status: 200, error: "incorrect_client_credentials"),
        Row(provider: .github, mishap: .otherRedirect, status: 200, error: "redirect_uri_mismatch"),
        Row(
            provider: .google, mishap: .withdrawnGrant, status: 400, error: "invalid_grant",
            text: "Token has been expired or revoked."),
        Row(provider: .google, mishap: .wrongSecret, status: 401, error: "invalid_client"),
        Row(provider: .google, mishap: .otherRedirect, status: 400, error: "redirect_uri_mismatch"),
        Row(provider: .xero, mishap: .withdrawnGrant, status: 400, error: "invalid_grant"),
        Row(provider: .xero, mishap: .wrongSecret, status: 400, error: "invalid_client"),
        Row(provider: .notion, mishap: .spentRefreshToken, status: 400, error: "invalid_grant"),
        Row(provider: .notion, mishap: .wrongSecret, status: 401, error: "invalid_client"),
        Row(
            provider: .atlassian, mishap: .unknownRefreshToken, status: 403, error: "unauthorized_client",
            text: "refresh_token is invalid"),
        Row(
            provider: .atlassian, mishap: .withdrawnGrant, status: 403, error: "invalid_grant",
            text: "Unknown or invalid refresh token."),
        Row(provider: .atlassian, mishap: .unknownCode, status: 403, error: "invalid_grant"),
        Row(provider: .atlassian, mishap: .wrongSecret, status: 401, error: "access_denied"),
        Row(provider: .myob, mishap: .unknownCode, status: 400, error: "invalid_request"),
        Row(provider: .myob, mishap: .otherRedirect, status: 400, error: "invalid_request"),
        Row(provider: .myob, mishap: .spentRefreshToken, status: 400, error: "invalid_grant"),
        Row(
            provider: .salesforce, mishap: .spentRefreshToken, status: 400, error: "invalid_grant",
            text: "expired access/refresh token"),
        Row(provider: .salesforce, mishap: .wrongSecret, status: 400, error: "invalid_client"),
        Row(provider: .salesforce, mishap: .unknownClient, status: 400, error: "invalid_client_id"),
        Row(
            provider: .microsoft, mishap: .withdrawnGrant, status: 400, error: "invalid_grant",
            text: "\"error_codes\":[50173]"),
        Row(provider: .microsoft, mishap: .withdrawnGrant, status: 400, error: "invalid_grant", text: "AADSTS50173:"),
        Row(
            provider: .microsoft, mishap: .unknownCode, status: 400, error: "invalid_grant", text: "\"trace_id\":\""),
        Row(
            provider: .microsoft, mishap: .wrongSecret, status: 401, error: "invalid_client",
            text: "AADSTS7000215:"),
        Row(provider: .microsoft, mishap: .unknownClient, status: 400, error: "unauthorized_client"),
    ]

    @Test("Status, code and body are those that were recorded of the real one", arguments: rows)
    func refusals(_ row: Row) throws {
        var trial = ProviderTrial(row.provider)
        let answer = try refusal(by: &trial, row.mishap)
        #expect(answer.status == row.status)
        #expect(answer.string("error") == row.error)
        #expect(row.text.isEmpty || answer.text.firstRange(of: row.text) != nil)
        #expect(answer.header("Content-Type") == "application/json")
        #expect(answer.member("access_token") == nil)
    }

    private func refusal(by trial: inout ProviderTrial, _ mishap: Mishap) throws -> AuthorizationServer.Answer {
        let refresh = ["grant_type": "refresh_token", "refresh_token": "sim_rt_unknown"]
        switch mishap {
        case .unknownRefreshToken: return trial.post(refresh)
        case .spentRefreshToken:
            let token = try trial.connect().string("refresh_token")
            _ = trial.refresh(token)
            return trial.refresh(token)
        case .withdrawnGrant:
            let token = try trial.connect().string("refresh_token")
            #expect(trial.server.revokeGrants(userID: "sub-ada", clientID: "app") == 1)
            return trial.refresh(token)
        case .unknownCode: return trial.exchange("sim_ac_unknown")
        case .wrongSecret: return trial.post(refresh, secret: "wrong")
        case .unknownClient: return trial.post(refresh, clientID: "stranger")
        case .otherRedirect:
            return trial.exchange(try trial.landing()["code"], ["redirect_uri": "http://127.0.0.1:1/callback"])
        }
    }

    @Test("GitHub's refusals are forms as well where JSON is not asked for")
    func githubForms() {
        var trial = ProviderTrial(.githubAppUser)
        let fields = ["grant_type": "refresh_token", "refresh_token": "x"]
        let answer = trial.post(fields, acceptsJSON: false)
        #expect(answer.status == 200)
        #expect(answer.text.hasPrefix("error=bad_refresh_token&error_description="))
    }

    @Test("Xero describes no error")
    func xeroIsTerse() {
        var trial = ProviderTrial(.xero)
        #expect(trial.refresh("x").text == "{\"error\":\"invalid_grant\"}")
    }

    @Test("A client is refused that proves itself in another way than the catalogue has it")
    func authentication() throws {
        var trial = ProviderTrial(.microsoft)
        let form = "grant_type=refresh_token&refresh_token=x"
        let answer = trial.respond(
            .post("/token", form, authorization: basic("app:s")))
        #expect(answer.string("error") == "invalid_client")
        var notion = ProviderTrial(.notion)
        let body = json(["grant_type": "refresh_token", "refresh_token": "x", "client_id": "app", "client_secret": "s"])
        let posted = notion.respond(
            .init(method: "POST", path: "/token", contentType: "application/json", body: Array(body.utf8)))
        #expect(posted.string("error") == "invalid_client")
        let formed = notion.respond(.post("/token", form, authorization: basic("app:s")))
        #expect(formed.string("error") == "invalid_request")
    }
}
