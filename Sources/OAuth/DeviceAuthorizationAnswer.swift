package import SecretBytes

/// What a person needs to consent on another device, and what we need to find out that they did (RFC 8628 section 3.2).
package struct DeviceAuthorizationAnswer: ~Copyable, Sendable {
    /// What polls present; 1 to 8192 bytes.
    package let deviceCode: SecretBytes
    /// What the person types in: 1 to 64 printable characters.
    package let userCode: String
    /// Where they type it in: an address that ``EndpointAddress`` accepts.
    package let verificationURI: String
    /// The same with the code already in it, where the provider has such.
    package let verificationURIComplete: String?
    /// The life of both codes from when the request was sent: at most an hour, 10 minutes where nothing is said.
    package let expiresIn: Duration
    /// The least time between polls, 1 to 60 seconds; 5 where nothing is said.
    package let interval: Duration

    /// The longest device code, in bytes.
    package static let maximumCodeLength = 8192

    /// Reads what came back from the device authorization endpoint. `description` is that of the token endpoint, for its
    /// failure rules. `receivedAt` is in seconds since 1970.
    package static func read(
        _ outcome: consuming ProviderOutcome, description: TokenEndpointDescription, receivedAt: Int64
    ) -> DeviceAuthorizationOutcome {
        switch consume outcome {
        case .answered(let response):
            read(response, description, receivedAt)
        case .failed(let failure):
            .failed(FailureTable.classify(.transport(failure), rules: [], retryAfter: nil))
        }
    }

    private static func read(
        _ response: consuming ProviderResponse, _ description: TokenEndpointDescription, _ receivedAt: Int64
    ) -> DeviceAuthorizationOutcome {
        if (200...299).contains(response.status) {
            let answer = read(AnswerBody(response.body, contentType: response.contentType))
            switch consume answer {
            case .some(let answer): return .granted(answer)
            case .none: break
            }
        }
        // Refusals look the same at both endpoints.
        return .failed(TokenAnswerReader.failure(in: response, description: description, receivedAt: receivedAt))
    }

    private static func read(_ body: consuming AnswerBody) -> DeviceAuthorizationAnswer? {
        switch consume body {
        case .json(let root): read(members: root)
        case .form(let fields): read(members: fields)
        default: nil
        }
    }

    private static func read<Source: TokenAnswerSource & ~Copyable>(
        members source: borrowing Source
    ) -> DeviceAuthorizationAnswer? {
        // Google and others say `verification_url`, as a draft of the standard did.
        let uri = address(source, "verification_uri") ?? address(source, "verification_url")
        let complete = address(source, "verification_uri_complete") ?? address(source, "verification_url_complete")
        guard let uri, let userCode = source.scalar("user_code"), isUserCode(userCode) else { return nil }
        let expiresIn = source.lifetime("expires_in") ?? .seconds(600)
        let interval = source.lifetime("interval") ?? .seconds(5)
        let code = source.secret("device_code")
        switch consume code {
        case .some(let code):
            guard code.count <= maximumCodeLength else { return nil }
            return DeviceAuthorizationAnswer(
                deviceCode: code, userCode: userCode, verificationURI: uri, verificationURIComplete: complete,
                expiresIn: min(expiresIn, .seconds(3600)), interval: min(max(interval, .seconds(1)), .seconds(60)))
        case .none:
            return nil
        }
    }

    private static func address<Source: TokenAnswerSource & ~Copyable>(
        _ source: borrowing Source, _ name: String
    ) -> String? {
        source.scalar(name).flatMap { try? EndpointAddress.validate($0).url }
    }

    private static func isUserCode(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy(ASCII.isPrintable)
    }
}

/// What a device authorization request came to.
package enum DeviceAuthorizationOutcome: ~Copyable, Sendable {
    /// Codes.
    case granted(DeviceAuthorizationAnswer)
    /// No codes.
    case failed(TokenFailure)
}
