internal import ConnectedAccounts
internal import JSONRPC

extension BrokerState {
    /// Notes that a connection's credential was handed out.
    mutating func noteIssue(_ slot: Int, to caller: Caller, agent: Agent, method: Method, now: BootInstant) {
        guard let life = directory.servedLife(slot, at: now) else { return }
        let key = AuditBuffer.Key(
            issuedTo: caller.peer, agent: agent.name, method: method, slot: slot, generation: life.generation)
        guard !audit.noteRepeat(key) else { return }
        let record = AuditRecord(
            outcome: .issued, method: method.rawValue, operation: method.operation?.rawValue, peer: caller.peer,
            agent: agent.name, connectionID: directory[slot]?.id, generation: life.generation,
            fingerprint: secrets[slot]?.fingerprint,
            remainingSeconds: life.remaining(at: now)?.components.seconds, count: 1)
        if audit.note(key, record, now: now) { needsRefresher = true }
    }

    /// Notes that all accounts were handed over.
    mutating func noteExport(to caller: Caller, agent: Agent, now: BootInstant) {
        let key = AuditBuffer.Key(exportedTo: caller.peer, agent: agent.name)
        guard !audit.noteRepeat(key) else { return }
        let record = AuditRecord(
            outcome: .exported, method: Method.daemonExport.rawValue, operation: Operation.daemonExport.rawValue,
            peer: caller.peer, agent: agent.name, generation: 0, count: 1)
        if audit.note(key, record, now: now) { needsRefresher = true }
    }

    /// Notes that a call was denied; other errors are not the audit's affair. `reference` is only asked for the first
    /// time in a batch.
    mutating func noteDenial(
        _ error: RPCError, from caller: Caller, method: Method, reference: () -> AskedReference?, now: BootInstant
    ) {
        guard error == .forbidden || error == .notFound else { return }
        let agent = caller.agentIndex(in: configuration.agents, epoch: epoch).map { configuration.agents[$0].name }
        let key = AuditBuffer.Key(denialOf: method, to: caller.peer, agent: agent)
        guard !audit.noteRepeat(key) else { return }
        let record = AuditRecord(
            outcome: .denied, method: method.rawValue, operation: method.operation?.rawValue, peer: caller.peer,
            agent: agent, reference: reference()?.text, generation: 0, fingerprint: nil, remainingSeconds: nil,
            count: 1)
        if audit.note(key, record, now: now) { needsRefresher = true }
    }
}
