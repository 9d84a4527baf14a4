internal import ConnectedAccounts

/// One simulated OAuth 2 provider, as a value: a request, an instant and random bytes go in, an answer comes out.
///
/// It issues and refreshes tokens, counts every request in its ``ledger``, and puts the faults of its plan in the way.
/// Its tokens and client secrets open nothing but this simulator and say so in their names (`sim_at_…`, `sim_rt_…`);
/// they are no secrets, so they are plain strings here, and nowhere else in Purser.
///
/// There is no authorization endpoint: grants are made by ``connect(clientID:userID:scopes:at:random:)``.
package struct AuthorizationServer: Sendable {
    /// The address below which its endpoints lie, without a final slash. Whoever serves it sets it.
    package var issuer: String
    /// How errors are told.
    package var errorStyle = ErrorStyle.standard
    /// Which bodies the token endpoint reads.
    package var requestFormats: Set<RequestFormat> = [.form]
    /// Whether discovery names the authentication methods; if not, RFC 8414 presumes `client_secret_basic`.
    package var announcesAuthenticationMethods = true
    package var faults = FaultPlan()
    package internal(set) var ledger = Ledger()

    package internal(set) var clients: [String: Client] = [:]
    package internal(set) var users: [String: User] = [:]
    var store = GrantStore()
    /// What happened during the request at hand.
    var events: [Event] = []

    package init(issuer: String = "") {
        self.issuer = issuer
    }

    /// How errors are told.
    package enum ErrorStyle: Sendable {
        /// RFC 6749 section 5.2.
        case standard
        /// GitHub's own codes, with status 200.
        case github
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

    private mutating func reply(to request: Request, at now: Moment, fresh: FreshTokens) -> Reply {
        guard let endpoint = Endpoint(path: request.path) else {
            return Reply(answer: .html("Not Found", status: 404), delivery: .whole, events: [])
        }
        let incoming = IncomingRequest(request, formats: requestFormats)
        let clientID = registeredClientID(claimedBy: incoming)
        events = [.received(endpoint, clientID: clientID)]
        ledger.noteRequest(to: endpoint, by: clientID)
        notePresentation(in: incoming, at: endpoint)
        guard let fault = faults.next(at: endpoint, clientID: clientID) else {
            let answer = answer(to: incoming, at: endpoint, now, fresh)
            return Reply(answer: answer, delivery: .whole, events: events)
        }
        ledger.note(fault)
        events.append(.fault(fault, endpoint))
        let answer = fault.isApplied ? answer(to: incoming, at: endpoint, now, fresh) : nil
        let faulty = fault.reply(insteadOf: answer, at: now)
        return Reply(answer: faulty.answer, delivery: faulty.delivery, events: events)
    }

    private mutating func answer(
        to incoming: IncomingRequest, at endpoint: Endpoint, _ now: Moment, _ fresh: FreshTokens
    ) -> Answer {
        guard incoming.request.method == endpoint.method else {
            return .html("Method Not Allowed", status: 405, headers: [Field("Allow", endpoint.method)])
        }
        do throws(RequestError) {
            return switch endpoint {
            case .token: try tokenAnswer(to: incoming, at: now, fresh)
            case .revocation: try revocationAnswer(to: incoming)
            case .introspection: try introspectionAnswer(to: incoming, at: now)
            case .userinfo: try userinfoAnswer(to: incoming, at: now)
            case .connections: try connectionsAnswer(to: incoming, at: now)
            case .discovery: discoveryAnswer()
            }
        } catch {
            let clientID = registeredClientID(claimedBy: incoming)
            events.append(.refused(endpoint, clientID: clientID, error: error.code))
            return error.answer(in: endpoint == .token ? errorStyle : .standard)
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

/// The names of the tokens that the request at hand may need.
struct FreshTokens {
    var access: String
    var refresh: String

    init(random: inout some RandomNumberGenerator) {
        access = "sim_at_" + Self.digits(&random)
        refresh = "sim_rt_" + Self.digits(&random)
    }

    private static func digits(_ random: inout some RandomNumberGenerator) -> String {
        hexadecimal((0..<16).map { _ in UInt8.random(in: 0...255, using: &random) })
    }
}
