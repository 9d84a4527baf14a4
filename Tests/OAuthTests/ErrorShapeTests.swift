import OAuth
import SecretBytes
import Testing

@Suite("Errors in every shape")
struct ErrorShapeTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var status: Int
        var body: String
        var contentType = "application/json"
        var code: String?
        var reason: String

        init(
            _ name: String, _ status: Int, _ body: String, contentType: String = "application/json", _ code: String?,
            _ reason: String
        ) {
            self.testDescription = name
            self.status = status
            self.body = body
            self.contentType = contentType
            self.code = code
            self.reason = reason
        }
    }

    @Test(
        "The error is found wherever a provider puts it",
        arguments: [
            Row("RFC 6749", 400, #"{"error":"invalid_grant"}"#, "invalid_grant", "invalid_grant"),
            Row(
                "beside a token", 200, #"{"access_token":"a","error":"invalid_grant"}"#, "invalid_grant",
                "invalid_grant"),
            Row(
                "GitHub's form", 200, "error=bad_refresh_token&error_description=The+token%21",
                contentType: "application/x-www-form-urlencoded", "bad_refresh_token", "bad_refresh_token"),
            Row(
                "Google's subtype", 400, #"{"error":"invalid_grant","error_subtype":"invalid_rapt"}"#, "invalid_grant",
                "reauthentication_required"),
            Row(
                "Google's API", 401, #"{"error":{"code":401,"message":"x","status":"UNAUTHENTICATED"}}"#,
                "UNAUTHENTICATED", "http_401"),
            Row("an object with a code", 400, #"{"error":{"code":"invalid_grant"}}"#, "invalid_grant", "invalid_grant"),
            Row(
                "Meta", 400, #"{"error":{"type":"OAuthException","code":190,"message":"rate limit"}}"#,
                "OAuthException", "rate_limited"),
            Row("Slack", 200, #"{"ok":false,"error":"token_revoked"}"#, "token_revoked", "token_revoked"),
            Row("Slack without a word", 200, #"{"ok":false}"#, nil, "unrecognized_error"),
            Row(
                "MYOB", 403, #"{"Errors":[{"Name":"RateLimitError","Message":""}]}"#, "RateLimitError", "rate_limited"),
            Row(
                "Fitbit", 400, #"{"errors":[{"errorType":"invalid_grant","message":"x"}],"success":false}"#,
                "invalid_grant",
                "invalid_grant"),
            Row("Okta", 403, #"{"errorCode":"E0000047","errorSummary":"x"}"#, "E0000047", "rate_limited"),
            Row(
                "Salesforce's API", 401, #"[{"message":"x","errorCode":"invalid_grant"}]"#, "invalid_grant",
                "invalid_grant"),
            Row(
                "Notion's API", 503, #"{"object":"error","status":503,"code":"service_unavailable"}"#,
                "service_unavailable", "temporarily_unavailable"),
            Row(
                "HubSpot", 400, #"{"status":"BAD_REFRESH_TOKEN","message":"x"}"#, "BAD_REFRESH_TOKEN",
                "bad_refresh_token"),
            Row("a status word at 200 is no error", 200, #"{"status":"pending"}"#, nil, "no_access_token"),
            Row("GitHub's unknown client", 404, #"{"error":"Not Found"}"#, nil, "http_404"),
            Row(
                "Zoho's limit", 400, #"{"error":"Access Denied","error_description":"too many requests"}"#, nil,
                "rate_limited"),
            Row("a sentence as error", 400, #"{"error":"Rate limit exceeded"}"#, nil, "rate_limited"),
            Row("true", 400, #"{"error":true}"#, nil, "unrecognized_error"),
            Row("a number", 400, #"{"error":17}"#, nil, "unrecognized_error"),
            Row("Atlassian's API", 401, #"{"code":401,"message":"Unauthorized"}"#, nil, "http_401"),
            Row("an empty list of errors", 200, #"{"errors":[]}"#, nil, "no_access_token"),
            Row("an array of nothing", 200, "[]", nil, "no_access_token"),
            Row(
                "a code of 65 bytes", 400, #"{"error":"\#(String(repeating: "a", count: 65))"}"#, nil,
                "unrecognized_error"),
            Row("a code with an escape", 400, #"{"error":"a\u0000b"}"#, nil, "unrecognized_error"),
            Row("a member twice", 400, #"{"error":"invalid_grant","error":"x"}"#, nil, "http_4xx"),
            Row("an escaped member twice", 200, #"{"access_token":"a","\u0061ccess_token":"b"}"#, nil, "not_json"),
            Row(
                "a form field twice", 200, "access_token=a&access_token=b",
                contentType: "application/x-www-form-urlencoded", nil, "not_json"),
            Row(
                "a form with a bad escape", 200, "access_token=%4", contentType: "application/x-www-form-urlencoded",
                nil, "not_json"),
            Row("a form under another type", 200, "access_token=a", contentType: "text/plain", nil, "not_json"),
            Row(
                "text under the type of a form", 200, "Not Found", contentType: "application/x-www-form-urlencoded",
                nil, "not_json"),
            Row("bytes behind the object", 200, #"{"access_token":"a"}x"#, nil, "not_json"),
            Row("a number alone", 200, "5", nil, "not_json"),
            Row("a token that is a number", 200, #"{"access_token":5}"#, nil, "malformed_token"),
            Row("a token that is empty", 200, #"{"access_token":""}"#, nil, "malformed_token"),
            Row("a token that is null", 200, #"{"access_token":null}"#, nil, "no_access_token"),
            Row("a token with a line break", 200, #"{"access_token":"a\r\nb: c"}"#, nil, "malformed_token"),
            Row("a token that is not ASCII", 200, #"{"access_token":"ä"}"#, nil, "malformed_token"),
            Row("too deep", 200, String(repeating: "[", count: 100), nil, "not_json"),
        ])
    func shapes(row: Row) throws {
        let failure = try refused(response(row.body, status: row.status, contentType: row.contentType))
        #expect(failure.oauthError == row.code)
        #expect(failure.reason == row.reason)
    }

    @Test("The longest token is 65 536 bytes", arguments: [(65_536, true), (65_537, false)])
    func longTokens(length: Int, isGranted: Bool) {
        let token = String(repeating: "a", count: length)
        let reading = granted(outcome(response(#"{"access_token":"\#(token)"}"#)))
        #expect((reading?.accessToken == token) == isGranted)
    }

    @Test("A body of 10 MB is refused without being parsed")
    func tenMegabytes() throws {
        let body = #"{"access_token":"a","padding":"\#(String(repeating: "x", count: 10_000_000))"}"#
        let failure = try refused(response(body))
        #expect(failure.reason == "body_too_large")
        #expect(failure.mayHaveBeenApplied)
    }

    @Test("A body of nothing but members is bounded in number")
    func manyMembers() throws {
        let members = (0..<20_000).map { "\"k\($0)\":1" }.joined(separator: ",")
        let failure = try refused(response(#"{"access_token":"a",\#(members)}"#))
        #expect(failure.reason == "not_json")
    }

    @Test(
        "The wait that a server asks for comes with the failure",
        arguments: [
            (429, "<html>"), (503, ""), (400, #"{"error":"slow_down"}"#),
        ])
    func retryAfter(status: Int, body: String) throws {
        let failure = try refused(response(body, status: status, retryAfter: "30"))
        #expect(failure.retryAfter == .seconds(30))
    }

    @Test("Nothing of a description, and nothing that is no code, is in the failure")
    func silence() throws {
        let failures = [
            #"{"error":"invalid_grant","error_description":"token SECRET revoked"}"#, #"{"error":"SECRET token"}"#,
            #"{"access_token":"SECRET\u0000"}"#, "SECRET", #"{"refresh_token":"SECRET"}"#,
        ].compactMap { failed(outcome(response($0))) }
        #expect(failures.count == 5)
        for failure in failures { #expect(!"\(failure)".contains("SECRET")) }
    }

    @Test("Every prefix of an answer is transient, and may have been applied")
    func truncation() throws {
        let whole = Array(#"{"access_token":"a","expires_in":3600,"scope":["x"],"nested":{"a":[1,"x"]}}"#.utf8)
        for length in whole.indices {
            let prefix = String(decoding: whole[..<length], as: UTF8.self)
            let failure = try refused(response(prefix))
            #expect(failure.failureClass == .transient)
            #expect(failure.reason == (length == 0 ? "empty_answer" : "truncated"))
            #expect(failure.mayHaveBeenApplied)
        }
    }
}
