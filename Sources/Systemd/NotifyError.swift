/// Why the service manager was not told something.
package enum NotifyError: Error, Equatable, Sendable {
    /// libsystemd could not send the message that begins with this assignment.
    case notSent(String, errno: CInt)
    /// The manager did not say in time that it had read all messages.
    case notProcessed(errno: CInt)
    /// A name that the descriptor store would ignore (sd_notify(3), FDNAME).
    case badDescriptorName(String)
    /// `WATCHDOG_USEC` or `WATCHDOG_PID` is not a number (sd_watchdog_enabled(3)).
    case badWatchdogSetting(errno: CInt)
}

extension NotifyError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notSent(let assignment, let code):
            "\(assignment) could not be sent to systemd: \(systemMessage(code)); check that $NOTIFY_SOCKET exists"
        case .notProcessed(let code):
            "systemd did not confirm that it read the messages so far: \(systemMessage(code)); check its load"
        case .badDescriptorName(let name):
            "\"\(name.singleLine(limit: 255))\" cannot name a descriptor: use printable ASCII without ':', at most 255"
        case .badWatchdogSetting(let code):
            "WATCHDOG_USEC cannot be read: \(systemMessage(code)); set WatchdogSec= in the unit instead"
        }
    }
}
