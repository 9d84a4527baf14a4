package import JSON

/// An error answer: a number and a stable name for programs, a sentence that says what to do next for people, and whatever
/// else a program needs to act. None of it may hold a secret.
///
/// On the wire: `{"code": code, "message": message, "data": {"code": name, …data}}`.
package struct RPCError: Error, Sendable, Equatable {
    /// The number (JSON-RPC 2.0 section 5.1).
    package var code: Int

    /// The name that stands in `data.code`.
    package var name: String

    /// What to do next.
    package var message: String

    /// The other members of `data`. A member called `code` is not sent: that is ``name``.
    package var data: [JSONTree.Member]

    /// An error from its parts; `data` as in `["retryAfterSeconds": 1]`.
    package init(code: Int, name: String, message: String, data: KeyValuePairs<String, JSONTree> = [:]) {
        self.code = code
        self.name = name
        self.message = message
        self.data = data.map { JSONTree.Member($0.key, $0.value) }
    }
}

extension RPCError {
    /// -32700 PARSE_ERROR: the line is no JSON.
    package static func parseError(_ message: String, data: KeyValuePairs<String, JSONTree> = [:]) -> RPCError {
        RPCError(code: -32700, name: "PARSE_ERROR", message: message, data: data)
    }

    /// -32600 INVALID_REQUEST: JSON, but no request.
    package static func invalidRequest(_ message: String) -> RPCError {
        RPCError(code: -32600, name: "INVALID_REQUEST", message: message)
    }

    /// -32601 METHOD_NOT_FOUND. A long name is shortened.
    package static func methodNotFound(_ method: String) -> RPCError {
        let message = "There is no method '\(shortened(method))'. rpc.discover lists the methods."
        return RPCError(code: -32601, name: "METHOD_NOT_FOUND", message: message)
    }

    /// -32602 INVALID_PARAMS.
    package static func invalidParams(_ message: String, data: KeyValuePairs<String, JSONTree> = [:]) -> RPCError {
        RPCError(code: -32602, name: "INVALID_PARAMS", message: message, data: data)
    }

    /// -32603 INTERNAL_ERROR: the fault is ours.
    package static func internalError(_ message: String) -> RPCError {
        RPCError(code: -32603, name: "INTERNAL_ERROR", message: message)
    }

    /// -32010 RATE_LIMITED.
    package static func rateLimited(_ message: String, retryAfterSeconds: Int) -> RPCError {
        let data: KeyValuePairs<String, JSONTree> = ["retryAfterSeconds": .int(retryAfterSeconds)]
        return RPCError(code: -32010, name: "RATE_LIMITED", message: message, data: data)
    }

    /// -32011 TOO_LARGE.
    package static func tooLarge(_ message: String, data: KeyValuePairs<String, JSONTree> = [:]) -> RPCError {
        RPCError(code: -32011, name: "TOO_LARGE", message: message, data: data)
    }

    /// The answer to a line that could not be read: what was wrong and at which byte, nothing of the line itself.
    static func unreadable(_ error: JSONError) -> RPCError {
        let data: KeyValuePairs<String, JSONTree> = ["offset": .int(error.offset)]
        switch error.kind {
        case .tooLarge, .tooManyNodes:
            return .tooLarge("The request is too large: \(error). Send less in one line.", data: data)
        default:
            return .parseError("The line is not valid JSON: \(error). Send one JSON text per line.", data: data)
        }
    }
}

/// The first 64 bytes or so of a name that came from outside, for use in a message.
func shortened(_ name: String) -> String {
    name.utf8.count <= 64 ? name : String(name.unicodeScalars.prefix(48)) + "…"
}
