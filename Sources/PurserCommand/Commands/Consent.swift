internal import PurserClient

/// A link that is open, from showing it to its user until they have finished.
struct Consent: Sendable {
    let link: ConnectionLink
    let client: PurserClient
    let environment: CommandEnvironment
    /// Whether a browser may be opened on this machine.
    let mayOpenBrowser: Bool

    /// Shows the link, and waits.
    ///
    /// - Throws: ``CommandFailure`` once the link's time is over, or on Ctrl-C; ``PurserError``.
    func finished() async throws -> ShownConnection {
        let canPaste = try show()
        return try await withThrowingTaskGroup(of: Ending.self) { group in
            group.addTask { .finished(try await wait()) }
            group.addTask {
                await environment.person.interruption()
                return .interrupted
            }
            if canPaste { group.addTask { try await takePastedAddresses() } }
            // The line would run into what the person types.
            if !canPaste, environment.errors.isTerminal { group.addTask { try await showProgress() } }
            defer { group.cancelAll() }
            while let ending = try await group.next() {
                switch ending {
                case .finished(let connection): return connection
                case .interrupted where !Task.isCancelled: throw interruption()
                case .interrupted, .ofNoConsequence: continue
                }
            }
            throw CancellationError()
        }
    }

    private enum Ending: Sendable {
        case finished(ShownConnection)
        case interrupted
        case ofNoConsequence
    }

    // MARK: Showing

    /// Opens the link or prints it; tells whether its last address can be pasted here.
    private func show() throws -> Bool {
        if let code = link.deviceCode {
            if openBrowser(code.verificationURIComplete ?? code.verificationURI) {
                try say(
                    "Your browser asks for your consent. If it does not open, visit:\n  \(code.verificationURI)\n"
                        + "Where you are asked for a code, it is:\n  \(code.userCode)")
            } else {
                try say(
                    "Open this in a browser, on any machine:\n  \(code.verificationURI)\n"
                        + "and enter the code:\n  \(code.userCode)")
            }
            return false
        }
        let address = link.redirectURL ?? ""
        if openBrowser(address) {
            try say("Your browser asks for your consent. If it does not open, visit:\n  \(address)")
            return false
        }
        try say("Open this in a browser:\n  \(address)")
        guard environment.person.readLine != nil else {
            try say(
                "If that browser is on another machine, it ends at an address that it cannot open; "
                    + "hand that address in with: purser complete-link -")
            return false
        }
        try say(
            "If that browser is on another machine, it ends at an address that it cannot open.\n"
                + "Paste that address here:")
        return true
    }

    private func openBrowser(_ address: String) -> Bool {
        guard mayOpenBrowser, let open = environment.person.openBrowser else { return false }
        return open(address)
    }

    private func say(_ text: String) throws {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }
        try environment.errors.write(lines.joined(separator: "\n") + "\n")
    }

    // MARK: Waiting

    /// Asks again until the user has finished, across restarts of the daemon.
    private func wait() async throws -> ShownConnection {
        while true {
            do {
                let seconds = min(max(secondsLeft + 1, 1), 60)
                return try await client.shownConnection(link.id, timeout: .seconds(seconds))
            } catch let error as PurserError where error.isWorthWaiting {
                guard secondsLeft > 0 else {
                    throw CommandFailure(.answeredWithError, "\(link.id): the link's time is over; start again")
                }
                if !error.isTimeout { try await environment.person.sleep(.seconds(1)) }
            }
        }
    }

    private var secondsLeft: Int64 { link.expiresAt.unixSeconds - environment.now().unixSeconds }

    private func interruption() -> CommandFailure {
        CommandFailure(
            .interrupted,
            "interrupted; the link stays open and ends \(link.expiresAt.relative(to: environment.now())). "
                + "What came of it: purser accounts")
    }

    /// Hands in what is pasted until one address is taken; a wrong one can be pasted again.
    private func takePastedAddresses() async throws -> Ending {
        while let line = try await environment.person.readLine?() {
            guard let address = pastedAddress(line.bytes) else { continue }
            do {
                try await client.completeLink(redirectURL: address)
                return .ofNoConsequence
            } catch let error as PurserError {
                guard case .rpc = error else { throw error }
                try say("purser: \(error)\nPaste the address again, all of it:")
            }
        }
        return .ofNoConsequence
    }

    /// One line that is written over and over, until the task is cancelled.
    private func showProgress() async throws -> Ending {
        var progress = ProgressLine(width: environment.errors.width)
        while true {
            let left = timeText(seconds: secondsLeft)
            try environment.errors.write(progress.next("Waiting for your consent; the link lives for \(left)"))
            do {
                try await environment.person.sleep(.seconds(1))
            } catch {
                try environment.errors.write(progress.end())
                return .ofNoConsequence
            }
        }
    }
}

extension PurserError {
    fileprivate var isTimeout: Bool {
        if case .rpc(let error) = self { error.name == .timeout } else { false }
    }

    /// Whether a link that was waited for may still be completed: its user takes time, or the daemon starts anew.
    fileprivate var isWorthWaiting: Bool {
        switch self {
        case .rpc(let error): error.name == .timeout || error.name == .shuttingDown
        case .connectionClosed: true
        default: false
        }
    }
}
