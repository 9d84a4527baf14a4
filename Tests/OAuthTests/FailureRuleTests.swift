import OAuth
import Testing

@Suite("A provider's own rules")
struct FailureRuleTests {
    /// What the providers of the catalogue deviate in, as their descriptions say it.
    private static let atlassian = [
        FailureRule(error: "unauthorized_client", status: 403, failureClass: .deadGrant),
        FailureRule(error: "access_denied", status: 401, failureClass: .brokenApp),
    ]
    private static let salesforce = [
        FailureRule(descriptionContains: "login_rate_exceeded", failureClass: .transient),
        FailureRule(
            error: "invalid_grant", descriptionContains: "inactive user", failureClass: .deadGrant, isRevocation: true),
    ]
    private static let myob = [FailureRule(error: "ratelimiterror", status: 403, failureClass: .transient)]
    private static let harsh = [FailureRule(status: 403, failureClass: .deadGrant)]

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var rules: [FailureRule]
        var status: Int
        var body: String
        var failureClass: FailureClass
        var reason: String
        var isRevocation = false
        var mayHaveBeenApplied = false
    }

    @Test(
        "A rule decides before the table, on answers that an OAuth server wrote",
        arguments: [
            Row(
                testDescription: "Atlassian's dead refresh token", rules: atlassian, status: 403,
                body: #"{"error":"unauthorized_client"}"#, failureClass: .deadGrant, reason: "grant_rejected"),
            Row(
                testDescription: "Atlassian's wrong client secret", rules: atlassian, status: 401,
                body: #"{"error":"access_denied"}"#, failureClass: .brokenApp, reason: "invalid_client"),
            Row(
                testDescription: "another status is not covered", rules: atlassian, status: 400,
                body: #"{"error":"unauthorized_client"}"#, failureClass: .brokenApp, reason: "unauthorized_client"),
            Row(
                testDescription: "Salesforce's login limit", rules: salesforce, status: 400,
                body: #"{"error":"invalid_grant","error_description":"Login_Rate_Exceeded"}"#, failureClass: .transient,
                reason: "rate_limited"),
            Row(
                testDescription: "a withdrawn grant", rules: salesforce, status: 400,
                body: #"{"error":"invalid_grant","error_description":"Inactive User"}"#, failureClass: .deadGrant,
                reason: "invalid_grant", isRevocation: true),
            Row(
                testDescription: "MYOB's limit", rules: myob, status: 403,
                body: #"{"Errors":[{"Name":"RateLimitError","Message":"API key limit exceeded"}]}"#,
                failureClass: .transient,
                reason: "rate_limited"),
            Row(
                testDescription: "a rule for any error covers JSON without one", rules: harsh, status: 403,
                body: #"{"a":1}"#,
                failureClass: .deadGrant, reason: "grant_rejected"),
            Row(
                testDescription: "HTML is covered by no rule", rules: harsh, status: 403, body: "<html>",
                failureClass: .transient, reason: "http_403"),
            Row(
                testDescription: "a broken answer is covered by no rule", rules: harsh, status: 403,
                body: #"{"error":"#,
                failureClass: .transient, reason: "http_403"),
            Row(
                testDescription: "nothing at all is covered by a rule for the status alone", rules: harsh, status: 403,
                body: "", failureClass: .deadGrant, reason: "grant_rejected"),
            Row(
                testDescription: "nothing at all is not covered by a rule for a part of the body",
                rules: [FailureRule(status: 403, descriptionContains: "gone", failureClass: .deadGrant)], status: 403,
                body: "", failureClass: .transient, reason: "http_403"),
            Row(
                testDescription: "a rule that makes a verdict transient",
                rules: [FailureRule(error: "invalid_grant", failureClass: .transient)], status: 400,
                body: #"{"error":"invalid_grant"}"#, failureClass: .transient, reason: "try_later"),
            Row(
                testDescription: "a rule that ends what the table leaves open",
                rules: [FailureRule(error: "server_error", failureClass: .deadGrant)], status: 500,
                body: #"{"error":"server_error"}"#, failureClass: .deadGrant, reason: "grant_rejected"),
        ])
    func rules(row: Row) throws {
        var description = TokenEndpointDescription(url: "https://id.example/t")
        description.failureRules = row.rules
        let failure = try refused(response(row.body, status: row.status), description)
        #expect(failure.failureClass == row.failureClass)
        #expect(failure.reason == row.reason)
        #expect(failure.isRevocation == row.isRevocation)
        #expect(failure.mayHaveBeenApplied == row.mayHaveBeenApplied)
        #expect(FailureTable.reasons.contains(failure.reason))
    }

    @Test("The first rule that matches decides")
    func order() throws {
        var description = TokenEndpointDescription(url: "https://id.example/t")
        description.failureRules = [
            FailureRule(error: "x", failureClass: .brokenApp), FailureRule(failureClass: .deadGrant),
        ]
        let first = try refused(response(#"{"error":"x"}"#), description)
        #expect(first.failureClass == .brokenApp)
        #expect(first.reason == "client_rejected")
        let second = try refused(response(#"{"error":"y"}"#), description)
        #expect(second.failureClass == .deadGrant)
    }

    @Test("A grant is a grant, whatever the rules say")
    func grants() {
        var description = TokenEndpointDescription(url: "https://id.example/t")
        description.failureRules = [FailureRule(failureClass: .deadGrant)]
        let reading = granted(outcome(response(#"{"access_token":"a"}"#), description))
        #expect(reading == Reading(accessToken: "a"))
    }
}
