internal import ConnectedAccounts
internal import JSONRPC

extension BrokerState {
    /// Notes that a connection's credential was handed out.
    mutating func noteIssue(_ slot: Int, to caller: Caller, agent: Agent, method: Method, now: BootInstant) {
        guard let connection = directory[slot], connection.standing.servesToken(at: now) else { return }
        let fingerprint = secrets[slot]?.fingerprint
        let key = AuditBuffer.Key(
            issuedTo: caller.peer, agent: agent.name, method: method, slot: slot, generation: connection.generation)
        let begins = audit.note(key, now: now) {
            AuditRecord(
                outcome: .issued, method: method.rawValue, operation: method.operation?.rawValue, peer: caller.peer,
                agent: agent.name, connectionID: connection.id, generation: connection.generation,
                fingerprint: fingerprint,
                remainingSeconds: connection.standing.life?.remaining(at: now)?.components.seconds, count: 1)
        }
        if begins { needsRefresher = true }
    }

    /// Notes that a call was denied; other errors are not the audit's affair. `reference` is only asked for the first
    /// time in a batch.
    mutating func noteDenial(
        _ error: RPCError, from caller: Caller, method: Method, reference: () -> AskedReference?, now: BootInstant
    ) {
        guard error == .forbidden || error == .notFound else { return }
        let agent = caller.agentIndex(in: configuration.agents, epoch: epoch).map { configuration.agents[$0].name }
        let begins = audit.note(.init(denialOf: method, to: caller.peer, agent: agent), now: now) {
            AuditRecord(
                outcome: .denied, method: method.rawValue, operation: method.operation?.rawValue, peer: caller.peer,
                agent: agent, reference: reference()?.text, generation: 0, fingerprint: nil, remainingSeconds: nil,
                count: 1)
        }
        if begins { needsRefresher = true }
    }
}
