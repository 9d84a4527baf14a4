internal import JSON

/// The members of a request object (JSON-RPC 2.0 section 4).
struct RPCEnvelope: ~Copyable {
    /// Nil in a notification, and where the id itself is not acceptable.
    let id: JSONValue?

    /// A string, unless there is a ``problem``.
    let method: JSONValue

    /// An object or array.
    let params: JSONValue?

    /// Why this is no request.
    let problem: Problem?

    /// What can be wrong with a request object, but for its parameters.
    enum Problem {
        case notAnObject, version, method, params, idType, idLength
    }

    /// Reads `request`, which may be any value.
    init(_ request: JSONValue, maxIDBytes: Int) {
        let (version, method, params, id) = request.values(of: "jsonrpc", "method", "params", "id")
        self.method = method ?? request
        self.params = params
        let idProblem = id.flatMap { Self.problem(ofID: $0, maxIDBytes) }
        self.id = idProblem == nil ? id : nil
        problem =
            if request.kind != .object {
                .notAnObject
            } else if idProblem != nil {
                idProblem
            } else if version?.equals("2.0") != true {
                .version
            } else if method?.kind != .string {
                .method
            } else {
                Self.problem(ofParams: params?.kind)
            }
    }

    private static func problem(ofID id: JSONValue, _ maxBytes: Int) -> Problem? {
        switch id.kind {
        case .string, .number, .null: id.withRawJSON { $0.count } <= maxBytes ? nil : .idLength
        case .boolean, .array, .object: .idType
        }
    }

    private static func problem(ofParams kind: JSONKind?) -> Problem? {
        switch kind {
        case nil, .object, .array: nil
        default: .params
        }
    }
}

extension RPCEnvelope.Problem {
    /// INVALID_REQUEST, with what to do about it.
    var error: RPCError {
        switch self {
        case .notAnObject:
            .invalidRequest("A request is a JSON object with the members jsonrpc, method, params and id.")
        case .version: .invalidRequest("Add the member \"jsonrpc\": \"2.0\".")
        case .method: .invalidRequest("Add the member \"method\" with a method's name as a string.")
        case .params: .invalidRequest("\"params\" must be an object or an array, or be left out.")
        case .idType: .invalidRequest("The id must be a string, a number or null; leave it out in a notification.")
        case .idLength: .invalidRequest("The id is too long. Use a shorter one.")
        }
    }
}
