import JSON
import SecretBytes

/// A token request while it is being written: its secrets go from their owners straight into buffers that are wiped.
struct TokenRequestDraft: ~Copyable {
    private let url: String
    private var headers: [NamedValue]
    private var body: TokenRequestBody
    private var authorization: SecretBytes?
    /// The provider's own parameters. One with a standard, unsecret name stands in its place (`grant_type`, say).
    private let extra: [NamedValue]

    private static let reservedParameters: Set<String> = [
        "client_secret", "refresh_token", "code", "code_verifier", "device_code", "assertion",
    ]

    init(_ endpoint: TokenEndpointDescription, extra: [NamedValue]) throws(TokenRequestError) {
        // All that can throw comes before the first noncopyable member is set.
        let url = try Self.checked(endpoint.url)
        if let reserved = extra.first(where: { Self.reservedParameters.contains($0.name) }) {
            throw .reservedParameter(reserved.name)
        }
        let headers = try RequestHeaders.standard(endpoint.requestFormat, with: endpoint.headers)
        self.url = url
        self.headers = headers
        self.extra = extra
        self.body = TokenRequestBody(endpoint.requestFormat)
        self.authorization = nil
    }

    private static func checked(_ url: String) throws(TokenRequestError) -> String {
        do {
            return try EndpointAddress.validate(url).url
        } catch {
            throw .endpoint(error)
        }
    }

    mutating func add(_ name: String, _ value: String) {
        guard !extra.contains(where: { $0.name == name }) else { return }
        body.add(name, value)
    }

    mutating func add(_ name: String, secret: borrowing SecretBytes) {
        body.add(name, secret: secret)
    }

    mutating func authenticate(
        _ method: ClientAuthentication, clientID: String, clientSecret: borrowing SecretBytes?
    ) throws(TokenRequestError) {
        guard !clientID.isEmpty else { throw .emptyClientID }
        if method == .clientSecretPost || method == .none { add("client_id", clientID) }
        guard method != .none else { return }
        switch clientSecret {
        case .some(let secret) where method == .clientSecretBasic:
            authorization = Self.basic(clientID, secret)
        case .some(let secret) where method == .secretAsUserName:
            authorization = Self.basic(userName: secret)
        case .some(let secret):
            add("client_secret", secret: secret)
        case .none:
            throw .missingClientSecret
        }
    }

    /// Authenticates by the token that the request is about (RFC 6750 section 2.1).
    mutating func authorize(bearer token: borrowing SecretBytes) {
        var header = SecretBuffer(minimumCapacity: token.count + 8)
        header.append("Bearer ")
        token.withBytes { header.append($0) }
        authorization = header.bytes()
    }

    consuming func finish(method: ProviderRequest.Method = .post) -> ProviderRequest {
        for parameter in extra { body.add(parameter.name, parameter.value) }
        return ProviderRequest(
            method: method, url: url, headers: headers, authorization: authorization, body: body.finish())
    }

    /// The parameters in the address instead of a body. The address is a `String`, so this one copy of a token is not
    /// wiped; it is for providers that leave no other way.
    consuming func finishInQuery(method: ProviderRequest.Method) throws(TokenRequestError) -> ProviderRequest {
        for parameter in extra { body.add(parameter.name, parameter.value) }
        let query = body.finish().publicText()
        let separator = query.isEmpty ? "" : url.contains("?") ? "&" : "?"
        let headers = headers.filter { ASCII.lowercased($0.name) != "content-type" }
        return ProviderRequest(
            method: method, url: try Self.checked(url + separator + query), headers: headers,
            authorization: authorization)
    }

    /// Both parts are form-encoded before they are joined (RFC 6749 section 2.3.1).
    private static func basic(_ clientID: String, _ secret: borrowing SecretBytes) -> SecretBytes {
        var pair = SecretBuffer(minimumCapacity: 256)
        FormEncoding.encode(clientID, into: &pair)
        pair.append(UInt8(ascii: ":"))
        secret.withBytes { FormEncoding.encode($0, into: &pair) }
        return basic(pair)
    }

    /// Nothing is encoded: this is plain RFC 7617, not OAuth's.
    private static func basic(userName: borrowing SecretBytes) -> SecretBytes {
        var pair = SecretBuffer(minimumCapacity: 256)
        userName.withBytes { pair.append($0) }
        pair.append(UInt8(ascii: ":"))
        return basic(pair)
    }

    private static func basic(_ pair: borrowing SecretBuffer) -> SecretBytes {
        var header = SecretBuffer(minimumCapacity: 512)
        header.append("Basic ")
        pair.withBytes { Base64.encode($0, into: &header) }
        return header.bytes()
    }
}

/// The body of a token request, as a form or as a JSON object.
struct TokenRequestBody: ~Copyable {
    private let format: RequestFormat
    private var form = SecretBuffer(minimumCapacity: 1024)
    private var json = JSONWriter(minimumCapacity: 1024)

    init(_ format: RequestFormat) {
        self.format = format
        json.beginObject()
    }

    mutating func add(_ name: String, _ value: String) {
        add(name, secret: SecretBytes(utf8: value))
    }

    mutating func add(_ name: String, secret: borrowing SecretBytes) {
        switch format {
        case .form:
            if !form.isEmpty { form.append(UInt8(ascii: "&")) }
            FormEncoding.encode(name, into: &form)
            form.append(UInt8(ascii: "="))
            secret.withBytes { FormEncoding.encode($0, into: &form) }
        case .json:
            json.key(name)
            secret.withBytes { json.value(secret: $0) }
        }
    }

    consuming func finish() -> SecretBytes {
        switch format {
        case .form:
            return form.bytes()
        case .json:
            json.endObject()
            return json.finish().bytes()
        }
    }
}
