extension AuthorizationServer {
    /// The client that a request proves to come from (RFC 6749 section 2.3).
    ///
    /// A method that the client is not registered for is as good as a wrong secret; two methods at once are an error.
    func authenticatedClient(of incoming: IncomingRequest) throws(RequestError) -> Client {
        if incoming.request.authorization != nil {
            guard incoming["client_secret"] == nil else {
                throw .invalidRequest("the client authenticates in two ways at once")
            }
            guard let credentials = incoming.basicCredentials else { throw .invalidClient(challenged: true) }
            guard let client = clients[credentials.id] else { throw .invalidClient(challenged: true, .clientUnknown) }
            guard client.authentication.contains(.basic), client.secret == credentials.secret else {
                throw .invalidClient(challenged: true)
            }
            return client
        }
        guard let id = incoming["client_id"] else { throw .invalidClient(challenged: false) }
        guard let client = clients[id] else { throw .invalidClient(challenged: false, .clientUnknown) }
        let method = incoming["client_secret"] == nil ? AuthenticationMethod.none : .post
        guard client.authentication.contains(method),
            method == .none || client.secret == incoming["client_secret"]
        else { throw .invalidClient(challenged: false) }
        return client
    }
    /// The client of a device flow, which may be a program that keeps no secret (RFC 8628 section 3.1). A secret that comes
    /// along must be right; where `needsSecret`, it must come along.
    func deviceClient(of incoming: IncomingRequest, needsSecret: Bool) throws(RequestError) -> Client {
        guard incoming.request.authorization == nil, incoming["client_secret"] == nil, !needsSecret else {
            return try authenticatedClient(of: incoming)
        }
        guard let id = incoming["client_id"] else { throw .invalidClient(challenged: false) }
        guard let client = clients[id] else { throw .invalidClient(challenged: false, .clientUnknown) }
        return client
    }
}
