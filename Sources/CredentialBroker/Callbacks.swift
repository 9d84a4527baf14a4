internal import ConnectedAccounts
internal import JSONRPC

/// The port that browsers come back to, as links need it.
extension Broker {
    /// Has the port opened for links that were just begun, before anybody is told where to send a browser: one that comes at
    /// once must not be refused. To be called without the lock.
    ///
    /// Where the port cannot be opened, another program may have it, and would be sent the codes: links that come back to it
    /// are over. Gives the error for whoever began them.
    func admitBrowsers(for begun: [String]) -> RPCError? {
        let problem = openCallbacks()
        let (finished, isOver) = withState { state, now -> ([FinishedCall], Bool) in
            // Noted now that it is open: should the links be over already, the next round has it closed.
            state.portWasOpened = true
            guard problem != nil else { return ([], false) }
            let over = begun.filter { state.comesBackHere($0) }
            for id in over { state.endLink(id, .failed(.callbackUnavailable), now: now) }
            return (over.flatMap { state.finishLink($0, now: now) }, !over.isEmpty)
        }
        for call in finished { call.deliver() }
        doorbell.ring()
        guard isOver, let problem else { return nil }
        return .internalError("No browser can come back to this machine, so no link was begun: \(problem).")
    }
}

extension BrokerState {
    /// Whether the link's browser is sent to the daemon's own port, not to an address that its operator has registered.
    fileprivate func comesBackHere(_ connectionID: String) -> Bool {
        guard let link = links[connectionID], let authConfig = authConfigs[link.authConfigID] else { return false }
        return redirectURI(of: authConfig) == configuration.redirectURI
    }

    /// Whether the port is to be open, where that must be said: it changed, or the port was opened since.
    mutating func changedExpectation() -> Bool? {
        guard links.expectsBrowser != expectsBrowser || portWasOpened else { return nil }
        portWasOpened = false
        expectsBrowser = links.expectsBrowser
        return expectsBrowser
    }
}
