package import ConnectedAccounts
internal import Synchronization

/// Who is at the other end of one connection, fixed when it was accepted.
package final class Caller: Sendable {
    package let peer: Peer
    private let match = Mutex<(epoch: UInt64, agent: Int?)>((0, nil))

    init(peer: Peer) {
        self.peer = peer
    }

    /// The index of the first agent that matches; worked out once for each configuration.
    func agentIndex(in agents: [Agent], epoch: UInt64) -> Int? {
        match.withLock { match in
            if match.epoch != epoch { match = (epoch, agents.firstIndex { $0.match.matches(peer) }) }
            return match.agent
        }
    }
}
