package import JSON

/// What answers calls: the one thing that ``RPCConnection`` needs to know of the methods.
package protocol RPCService: Sendable {
    /// Who calls: fixed for the life of a connection.
    associatedtype Caller: Sendable

    /// Answers one call, on the connection's thread, without waiting for anything.
    ///
    /// Either writes the result, one JSON value, and returns `.written` (nothing written counts as `null`); or takes
    /// ``RPCCall/later()``, gives it to whatever will complete it, and returns `.later`; or throws. Whatever was written
    /// before a throw, or before `.later`, is dropped. The call and its parameters must not be used afterwards but through
    /// values copied from them.
    func answer(
        _ call: borrowing RPCCall, from caller: Caller, into result: inout JSONWriter
    ) throws(RPCError) -> RPCAnswer
}

/// How a call was answered.
package enum RPCAnswer: Sendable {
    /// The result is written.
    case written
    /// The result comes through the ``RPCReply``.
    case later
}
