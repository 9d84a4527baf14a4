extension PurserClient {
    /// Bounds on what one client keeps, waits for, and takes in.
    public struct Limits: Sendable, Hashable {
        /// How long a call waits for its answer, unless it says otherwise. Longer than the 60 seconds for which the
        /// daemon can be asked to wait for a provider.
        public var timeout: Duration = .seconds(75)

        /// Calls that are with the daemon at one time, at least 1; it takes 256 from one connection.
        public var callsInFlight = 200

        /// Calls that wait for one of those places; beyond it, calls fail with ``PurserError/tooManyCalls``.
        public var waitingCalls = 10_000

        /// Bytes of all calls that are not sent yet; beyond it, too.
        public var unsentBytes = 16 << 20

        /// Bytes of one answer; a longer one closes the connection. At most 1 GiB.
        public var answerBytes = 16 << 20

        /// The defaults.
        public init() {}
    }
}
