internal import JSON

/// One line from the daemon, understood (JSON-RPC 2.0 sections 4.1 and 5).
enum Incoming {
    /// The answer to the call with this id.
    case answer(id: Int, Result<JSON.JSONValue, RPCError>)
    /// An error that belongs to no call; the daemon closes the connection after it.
    case failure(RPCError)
    /// Something that nobody asked for.
    case notification

    /// Reads the line in `document`.
    ///
    /// - Throws: ``PurserError/protocolViolation(_:)`` for what is none of these.
    init(_ message: JSON.JSONValue) throws(PurserError) {
        guard message["jsonrpc"]?.equals("2.0") == true else { throw .protocolViolation("a line without JSON-RPC 2.0") }
        if message["method"] != nil, message["id"] == nil {
            self = .notification
            return
        }
        let outcome = try Self.outcome(message)
        switch (message["id"], outcome) {
        case (let id?, let outcome) where id.int != nil:
            self = .answer(id: id.int ?? 0, outcome)
        case (let id?, .failure(let error)) where id.isNull:
            self = .failure(error)
        default:
            throw .protocolViolation("an answer whose id is of no call")
        }
    }

    private static func outcome(_ message: JSON.JSONValue) throws(PurserError) -> Result<JSON.JSONValue, RPCError> {
        switch (message["result"], message["error"]) {
        case (let result?, nil):
            return .success(result)
        case (nil, let error?):
            guard let error = RPCError(error) else { throw .protocolViolation("an error without code or message") }
            return .failure(error)
        default:
            throw .protocolViolation("an answer that has not one of result and error")
        }
    }
}
