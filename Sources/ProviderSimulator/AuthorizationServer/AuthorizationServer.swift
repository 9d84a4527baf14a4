internal import ConnectedAccounts

/// One simulated OAuth 2 provider, as a value: a request, an instant and random bytes go in, an answer comes out.
///
/// It issues and refreshes tokens, counts every request in its ``ledger``, and puts the faults of its plan in the way.
/// Its tokens and client secrets open nothing but this simulator and say so in their names (`sim_at_…`, `sim_rt_…`);
/// they are no secrets, so they are plain strings here, and nowhere else in Purser.
///
/// Grants come by the authorization endpoint and the device flow, where ``consent`` decides, or without a request by
/// ``connect(clientID:userID:scopes:at:random:)``.
package struct AuthorizationServer: Sendable {
    /// The address below which its endpoints lie, without a final slash. Whoever serves it sets it.
    package var issuer: String
    /// Where discovery says that tokens are given. Nil: below the issuer.
    package var tokenURL: String?
    /// Whose manners it has.
    package var dialect = Dialect.standard
    /// Which bodies the token endpoint reads.
    package var requestFormats: Set<RequestFormat> = [.form]
    /// Whether discovery names the authentication methods; if not, RFC 8414 presumes `client_secret_basic`.
    package var announcesAuthenticationMethods = true
    /// Who decides over requests for access.
    package var consent = Consent.page
    /// What ``issuer`` becomes in the answer to an authorization request (RFC 9207).
    package var issuerParameter = IssuerParameter.own
    /// Scopes that no client may ask for.
    package var refusedScopes: Set<String> = []
    /// How long a code may be redeemed.
    package var codeLifetime: Duration = .seconds(600)
    /// How long a device must wait between requests, as long as it keeps to it.
    package var deviceInterval: Duration = .seconds(5)
    /// Signs the id tokens; nil: ``SigningKey/simulated``.
    package var signingKey: SigningKey?
    /// What is wrong with the id tokens. Nil: nothing.
    package var idTokenForgery: IDTokenForgery?
    package var faults = FaultPlan()
    package internal(set) var ledger = Ledger()

    package internal(set) var clients: [String: Client] = [:]
    package internal(set) var users: [String: User] = [:]
    var store = GrantStore()
    var codes = CodeStore()
    var devices = DeviceCodeStore()
    var tenants: [TenantConnection] = []
    /// What happened during the request at hand.
    var events: [Event] = []

    package init(issuer: String = "") {
        self.issuer = issuer
    }

    /// How a token request's body may be written.
    package enum RequestFormat: Sendable {
        case form
        case json
    }

    /// Registers a client, or replaces the one of that id; its grants stay.
    package mutating func add(_ client: Client) { clients[client.id] = client }

    /// Adds a user, or replaces the one of that id.
    package mutating func add(_ user: User) { users[user.id] = user }

    /// How many spent refresh tokens are remembered before the oldest are forgotten; 50 000 unless set.
    package var spentTokenLimit: Int {
        get { store.spentTokenLimit }
        set { store.spentTokenLimit = max(1, newValue) }
    }

    /// Answers one request. The ledger counts it before any fault or check.
    package mutating func respond(
        to request: Request, at now: Moment, random: inout some RandomNumberGenerator
    ) -> Reply {
        var reply = reply(to: request, at: now, fresh: FreshTokens(random: &random))
        reply.answer.headers.append(Field("Date", httpDate(now.wall)))
        return reply
    }

    /// What goes wrong with the TLS of a connection that comes now, before anything is asked on it.
    package mutating func handshakeFault() -> Fault.Handshake? {
        let handshake = faults.nextHandshake()
        if let handshake { ledger.note(.tls(handshake)) }
        return handshake
    }

    private mutating func reply(to request: Request, at now: Moment, fresh: FreshTokens) -> Reply {
        guard let route = Route(path: request.path, in: dialect) else {
            return Reply(answer: .html("Not Found", status: 404), delivery: .whole, events: [])
        }
        let endpoint = route.endpoint
        let incoming = IncomingRequest(request, formats: route.isPage ? [.form] : requestFormats)
        let clientID = registeredClientID(claimedBy: incoming)
        events = [.received(endpoint, clientID: clientID)]
        ledger.noteRequest(to: endpoint, by: clientID)
        notePresentation(in: incoming, at: endpoint)
        guard let fault = faults.next(at: endpoint, clientID: clientID) else {
            let answer = answer(to: incoming, at: route, now, fresh)
            return Reply(answer: answer, delivery: .whole, events: events)
        }
        ledger.note(fault)
        events.append(.fault(fault, endpoint))
        if fault == .tokenSpent { spendLongAgo(incoming["refresh_token"], at: now) }
        let answer = fault.isApplied ? answer(to: incoming, at: route, now, fresh) : nil
        let faulty = fault.reply(insteadOf: answer, at: now)
        return Reply(answer: faulty.answer, delivery: faulty.delivery, events: events)
    }

    private mutating func answer(
        to incoming: IncomingRequest, at route: Route, _ now: Moment, _ fresh: FreshTokens
    ) -> Answer {
        guard route.methods.isEmpty || route.methods.contains(incoming.request.method) else {
            let allowed = Field("Allow", route.methods.joined(separator: ", "))
            return .html("Method Not Allowed", status: 405, headers: [allowed])
        }
        do throws(RequestError) {
            return switch route.endpoint {
            case .authorization: authorizationAnswer(to: incoming, at: now, fresh)
            case .token: try tokenAnswer(to: incoming, at: now, fresh)
            case .deviceAuthorization: try deviceAuthorizationAnswer(to: incoming, at: now, fresh)
            case .deviceVerification: deviceVerificationAnswer(to: incoming, at: now)
            case .revocation: try revocationAnswer(to: incoming, route, fresh)
            case .introspection: try introspectionAnswer(to: incoming, at: now)
            case .userinfo: try userinfoAnswer(to: incoming, at: now)
            case .connections: try connectionsAnswer(to: incoming, route, at: now)
            case .discovery: discoveryAnswer()
            case .keys: keysAnswer()
            case .api: try apiAnswer(to: incoming, route, at: now)
            }
        } catch {
            let clientID = registeredClientID(claimedBy: incoming)
            events.append(.refused(route.endpoint, clientID: clientID, error: error.code))
            return refusal(error, of: incoming, at: route.endpoint, now)
        }
    }

    /// As if somebody else had used the token, longer ago than any grace lasts.
    private mutating func spendLongAgo(_ token: String?, at now: Moment) {
        if let token { store.spend(token, at: now.advanced(by: .seconds(-10 * 365 * 86_400)).boot) }
    }

    private func refusal(
        _ error: RequestError, of incoming: IncomingRequest, at endpoint: Endpoint, _ now: Moment
    ) -> Answer {
        switch endpoint {
        case .token, .deviceAuthorization:
            dialect.tokenRefusal(error, acceptsJSON: incoming.acceptsJSON, at: now)
        case .userinfo, .connections, .api: dialect.apiRefusal(error, at: now)
        default: error.standardAnswer
        }
    }

    private func registeredClientID(claimedBy incoming: IncomingRequest) -> String? {
        if let bearer = incoming.bearerToken {
            return store.accessTokens[bearer].map { store.grants[$0.grantID].clientID }
        }
        guard let id = incoming.claimedClientID, clients[id] != nil else { return nil }
        return id
    }

    private mutating func notePresentation(in incoming: IncomingRequest, at endpoint: Endpoint) {
        guard endpoint == .token, incoming["grant_type"] == "refresh_token", let token = incoming["refresh_token"]
        else { return }
        let record = store.refreshTokens[token]
        ledger.notePresentation(
            of: token, record.map { $0.spentAt == nil ? .unspent : .spent } ?? .unknown)
    }
}
