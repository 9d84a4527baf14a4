// The error codes, by class. A row that asks for more than the code stands before the row that does not.

extension FailureTable {
    static let deadGrantRows: [FailureRow] = [
        dead(
            "invalid_grant", says: "invalid_rapt", reason: "reauthentication_required",
            "Google Workspace session control"),
        dead(
            "invalid_grant", says: "rapt_required", reason: "reauthentication_required",
            "Google Workspace session control"),
        dead("invalid_grant", "RFC 6749 section 5.2"),
        dead("unauthorized_client", says: "refresh_token is invalid", reason: "invalid_grant", "Atlassian, with 403"),
        broken("access_denied", status: 401, reason: "invalid_client", "Atlassian: wrong client secret"),
        dead("access_denied", "RFC 6749 section 4.1.2.1, RFC 8628 section 3.5"),
        dead("expired_token", "RFC 8628 section 3.5"),
        dead("invalid_token", "RFC 6750 section 3.1, Spring"),
        dead("interaction_required", "OpenID Connect Core section 3.1.2.6, Microsoft"),
        dead("login_required", "OpenID Connect Core section 3.1.2.6"),
        dead("consent_required", "OpenID Connect Core section 3.1.2.6, Microsoft"),
        dead("account_selection_required", "OpenID Connect Core section 3.1.2.6"),
        dead("insufficient_user_authentication", "RFC 9470 section 3"),
        dead("bad_refresh_token", "GitHub, HubSpot"),
        dead("bad_verification_code", "GitHub, Microsoft"),
        dead("incorrect_device_code", "GitHub"),
        dead("unverified_user_email", "GitHub"),
        dead("admin_policy_enforced", "Google"),
        dead("invalid_rapt", reason: "reauthentication_required", "Google"),
        dead("rapt_required", reason: "reauthentication_required", "Google"),
        dead("authorization_declined", "Microsoft"),
        dead("invalid_refresh_token", "Slack"),
        dead("token_expired", "Slack"),
        dead("token_revoked", revoked: true, "Slack"),
        dead("account_inactive", revoked: true, "Slack"),
        dead("invalid_code", "Slack, Zoho"),
        dead("code_already_used", "Slack"),
        dead("inactive_user", "Salesforce"),
        dead("inactive_org", "Salesforce"),
        dead("invalid_app_access", "Salesforce"),
    ]

    static let brokenAppRows: [FailureRow] = [
        broken("invalid_request", "RFC 6749 section 5.2"),
        broken("invalid_client", "RFC 6749 section 5.2"),
        broken("unauthorized_client", "RFC 6749 section 5.2"),
        broken("unsupported_grant_type", "RFC 6749 section 5.2"),
        broken("invalid_scope", "RFC 6749 section 5.2"),
        broken("unsupported_response_type", "RFC 6749 section 4.1.2.1"),
        broken("insufficient_scope", "RFC 6750 section 3.1"),
        broken("unsupported_token_type", "RFC 7009 section 2.2.1"),
        broken("invalid_redirect_uri", "RFC 7591 section 3.2.2"),
        broken("invalid_client_metadata", "RFC 7591 section 3.2.2"),
        broken("invalid_target", "RFC 8707 section 2"),
        broken("invalid_authorization_details", "RFC 9396 section 5"),
        broken("invalid_dpop_proof", "RFC 9449 section 5"),
        broken("use_dpop_nonce", "RFC 9449 section 8"),
        broken("invalid_request_uri", "OpenID Connect Core section 3.1.2.6"),
        broken("invalid_request_object", "OpenID Connect Core section 3.1.2.6"),
        broken("request_not_supported", "OpenID Connect Core section 3.1.2.6"),
        broken("request_uri_not_supported", "OpenID Connect Core section 3.1.2.6"),
        broken("registration_not_supported", "OpenID Connect Core section 3.1.2.6"),
        broken("incorrect_client_credentials", "GitHub"),
        broken("redirect_uri_mismatch", "GitHub, Google, Salesforce"),
        broken("application_suspended", "GitHub"),
        broken("device_flow_disabled", "GitHub"),
        broken("deleted_client", "Google"),
        broken("disabled_client", "Google"),
        broken("invalid_resource", "Microsoft"),
        broken("unauthorized", "Notion"),
        broken("validation_error", "Notion"),
        broken("invalid_client_id", "Slack, Salesforce"),
        broken("bad_client_id", "HubSpot"),
        broken("bad_client_secret", "Slack, HubSpot"),
        broken("bad_redirect_uri", "Slack"),
        broken("invalid_grant_type", "Slack"),
        broken("invalid_client_secret", "Zoho"),
        broken("invalid_client_credentials", "Salesforce"),
        broken("redirect_uri_missing", "Salesforce"),
        broken("DeveloperInactive", reason: "developer_inactive", "MYOB, with 403"),
    ]

    static let transientRows: [FailureRow] = [
        later("server_error", "RFC 6749 section 4.1.2.1", mayHaveBeenApplied: true),
        later("temporarily_unavailable", "RFC 6749 section 4.1.2.1"),
        later("authorization_pending", "RFC 8628 section 3.5"),
        later("slow_down", reason: "rate_limited", "RFC 8628 section 3.5"),
        later("internal_failure", reason: "server_error", "Google", mayHaveBeenApplied: true),
        later("rate_limit_exceeded", reason: "rate_limited", "Google, Salesforce"),
        later("internal_error", reason: "server_error", "Slack", mayHaveBeenApplied: true),
        later("fatal_error", reason: "server_error", "Slack", mayHaveBeenApplied: true),
        later("request_timeout", reason: "server_error", "Slack", mayHaveBeenApplied: true),
        later("ratelimited", reason: "rate_limited", "Slack"),
        later("rate_limited", "Notion"),
        later("service_overload", reason: "temporarily_unavailable", "Notion, with 529"),
        later("service_unavailable", reason: "temporarily_unavailable", "Notion, Slack"),
        later("internal_server_error", reason: "server_error", "Notion", mayHaveBeenApplied: true),
        later("gateway_timeout", reason: "server_error", "Notion", mayHaveBeenApplied: true),
        later("login_rate_exceeded", reason: "rate_limited", "Salesforce"),
        later("retry_authentication", reason: "temporarily_unavailable", "Salesforce"),
        later("RateLimitError", reason: "rate_limited", "MYOB, with 403"),
        later("E0000047", reason: "rate_limited", "Okta"),
    ]
}

extension FailureTable {
    private static func dead(
        _ code: String, says part: String? = nil, reason: String? = nil, revoked: Bool = false, _ source: String
    ) -> FailureRow {
        FailureRow(
            cause: .code(code, says: part), failureClass: .deadGrant, reason: reason ?? code, isRevocation: revoked,
            source: source)
    }

    private static func broken(
        _ code: String, status: Int? = nil, reason: String? = nil, _ source: String
    ) -> FailureRow {
        FailureRow(
            cause: .code(code, status: status), failureClass: .brokenApp, reason: reason ?? code, source: source)
    }

    private static func later(
        _ code: String, reason: String? = nil, _ source: String, mayHaveBeenApplied: Bool = false
    ) -> FailureRow {
        FailureRow(
            cause: .code(code), failureClass: .transient, reason: reason ?? code,
            mayHaveBeenApplied: mayHaveBeenApplied,
            source: source)
    }
}
