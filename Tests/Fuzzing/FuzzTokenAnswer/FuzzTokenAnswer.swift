import FuzzDriver
import OAuth
import SecretBytes

// A libFuzzer target: bytes as the answer of a token endpoint. The first byte picks the status (low four bits), the
// content type (two bits) and how the answer is described (two bits); the rest is the body. It looks for traps, and for
// answers that break what the reader promises; any failure is a good answer. Seeds: Corpora/token-answer.

@main
struct FuzzTokenAnswer {
    static func main() { unsafe fuzz(fuzzTokenAnswer) }
}

private let now: Int64 = 1_763_683_200
private let statuses = [200, 201, 204, 302, 400, 401, 403, 404, 408, 425, 429, 500, 502, 503, 101, 999]
private let contentTypes = [nil, "application/json", "application/x-www-form-urlencoded", "text/html"]

/// Reads one answer and checks what was made of it.
private func fuzzTokenAnswer(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = input.first else { return 0 }
    let body = input.dropFirst()
    // The fields are read from the body as well, so that the fuzzer meets their grammars.
    let field = String(decoding: body.prefix(80), as: UTF8.self)
    let status = statuses[Int(choice & 15)]
    let response = ProviderResponse(
        status: status, retryAfter: field, date: choice & 64 == 0 ? nil : String(field.dropFirst(2)),
        contentType: contentTypes[Int(choice >> 4 & 3)], body: SecretBytes(copying: Array(body).span))
    check(
        TokenAnswerReader.read(response, description: description(of: choice), receivedAt: now), status: status)
    checkAddress(String(decoding: body, as: UTF8.self))
    let metadata = ProviderResponse(status: 200, body: SecretBytes(copying: Array(body).span))
    _ = try? ServerMetadata.read(metadata, issuer: "https://a")
    return 0
}

private func description(of choice: UInt8) -> TokenEndpointDescription {
    var description = TokenEndpointDescription(url: "https://id.example/")
    description.answerFields = ["a", "a.b", "refresh_token"]
    description.expiresInMilliseconds = choice & 64 != 0
    if choice & 128 != 0 {
        description.failureRules = [
            FailureRule(error: "e", failureClass: .deadGrant, isRevocation: true),
            FailureRule(status: 403, descriptionContains: "x", failureClass: .brokenApp),
        ]
    }
    return description
}

private func check(_ outcome: consuming TokenOutcome, status: Int) {
    switch consume outcome {
    case .granted(let answer):
        precondition((200...299).contains(status))
        let isSane = answer.accessToken.withBytes { token in
            !token.isEmpty && token.indices.allSatisfy { token[$0] >= 0x20 && token[$0] < 0x7F }
        }
        precondition(isSane)
        for life in [answer.expiresIn, answer.refreshTokenExpiresIn, answer.accessTokenExpiry] {
            precondition(life.map { $0 > .zero && $0 <= TokenLifetime.longest } ?? true)
        }
        precondition(!answer.fields.contains { $0.name == "refresh_token" })
    case .failed(let failure):
        precondition(FailureTable.reasons.contains(failure.reason))
        precondition(failure.retryAfter.map { $0 >= .zero && $0 <= RetryAfter.longest } ?? true)
        precondition(!failure.isRevocation || failure.failureClass == .deadGrant)
        precondition(failure.failureClass == .transient || !failure.mayHaveBeenApplied)
        precondition(failure.oauthError.map { (1...64).contains($0.utf8.count) } ?? true)
    }
}

private func checkAddress(_ text: String) {
    guard let address = try? EndpointAddress.validate(text) else { return }
    precondition(!address.host.isEmpty && (1...65_535).contains(address.port) && address.target.hasPrefix("/"))
    precondition(address.isSecure || IPAddress(address.host)?.isLoopback ?? (address.host == "localhost"))
}
