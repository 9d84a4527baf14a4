import ProviderSimulator
import Testing

/// A row of the second table: how a seed provider refuses a refresh, and what that means for the connection.
///
/// The bodies are recorded ones, or made by the simulator in the provider's manner.
struct Refusal: Sendable, CustomTestStringConvertible {
    enum Cause: Sendable {
        /// The user removed the application.
        case withdrawn
        /// The operator's client secret is no longer the right one.
        case secretChanged
        case fault(Fault)
    }

    enum Meaning: Sendable, Equatable {
        /// The user must connect again: the status from now on.
        case dead(String)
        /// The operator must mend something; the token is served to its end. The `statusReason` afterwards.
        case brokenApp(String)
        /// It passes by itself.
        case transient
    }

    let seed: SeedProvider
    let name: String
    let cause: Cause
    let meaning: Meaning

    init(_ seed: SeedProvider, _ name: String, _ cause: Cause, _ meaning: Meaning) {
        self.seed = seed
        self.name = name
        self.cause = cause
        self.meaning = meaning
    }

    var testDescription: String { "\(seed.provider.slug): \(name)" }

    private static func recorded(_ status: Int, _ body: String) -> Cause {
        .fault(.recorded(status: status, body: body))
    }

    static let all: [Refusal] = [
        // 200 with an error.
        Refusal(.githubAppUser, "bad_refresh_token", .withdrawn, .dead("FAILED bad_refresh_token")),
        Refusal(
            .githubAppUser, "incorrect_client_credentials", .secretChanged,
            .brokenApp("incorrect_client_credentials")),

        Refusal(.google, "invalid_grant", .withdrawn, .dead("FAILED invalid_grant")),
        Refusal(
            .google, "session control of a Workspace",
            recorded(
                400, #"{"error":"invalid_grant","error_description":"reauth","error_subtype":"invalid_rapt"}"#),
            .dead("FAILED reauthentication_required")),
        Refusal(.google, "invalid_client, 401", .secretChanged, .brokenApp("invalid_client")),
        Refusal(.google, "403 with a page: too many requests", .fault(.gatewayPage(status: 403)), .transient),
        Refusal(
            .google, "internal_failure",
            recorded(400, #"{"error":"invalid_grant","error_description":"internal_failure"}"#), .transient),

        Refusal(.xero, "invalid_grant without a description", .withdrawn, .dead("FAILED invalid_grant")),
        Refusal(.xero, "invalid_client, 400", .secretChanged, .brokenApp("invalid_client")),
        Refusal(
            .xero, "a broad scope that newer apps may not have",
            recorded(400, #"{"error":"unauthorized_client","error_description":"Invalid scope for client"}"#),
            .brokenApp("unauthorized_client")),

        Refusal(.notion, "invalid_grant", .withdrawn, .dead("FAILED invalid_grant")),
        Refusal(
            .notion, "rate_limited",
            recorded(429, #"{"object":"error","status":429,"code":"rate_limited","message":"slow"}"#), .transient),
        Refusal(
            .notion, "service_overload, 529",
            recorded(529, #"{"object":"error","status":529,"code":"service_overload","message":"later"}"#), .transient),

        // 403 where the standard has 400; 401 access_denied is about the client.
        Refusal(.atlassian, "invalid_grant, 403", .withdrawn, .dead("FAILED invalid_grant")),
        Refusal(
            .atlassian, "unauthorized_client, 403",
            recorded(403, #"{"error":"unauthorized_client","error_description":"refresh_token is invalid"}"#),
            .dead("FAILED invalid_grant")),
        Refusal(.atlassian, "access_denied, 401", .secretChanged, .brokenApp("invalid_client")),
        Refusal(
            .atlassian, "temporarily_unavailable", .fault(.error("temporarily_unavailable", status: 503)), .transient),

        Refusal(.myob, "invalid_grant", .withdrawn, .dead("FAILED invalid_grant")),
        Refusal(
            .myob, "RateLimitError, 403",
            recorded(403, #"{"Errors":[{"Name":"RateLimitError","Message":"API rate limit exceeded"}]}"#), .transient),
        Refusal(
            .myob, "DeveloperInactive, 403",
            recorded(403, #"{"Errors":[{"Name":"DeveloperInactive","Message":"Developer Inactive"}]}"#),
            .brokenApp("developer_inactive")),

        Refusal(.salesforce, "expired access/refresh token", .withdrawn, .dead("FAILED invalid_grant")),
        Refusal(
            .salesforce, "inactive user",
            recorded(400, #"{"error":"inactive_user","error_description":"user is inactive"}"#),
            .dead("FAILED inactive_user")),
        Refusal(.salesforce, "invalid_client", .secretChanged, .brokenApp("invalid_client")),
        Refusal(
            .salesforce, "LOGIN_RATE_EXCEEDED",
            recorded(400, #"{"error":"invalid_grant","error_description":"LOGIN_RATE_EXCEEDED: wait"}"#), .transient),

        Refusal(.microsoft, "AADSTS50173: the user withdrew it", .withdrawn, .dead("REVOKED invalid_grant")),
        Refusal(
            .microsoft, "interaction_required",
            recorded(
                400,
                #"{"error":"interaction_required","error_description":"AADSTS50076: MFA","error_codes":[50076]}"#),
            .dead("FAILED interaction_required")),
        Refusal(.microsoft, "AADSTS7000215: the secret", .secretChanged, .brokenApp("invalid_client")),
        Refusal(
            .microsoft, "AADSTS50196: a client seen looping",
            recorded(400, #"{"error":"invalid_grant","error_description":"AADSTS50196: loop","error_codes":[50196]}"#),
            .transient),
    ]

    func happen(at web: SimulatedWeb) {
        switch cause {
        case .withdrawn: web.withdraw()
        case .secretChanged: web.setClientSecret("another")
        case .fault(let fault): web.setFault(.always(fault))
        }
    }

    func pass(at web: SimulatedWeb) {
        web.setClientSecret(SimulatedWeb.clientSecret)
        web.setFault(nil)
    }
}
