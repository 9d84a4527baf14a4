import OAuth
import SecretBytes
import Testing

/// The bytes as text, to compare; for values that are invented here.
func plain(_ bytes: borrowing SecretBytes) -> String {
    bytes.withBytes { span in
        String(decoding: span.indices.map { span[$0] }, as: UTF8.self)
    }
}

func text(_ bytes: borrowing SecretBytes?) -> String? {
    switch bytes {
    case .some(let bytes): plain(bytes)
    case .none: nil
    }
}

/// What a token answer was read as, in values that can be compared.
struct Reading: Equatable, Sendable {
    var accessToken: String
    var refreshToken: String?
    var idToken: String?
    var tokenType: String?
    var expiresIn: Duration?
    var refreshTokenExpiresIn: Duration?
    var accessTokenExpiry: Duration?
    var scope: String?
    var fields: [NamedValue] = []
}

/// 2025-11-21 00:00:00 UTC.
let now: Int64 = 1_763_683_200

func response(
    _ body: String, status: Int = 200, contentType: String? = "application/json", date: String? = nil,
    retryAfter: String? = nil
) -> ProviderResponse {
    ProviderResponse(
        status: status, retryAfter: retryAfter, date: date, contentType: contentType, body: SecretBytes(utf8: body))
}

func outcome(
    _ response: consuming ProviderResponse, _ description: TokenEndpointDescription = .init(url: "https://id.example/t")
) -> TokenOutcome {
    TokenAnswerReader.read(response, description: description, receivedAt: now)
}

func granted(_ outcome: consuming TokenOutcome) -> Reading? {
    guard case .granted(let answer) = outcome else { return nil }
    return Reading(
        accessToken: plain(answer.accessToken), refreshToken: text(answer.refreshToken), idToken: text(answer.idToken),
        tokenType: answer.tokenType, expiresIn: answer.expiresIn, refreshTokenExpiresIn: answer.refreshTokenExpiresIn,
        accessTokenExpiry: answer.accessTokenExpiry, scope: answer.scope, fields: answer.fields)
}

func failed(_ outcome: consuming TokenOutcome) -> TokenFailure? {
    switch consume outcome {
    case .granted: nil
    case .failed(let failure): failure
    }
}

/// The failure that an answer must be read as; fails the test if it grants tokens.
func refused(
    _ response: consuming ProviderResponse, _ description: TokenEndpointDescription = .init(url: "https://id.example/t")
) throws -> TokenFailure {
    let failure = failed(outcome(response, description))
    return try #require(failure)
}
