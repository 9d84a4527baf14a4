package import ConnectedAccounts
package import JSON
import RFC3339
import SecretBytes

extension ImportedCredentials {
    /// Reads what a credential file holds, or a caller sends. The caller wipes `text`.
    package static func read(
        _ text: Span<UInt8>, authScheme: AuthScheme
    ) throws(ImportedCredentialsError) -> ImportedCredentials {
        guard text.count <= maximumLength else { throw .tooLong }
        let text = text.extracting(trimmed(text))
        guard let first = text.indices.first else { throw .empty }
        if text[first] == UInt8(ascii: "{") { return try read(json: text, authScheme) }
        if authScheme == .jwtBearer, text.hasPEMBegin {
            return ImportedCredentials(.signingKey(SigningKey(privateKey: SecretBytes(copying: text))))
        }
        guard text.indices.allSatisfy({ (0x21...0x7E).contains(text[$0]) }) else { throw .unprintable }
        return try bare(SecretBytes(copying: text), authScheme)
    }

    /// Without the line breaks that editors put at the end, and without space before an object.
    private static func trimmed(_ text: Span<UInt8>) -> Range<Int> {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || isLineBreak(byte) }
        func isLineBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
        var end = text.count
        while end > 0, isLineBreak(text[end - 1]) { end -= 1 }
        var start = 0
        while start < end, isSpace(text[start]) { start += 1 }
        let isObject = start < end && text[start] == UInt8(ascii: "{")
        return isObject ? start..<end : 0..<end
    }

    private static func bare(
        _ key: consuming SecretBytes, _ scheme: AuthScheme
    ) throws(ImportedCredentialsError) -> ImportedCredentials {
        switch scheme {
        case .oauth2: ImportedCredentials(.tokens(accessToken: key, refreshToken: nil))
        case .apiKey: ImportedCredentials(.apiKey(key))
        case .bearerToken: ImportedCredentials(.bearerToken(key))
        case .basic: throw .missing("username and password, as JSON")
        case .jwtBearer: throw .missing("a private key as PEM, or JSON")
        case .serviceAccount: throw .notAServiceAccount
        case .clientCredentials: throw .notForScheme(member: "a bare key", scheme: scheme)
        }
    }

    private static func read(
        json text: Span<UInt8>, _ scheme: AuthScheme
    ) throws(ImportedCredentialsError) -> ImportedCredentials {
        let document = JSONDocument()
        do {
            try document.parse(text, limits: JSONLimits(maxBytes: maximumLength, maxDepth: 16, maxNodes: 16_384))
        } catch {
            throw .notJSON(error.description)
        }
        return try read(object: document.root, scheme)
    }

    private static func read(
        object root: JSONValue, _ scheme: AuthScheme
    ) throws(ImportedCredentialsError) -> ImportedCredentials {
        // The key file as it was downloaded.
        if scheme == .serviceAccount, SigningKey.isServiceAccount(root) {
            return signing(try SigningKey.read(serviceAccount: root))
        }
        try checkMembers(of: root, scheme)
        var credentials = try credentials(root, scheme)
        credentials.accounts = try accounts(root["account"])
        credentials.expiresAt = try expiry(root["expires_at"])
        credentials.scopes = try scopes(root["scope"])
        if credentials.expiresAt != nil, root["access_token"] == nil { throw .missing("access_token with expires_at") }
        return credentials
    }

    private static func credentials(
        _ root: JSONValue, _ scheme: AuthScheme
    ) throws(ImportedCredentialsError) -> ImportedCredentials {
        switch scheme {
        case .jwtBearer: return signing(try SigningKey.read(root))
        case .serviceAccount:
            guard let file = present(root["service_account"]) else { throw .missing("service_account") }
            var key = try SigningKey.read(serviceAccount: file)
            key.subject = try SigningKey.name(root["subject"], "subject")
            return signing(key)
        case .oauth2, .clientCredentials, .apiKey, .bearerToken, .basic:
            return ImportedCredentials(try secret(root, scheme))
        }
    }

    private static func signing(_ key: consuming SigningKey) -> ImportedCredentials {
        let principal = key.principal
        var credentials = ImportedCredentials(.signingKey(key))
        credentials.principal = principal
        return credentials
    }

    private static func checkMembers(of root: JSONValue, _ scheme: AuthScheme) throws(ImportedCredentialsError) {
        let allowed = CredentialMember.members(for: scheme)
        var position = 0
        for (key, value) in root.members {
            position += 1
            guard let member = member(key) else { throw .unknownMember(position: position) }
            if value.isNull { continue }
            guard allowed.contains(member) else { throw .notForScheme(member: member.rawValue, scheme: scheme) }
        }
    }

    /// Checks what can be checked before the scheme is known: that an object has no member that no scheme knows.
    package static func checkNames(in object: JSONValue) throws(ImportedCredentialsError) {
        if SigningKey.isServiceAccount(object) { return }
        var position = 0
        for (key, _) in object.members {
            position += 1
            guard member(key) != nil else { throw .unknownMember(position: position) }
        }
    }

    private static func member(_ key: JSONValue) -> CredentialMember? {
        CredentialMember.allCases.first { member in
            key.withString { $0.isEqual(to: member.rawValue) } == true
        }
    }

    private static func secret(_ root: JSONValue, _ scheme: AuthScheme) throws(ImportedCredentialsError) -> Secret {
        switch scheme {
        case .oauth2:
            let accessToken = try secret(root["access_token"], "access_token")
            let refreshToken = try secret(root["refresh_token"], "refresh_token")
            if accessToken == nil, refreshToken == nil { throw .missing("access_token or refresh_token") }
            return .tokens(accessToken: accessToken, refreshToken: refreshToken)
        case .clientCredentials, .jwtBearer, .serviceAccount: return .none
        case .apiKey: return .apiKey(try required(root["api_key"], "api_key"))
        case .bearerToken: return .bearerToken(try required(root["token"], "token"))
        case .basic:
            let username = try username(root["username"])
            return .basic(username: username, password: try required(root["password"], "password"))
        }
    }

    /// RFC 7617 section 2: a colon would end it.
    private static func username(_ value: JSONValue?) throws(ImportedCredentialsError) -> String {
        guard let value = present(value) else { throw .missing("username") }
        let isAcceptable = { (byte: UInt8) in byte >= 0x20 && byte != 0x7F && byte != UInt8(ascii: ":") }
        guard let name = value.string, name.utf8.allSatisfy(isAcceptable) else {
            throw .wrongType(member: "username", expected: "a string without ':' and control characters")
        }
        return name
    }

    private static func required(
        _ value: JSONValue?, _ name: String
    ) throws(ImportedCredentialsError) -> SecretBytes {
        guard let secret = try secret(value, name) else { throw .missing(name) }
        return secret
    }

    private static func secret(
        _ value: JSONValue?, _ name: String
    ) throws(ImportedCredentialsError) -> SecretBytes? {
        guard let value = present(value) else { return nil }
        let isUsable = value.withString { text in
            text.count > 0 && text.indices.allSatisfy { text[$0] >= 0x20 && text[$0] != 0x7F }
        }
        guard isUsable == true else {
            throw .wrongType(member: name, expected: "a string, not empty and without control characters")
        }
        return value.secret()
    }

    /// Nil for `null` too.
    private static func present(_ value: JSONValue?) -> JSONValue? {
        value.flatMap { $0.isNull ? nil : $0 }
    }
}

// MARK: - What is no secret

extension ImportedCredentials {
    /// Unix seconds, as a number or in digits, or RFC 3339.
    private static func expiry(_ value: JSONValue?) throws(ImportedCredentialsError) -> WallInstant? {
        guard let value = present(value) else { return nil }
        let seconds = value.int.map(Int64.init) ?? value.string.flatMap { RFC3339.unixSeconds($0) ?? Int64($0) }
        guard let seconds, (0...RFC3339.range.upperBound).contains(seconds) else {
            throw .wrongType(member: "expires_at", expected: "Unix time in seconds (not milliseconds), or RFC 3339")
        }
        return WallInstant(seconds: seconds)
    }

    /// One string with spaces or commas, or an array of strings.
    private static func scopes(_ value: JSONValue?) throws(ImportedCredentialsError) -> [String]? {
        guard let value = present(value) else { return nil }
        let expected = "a string or an array of strings"
        if let text = value.string {
            return text.split { $0 == " " || $0 == "," }.map(String.init)
        }
        guard value.kind == .array else { throw .wrongType(member: "scope", expected: expected) }
        var scopes: [String] = []
        for element in value.elements {
            guard let scope = element.string else { throw .wrongType(member: "scope", expected: expected) }
            scopes.append(scope)
        }
        return scopes
    }

    private static func accounts(_ value: JSONValue?) throws(ImportedCredentialsError) -> [[Account.Field]] {
        guard let value = present(value) else { return [] }
        if value.kind == .object { return [try fields(value)] }
        guard value.kind == .array else {
            throw .wrongType(member: "account", expected: "an object or an array of objects")
        }
        guard value.count <= maximumAccounts else { throw .tooManyAccounts }
        var accounts: [[Account.Field]] = []
        for element in value.elements {
            guard element.kind == .object else {
                throw .wrongType(member: "account", expected: "an object or an array of objects")
            }
            accounts.append(try fields(element))
        }
        return accounts
    }

    private static func fields(_ object: JSONValue) throws(ImportedCredentialsError) -> [Account.Field] {
        var fields: [Account.Field] = []
        for (key, value) in object.members {
            guard let name = key.string else { continue }
            guard !Account.reservedNames.contains(name) else { throw .reservedMember(name) }
            fields.append(Account.Field(name: name, json: value.compactText, text: value.string))
        }
        return fields
    }
}

extension Span<UInt8> {
    fileprivate func isEqual(to text: String) -> Bool {
        let other = text.utf8.span
        return count == other.count && indices.allSatisfy { self[$0] == other[$0] }
    }
}
