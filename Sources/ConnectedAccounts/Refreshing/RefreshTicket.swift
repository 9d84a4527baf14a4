extension RefreshScheduler {
    /// A connection's place: dense, reused after ``RefreshScheduler/remove(_:)``.
    package typealias Slot = Int

    /// A slot at one of its turns: whatever moves the connection gives it a new turn, and what is late finds nobody.
    struct Place: Sendable, Equatable {
        var slot: Slot
        var turn: UInt64
    }

    /// Leave to send one refresh.
    package struct Ticket: Sendable, Hashable {
        package let slot: Slot
        /// The generation whose refresh token is presented.
        package let generation: UInt64
        package let sentAt: BootInstant
        /// The endpoint counts as failing, so ask it first without anything that could be lost, and report
        /// ``Failure/stillFailing(_:retryAfter:)`` unless its answer is that of an endpoint that works.
        package let asksFirst: Bool
        /// It was sent by an earlier process: its answer is waited for.
        package let isTakenOver: Bool
        let turn: UInt64
        let endpoint: String
        let app: String
        /// The state of the auth config with which it is sent.
        let appEdition: UInt64
    }

    /// What a caller who needs a fresh token is told.
    package enum Demand: Sendable, Equatable {
        /// A refresh is queued or under way; nothing is known to hold it up.
        case underway
        /// The next attempt is not made before then.
        case notBefore(BootInstant, StatusReason)
        /// No refresh can help.
        case impossible(StatusReason)
    }

    /// A failure as the scheduler needs to know it.
    package enum Failure: Sendable, Equatable {
        /// The grant is over; the scheduler stops.
        case dead(StatusReason)
        /// The client registration is rejected.
        case brokenApp(StatusReason)
        /// Worth another try. `endpointWide`: it would have met any connection. `retryAfter`: what the provider asked
        /// for. `resendAfter`: a rule of ours for this connection alone, such as to wait until there is nothing left to
        /// lose.
        case transient(endpointWide: Bool, retryAfter: Duration?, resendAfter: Duration? = nil)
        /// The endpoint, asked without a token as ``Ticket/asksFirst`` has it, still fails: nothing was presented.
        case stillFailing(QuestionSeen, retryAfter: Duration?)
        /// The token was presented, nobody knows what became of it, and it may not be presented again.
        case uncertain(EndpointSeen)
    }

    /// What came of asking an endpoint without a token.
    package enum QuestionSeen: Sendable, Equatable {
        /// Certainly nothing got there, as nothing would have with a token.
        case notReached
        /// Silence, a limit, or a gateway without its server.
        case noAnswer
        /// Some other failure, with which one that works might meet whatever lacks a token.
        case unclear
    }

    /// How an endpoint showed itself in a refresh that left a token uncertain.
    package enum EndpointSeen: Sendable, Equatable {
        /// It was not asked this time: the token's grace was over before.
        case notAsked
        /// It gave tokens, which could not be kept.
        case answering
        /// Its answer was lost. `retryAfter`: what it asked for.
        case failing(retryAfter: Duration?)
    }

    /// The health of one token endpoint.
    package struct EndpointHealth: Sendable, Equatable {
        /// As it was put, with ``RefreshScheduler/put(_:endpoint:app:timing:life:now:jitter:)``.
        package var key: String
        package var consecutiveFailures: Int
        /// Nil while it is healthy.
        package var retryAt: BootInstant?
    }
}

/// Where a connection stands with its refreshes.
enum RefreshPhase: Equatable {
    /// Until the token is due, or somebody asks.
    case idle
    case backingOff(until: BootInstant)
    /// In its endpoint's line, or parked with its app.
    case queued
    case inFlight
    /// Only a new token set helps.
    case halted(StatusReason)
}

/// What the scheduler knows of one connection.
struct RefreshEntry {
    var endpoint: String
    var app: String
    var timing: RefreshTiming
    var life: TokenLife
    var jitter: Double
    /// The ticket under way, by its turn; after a login it may be one that presents the tokens before.
    var flight: UInt64?
    private(set) var phase = RefreshPhase.idle
    private(set) var turn: UInt64 = 0
    /// Due at this turn.
    var wakeAt: BootInstant?
    /// A caller waits for it, so it stands in the urgent line.
    var isUrgent = false
    /// Paused: nothing but what keeps the grant alive, and no demand is met.
    var isSuspended = false
    var failures = 0
    /// A success is followed by a rest, so that a provider whose tokens are dead on arrival is not asked without end.
    var restsUntil = BootInstant(nanoseconds: .min)

    init(
        endpoint: String, app: String, timing: RefreshTiming, life: TokenLife, jitter: Double, flight: UInt64? = nil
    ) {
        self.endpoint = endpoint
        self.app = app
        self.timing = timing
        self.life = life
        self.jitter = jitter
        self.flight = flight
    }

    /// When it is to be refreshed without being asked for.
    var due: BootInstant? {
        let due = isSuspended ? timing.keepAlive(life, jitter: jitter) : timing.due(life, jitter: jitter)
        return due.map { max($0, restsUntil) }
    }

    mutating func move(to phase: RefreshPhase, turn: UInt64) {
        self.phase = phase
        self.turn = turn
        wakeAt = nil
        isUrgent = false
    }
}
