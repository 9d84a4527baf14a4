import OAuth
import SecretBytes
import Testing

@Suite("Why connecting came to nothing")
struct ConnectFailureTests {
    @Test(
        "A refused exchange tells a person what to do",
        arguments: [
            (#"{"error":"invalid_grant"}"#, 400, ConnectFailure.Kind.codeSpent, "code_spent"),
            (#"{"error":"bad_verification_code"}"#, 200, .codeSpent, "code_spent"),
            (#"{"error":"code_already_used"}"#, 200, .codeSpent, "code_spent"),
            (#"{"error":"access_denied"}"#, 400, .denied, "access_denied"),
            (#"{"error":"authorization_declined"}"#, 400, .denied, "access_denied"),
            (#"{"error":"access_denied"}"#, 401, .brokenApp, "invalid_client"),
            (#"{"error":"incorrect_client_credentials"}"#, 200, .brokenApp, "incorrect_client_credentials"),
            (#"{"error":"redirect_uri_mismatch"}"#, 400, .brokenApp, "redirect_uri_mismatch"),
            (#"{"error":"interaction_required"}"#, 400, .accountRefused, "interaction_required"),
            (#"{"error":"unverified_user_email"}"#, 200, .accountRefused, "unverified_user_email"),
            (
                #"{"error":"invalid_grant","error_subtype":"invalid_rapt"}"#, 400, .accountRefused,
                "reauthentication_required"
            ),
            (#"{"error":"expired_token"}"#, 400, .expired, "expired"),
            ("<html>", 502, .transient, "upstream_5xx"), ("<html>", 200, .transient, "not_json"),
        ])
    func exchange(body: String, status: Int, kind: ConnectFailure.Kind, reason: String) throws {
        let failure = ConnectFailure(try refused(response(body, status: status, retryAfter: "7")))
        #expect(failure.kind == kind)
        #expect(failure.reason == reason)
        #expect(failure.retryAfter == .seconds(7))
        #expect(!failure.description.isEmpty)
    }

    @Test(
        "So does what the server sent the browser back with",
        arguments: [
            ("access_denied", ConnectFailure.Kind.denied, "access_denied"),
            ("consent_required", .accountRefused, "consent_required"),
            ("invalid_scope", .brokenApp, "invalid_scope"), ("unauthorized_client", .brokenApp, "unauthorized_client"),
            ("server_error", .transient, "server_error"),
            ("temporarily_unavailable", .transient, "temporarily_unavailable"),
            ("strange", .transient, "unrecognized_error"), ("<b>", .transient, "unrecognized_error"),
        ])
    func redirect(code: String, kind: ConnectFailure.Kind, reason: String) {
        let failure = ConnectFailure(AuthorizationErrorResponse(code: code, explanation: "x"))
        #expect(failure.kind == kind)
        #expect(failure.reason == reason)
    }

    @Test("A provider's own rules come first")
    func rules() {
        let rule = FailureRule(error: "invalid_request", descriptionContains: "closed", failureClass: .transient)
        let failure = ConnectFailure(
            AuthorizationErrorResponse(code: "invalid_request", explanation: "We are Closed"), rules: [rule])
        #expect(failure.kind == .transient)
        #expect(failure.reason == "try_later")
    }

    @Test("And the end of a device flow")
    func device() {
        #expect(ConnectFailure(DeviceFlowEnd.denied).kind == .denied)
        #expect(ConnectFailure(DeviceFlowEnd.expired).kind == .expired)
        let failure = TokenFailure(
            failureClass: .deadGrant, reason: "incorrect_device_code", oauthError: "incorrect_device_code",
            mayHaveBeenApplied: false)
        #expect(ConnectFailure(DeviceFlowEnd.failed(failure)).kind == .codeSpent)
    }

    @Test("The sentences repeat nothing that a server sent but a code's name")
    func sentences() {
        let failure = ConnectFailure(AuthorizationErrorResponse(code: "invalid_scope", explanation: "call 0900"))
        #expect(!failure.description.contains("0900"))
    }
}
