/// A request with its parameters and credentials read.
struct IncomingRequest {
    typealias Request = AuthorizationServer.Request
    typealias RequestError = AuthorizationServer.RequestError

    /// More parameters than any token request has.
    private static let parameterLimit = 64

    let request: Request
    /// Why the parameters could not be read, if they could not.
    private(set) var malformed: RequestError?
    private var parameters: [String: String] = [:]
    /// The parameters of the query, without the empty ones. Nil if they are malformed, too many, or one comes twice.
    let query: [String: String]?

    init(_ request: Request, formats: Set<AuthorizationServer.RequestFormat>) {
        self.request = request
        query = Self.query(of: request)
        guard request.method == "POST" || request.method == "DELETE" else { return }
        do throws(RequestError) {
            parameters = try Self.parameters(of: request, formats)
        } catch {
            malformed = error
        }
    }

    /// A parameter of the body; one that is empty counts as missing (RFC 6749 section 3.2).
    subscript(name: String) -> String? {
        guard let value = parameters[name], !value.isEmpty else { return nil }
        return value
    }

    /// Client id and secret of `Authorization: Basic`, each form-encoded (RFC 6749 section 2.3.1).
    var basicCredentials: (id: String, secret: String)? {
        guard let encoded = credentials(ofScheme: "basic"), let bytes = Base64.decode(encoded) else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let id = FormReader.decode(parts[0]), let secret = FormReader.decode(parts[1])
        else { return nil }
        return (id, secret)
    }

    /// The token of `Authorization: Bearer` (RFC 6750 section 2.1).
    var bearerToken: String? { credentials(ofScheme: "bearer") }

    var claimedClientID: String? { basicCredentials?.id ?? self["client_id"] ?? query?["client_id"] }

    /// Whether the client asks for JSON.
    var acceptsJSON: Bool { request.header("Accept")?.lowercased().contains("json") == true }

    private func credentials(ofScheme scheme: String) -> String? {
        guard let authorization = request.authorization else { return nil }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == scheme else { return nil }
        return String(parts[1])
    }

    private static func parameters(
        of request: Request, _ formats: Set<AuthorizationServer.RequestFormat>
    ) throws(RequestError) -> [String: String] {
        let mediaType = (request.contentType ?? "").split(separator: ";").first.map { $0.lowercased() }
        let pairs =
            switch mediaType {
            case "application/x-www-form-urlencoded" where formats.contains(.form): FormReader.pairs(in: request.body)
            case "application/json" where formats.contains(.json): FlatObjectReader.pairs(in: request.body)
            default: throw .invalidRequest("the body has a content type that this endpoint does not read")
            }
        guard let pairs, pairs.count <= parameterLimit else {
            throw .invalidRequest("the body is malformed")
        }
        guard let parameters = single(pairs) else { throw .invalidRequest("a parameter is given twice") }
        return parameters
    }

    private static func query(of request: AuthorizationServer.Request) -> [String: String]? {
        guard let pairs = FormReader.pairs(in: Array(request.query.utf8)), pairs.count <= parameterLimit else {
            return nil
        }
        return single(pairs)?.filter { !$0.value.isEmpty }
    }

    /// Nil if a name comes twice (RFC 6749 section 3.1).
    private static func single(_ pairs: [(name: String, value: String)]) -> [String: String]? {
        var parameters: [String: String] = [:]
        for pair in pairs where parameters.updateValue(pair.value, forKey: pair.name) != nil { return nil }
        return parameters
    }
}
