internal import ArgumentParser
internal import PurserClient

/// The exit codes, as `purser --help` documents them.
enum ExitStatus: Int32 {
    case done = 0
    case answeredWithError = 1
    case usage = 2
    case unreachable = 3
    case forbidden = 4
    /// 128 and SIGINT's number, as shells have it.
    case interrupted = 130

    init(_ error: PurserError) {
        self =
            switch error {
            case .rpc(let error): error.name == .forbidden ? .forbidden : .answeredWithError
            case .permissionDenied: .forbidden
            case .invalidRequest: .usage
            case .daemonNotRunning, .connectionClosed, .timedOut, .tooManyCalls, .protocolViolation, .systemCallFailed:
                .unreachable
            }
    }
}

/// Ends a command with this exit code, for a reason that has been printed already unless it is given here.
struct CommandFailure: Error {
    let status: ExitStatus
    let reason: String?

    init(_ status: ExitStatus, _ reason: String? = nil) {
        self.status = status
        self.reason = reason
    }
}
