internal import CSystemd
internal import Glibc
internal import Synchronization

/// Tells the service manager how the daemon is doing (sd_notify(3)).
///
/// Without a manager (`NOTIFY_SOCKET` is not set) every call does nothing. A call blocks while the manager's queue is
/// full, so none belongs on an event loop. That a message was sent does not mean that it had an effect: a manager
/// that keeps no descriptors for this unit drops them silently (`FileDescriptorStoreMax=`).
package final class ServiceNotifier: Sendable {
    /// Sends one message with descriptors and returns what sd_pid_notify_with_fds(3) returns: a positive number when
    /// it was sent, 0 without a manager, or a negative errno.
    package typealias Sender = @Sendable (_ message: String, _ descriptors: [CInt]) -> CInt

    /// Whether there is a service manager to tell.
    package let isActive: Bool

    private let send: Sender
    private let lastStatus = Mutex<String?>(nil)

    /// A notifier for the manager that `environment` names. `send` is libsystemd, which reads the environment of the
    /// process.
    package init(environment: ServiceEnvironment, send: @escaping Sender = ServiceNotifier.libsystemd) {
        self.isActive = environment[.notifySocket] != nil
        self.send = send
    }

    // MARK: - State

    /// `READY=1`: the start, or a reload, is complete. With `status`, both arrive at once.
    package func ready(status: String? = nil) throws(NotifyError) {
        guard let status else { return try notify("READY=1") }
        let line = Self.statusLine(status)
        try notify("READY=1\nSTATUS=\(line)")
        lastStatus.withLock { $0 = line }
    }

    /// `STATUS=`: what `systemctl status` shows, on one line. Sent only if it differs from the last one that was
    /// sent; for that to hold, one caller at a time.
    package func status(_ text: String) throws(NotifyError) {
        let line = Self.statusLine(text)
        let isNews = lastStatus.withLock { last in
            defer { last = line }
            return last != line
        }
        guard isNews else { return }
        do {
            try notify("STATUS=\(line)")
        } catch {
            lastStatus.withLock { $0 = nil }
            throw error
        }
    }

    /// `RELOADING=1`, with the time the manager needs to tell this reload from an earlier one. ``ready(status:)``
    /// ends it.
    package func reloading() throws(NotifyError) {
        try notify("RELOADING=1\nMONOTONIC_USEC=\(try Self.monotonicMicroseconds())")
    }

    /// `STOPPING=1`: the daemon ends.
    package func stopping() throws(NotifyError) {
        try notify("STOPPING=1")
    }

    /// `EXTEND_TIMEOUT_USEC=`: the start or stop under way goes on, and the next word comes within `time`.
    package func extendTimeout(by time: Duration) throws(NotifyError) {
        try notify("EXTEND_TIMEOUT_USEC=\(time.wholeMicroseconds)")
    }

    // MARK: - Watchdog

    /// `WATCHDOG=1`. Send it only when ``WatchdogGate`` says so.
    package func pingWatchdog() throws(NotifyError) {
        try notify("WATCHDOG=1")
    }

    /// `WATCHDOG=trigger`: the manager ends the daemon at once, as if the pings had been missing for long enough
    /// (systemd 243 and later; earlier ones find out by themselves), and writes `reason` to its journal.
    package func triggerWatchdog(reason: String) throws(NotifyError) {
        try notify("STATUS=\(Self.statusLine(reason))\nWATCHDOG=trigger")
    }

    /// How long the manager waits between two pings before it ends the daemon (sd_watchdog_enabled(3)); nil if it
    /// does not wait for any. Ping at half of it.
    package static func watchdogInterval() throws(NotifyError) -> Duration? {
        var microseconds: UInt64 = 0
        let result = unsafe sd_watchdog_enabled(0, &microseconds)
        guard result >= 0 else { throw .badWatchdogSetting(errno: -result) }
        return result == 0 ? nil : .microseconds(Int64(clamping: microseconds))
    }

    // MARK: - Descriptor store

    /// `FDSTORE=1`: the manager keeps a second reference to what `descriptor` leads to and gives it to the next
    /// process of this unit, under `name` (``ListenDescriptors``). The descriptor stays the caller's.
    ///
    /// It is meant for memory, so the manager does not poll it (`FDPOLL=0`). Storing the same object again changes
    /// nothing; a second object under one name is kept beside the first.
    package func store(_ descriptor: CInt, name: String) throws(NotifyError) {
        try Self.check(name)
        try notify("FDSTORE=1\nFDNAME=\(name)\nFDPOLL=0", [descriptor])
    }

    /// `FDSTOREREMOVE=1`: the manager lets go of every descriptor stored under `name`.
    package func removeStored(name: String) throws(NotifyError) {
        try Self.check(name)
        try notify("FDSTOREREMOVE=1\nFDNAME=\(name)")
    }

    /// Blocks until the manager has read every message sent so far, at most `timeout` (sd_notify_barrier(3)).
    package func waitUntilProcessed(timeout: Duration) throws(NotifyError) {
        guard isActive else { return }
        let result = sd_notify_barrier(0, timeout.wholeMicroseconds)
        guard result >= 0 else { throw .notProcessed(errno: -result) }
    }
}

extension ServiceNotifier {
    /// The real thing. It leaves the environment alone, since changing it is unsafe once there are threads.
    package static let libsystemd: Sender = { message, descriptors in
        unsafe descriptors.withUnsafeBufferPointer { buffer in
            unsafe sd_pid_notify_with_fds(0, 0, message, buffer.baseAddress, CUnsignedInt(buffer.count))
        }
    }

    private func notify(_ message: String, _ descriptors: [CInt] = []) throws(NotifyError) {
        guard isActive else { return }
        let result = send(message, descriptors)
        guard result <= 0 else { return }
        let firstLine = String(message.prefix { $0 != "\n" })
        throw .notSent(firstLine, errno: result == 0 ? ENOTCONN : -result)
    }

    /// systemd drops a message of more than 4096 bytes as a whole.
    private static func statusLine(_ text: String) -> String {
        text.singleLine(limit: 1024)
    }

    private static func check(_ name: String) throws(NotifyError) {
        let isPrintable = name.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: ":") }
        guard isPrintable, (1...255).contains(name.utf8.count) else { throw .badDescriptorName(name) }
    }

    private static func monotonicMicroseconds() throws(NotifyError) -> Int {
        var now = timespec()
        guard unsafe clock_gettime(CLOCK_MONOTONIC, &now) == 0 else { throw .notSent("RELOADING=1", errno: errno) }
        return now.tv_sec * 1_000_000 + now.tv_nsec / 1000
    }
}

extension Duration {
    /// Whole microseconds, rounded up; 0 for a negative time. The largest number, which systemd takes for "forever",
    /// is out of reach.
    fileprivate var wholeMicroseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000)
        let fraction = UInt64((attoseconds + 999_999_999_999) / 1_000_000_000_000)
        return overflow ? .max - 1 : min(product.addingReportingOverflow(fraction).partialValue, .max - 1)
    }
}
