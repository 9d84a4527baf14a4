internal import ConnectedAccounts
internal import JSONRPC
internal import OAuth
internal import ProviderCatalog

/// Something that must wait for a provider, besides refreshes. Each carries what it needs, so it outlives its caller.
enum BrokerJob: Sendable {
    /// Begin a link: the issuer's metadata, or a device code, is needed first.
    case link(LinkCall, Caller, RPCReply)
    /// Ask whether the user has entered the code.
    case pollDevice(connectionID: String, DevicePolling<BootInstant>, at: BootInstant)
    /// Exchange what a browser brought to another machine.
    case exchange(ClaimedLink, RPCReply)
    /// Read whose tokens were imported, or brought by a caller, one connection after the other.
    case identifyImported
    case delete(Deletion)
    case removeAccount(AccountRemoval)
}

extension BrokerState {
    /// Jobs that may wait to be taken up.
    private static var jobLimit: Int { 1024 }

    /// Whether a job would be taken.
    func checkRoomForJob() throws(RPCError) {
        guard !isStopping else { throw .shuttingDown }
        guard jobs.count < Self.jobLimit else {
            throw .rateLimited(retryAfter: .seconds(1), "too much is under way; try again in a second")
        }
    }

    /// Puts a job in line; its reply, if any, is answered when it is done.
    mutating func begin(_ job: BrokerJob) throws(RPCError) {
        try checkRoomForJob()
        jobs.append(job)
        needsRefresher = true
    }
}

extension Broker {
    func takeJobs() -> [BrokerJob] {
        withState { state, _ in
            defer { state.jobs = [] }
            return state.jobs
        }
    }

    func perform(_ job: BrokerJob) async {
        switch job {
        case .link(let call, let caller, let reply): await toTheEnd { await self.link(call, caller, reply) }
        case .pollDevice(let connectionID, let polling, let instant): await poll(connectionID, polling, at: instant)
        case .exchange(let claimed, let reply): await toTheEnd { await self.complete(claimed, reply) }
        case .identifyImported: await identifyImported()
        case .delete(let deletion): await toTheEnd { await self.delete(deletion) }
        case .removeAccount(let removal): await toTheEnd { await self.remove(removal) }
        }
    }

    /// Carries `body` out even if the task is cancelled: what was sent to a provider has happened there. A stop waits for
    /// it, bounded by its own time.
    func toTheEnd<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) async -> Result {
        withState { state, _ in state.jobsUnderWay += 1 }
        let result = await Task.detached { await body() }.value
        withState { state, _ in state.jobsUnderWay -= 1 }
        // Whoever waits until nothing is under way looks again.
        doorbell.ring()
        return result
    }

    /// Runs `body` with the state, and delivers the calls that it finished.
    func conclude(_ body: (inout BrokerState, BootInstant) -> [FinishedCall]) {
        let finished = withState { state, now in body(&state, now) }
        for call in finished { call.deliver() }
        doorbell.ring()
    }

    /// The auth config with all that its issuer publishes; nil if it is gone. Where the issuer does not answer, what is
    /// known must do.
    func discovered(_ authConfigID: String) async -> AuthConfig? {
        let known = withState { state, _ in state.authConfigs[authConfigID] }
        guard let known, !known.isDiscovered, let issuer = known.endpoints.issuer else { return known }
        for location in ServerMetadata.Location.allCases {
            guard let request = try? ServerMetadata.request(issuer: issuer, at: location) else { continue }
            let outcome = await transport.send(request, timeout: .seconds(15))
            guard case .answered(let response) = outcome,
                let metadata = try? ServerMetadata.read(response, issuer: issuer)
            else { continue }
            withState { state, _ in state.learn(metadata, of: authConfigID) }
            break
        }
        return withState { state, _ in state.authConfigs[authConfigID] }
    }
}
