import Glibc
import Synchronization
import Systemd
import Testing

@Suite("What the service manager is told")
struct ServiceNotifierTests {
    let manager = RecordingManager()
    var notifier: ServiceNotifier { manager.notifier }

    struct Row: Sendable, CustomTestStringConvertible {
        let message: String
        let call: @Sendable (ServiceNotifier) throws -> Void
        var testDescription: String { message.split(separator: "\n").joined(separator: " ") }

        init(_ message: String, _ call: @escaping @Sendable (ServiceNotifier) throws -> Void) {
            self.message = message
            self.call = call
        }
    }

    static let rows: [Row] = [
        Row("READY=1") { try $0.ready() },
        Row("READY=1\nSTATUS=no connections") { try $0.ready(status: "no connections") },
        Row("STATUS=1 active") { try $0.status("1 active") },
        Row("STOPPING=1") { try $0.stopping() },
        Row("WATCHDOG=1") { try $0.pingWatchdog() },
        Row("STATUS=the heart stands still\nWATCHDOG=trigger") {
            try $0.triggerWatchdog(reason: "the heart\nstands still")
        },
        Row("EXTEND_TIMEOUT_USEC=2500000") { try $0.extendTimeout(by: .milliseconds(2500)) },
        Row("EXTEND_TIMEOUT_USEC=1") { try $0.extendTimeout(by: .nanoseconds(1)) },
        Row("EXTEND_TIMEOUT_USEC=0") { try $0.extendTimeout(by: .seconds(-5)) },
        Row("EXTEND_TIMEOUT_USEC=18446744073709551614") { try $0.extendTimeout(by: .seconds(Int64.max)) },
        Row("FDSTORE=1\nFDNAME=vault\nFDPOLL=0") { try $0.store(7, name: "vault") },
        Row("FDSTOREREMOVE=1\nFDNAME=vault") { try $0.removeStored(name: "vault") },
    ]

    @Test("Each call is one message", arguments: rows)
    func messages(_ row: Row) throws {
        try row.call(notifier)
        #expect(manager.messages == [row.message])
    }

    @Test("Only what is to be stored takes its descriptor along")
    func descriptors() throws {
        let notifier = notifier
        try notifier.store(7, name: "vault")
        try notifier.removeStored(name: "vault")
        #expect(manager.descriptors == [[7], []])
    }

    @Test("A status is sent when it changes, and only then")
    func statusChanges() throws {
        let notifier = notifier
        for text in ["1 active", "1 active", "2 active", "2 active", "1 active"] { try notifier.status(text) }
        #expect(manager.messages == ["STATUS=1 active", "STATUS=2 active", "STATUS=1 active"])
    }

    @Test("A status that came with READY=1 is not sent again")
    func statusAfterReady() throws {
        let notifier = notifier
        try notifier.ready(status: "1 active")
        try notifier.status("1 active")
        #expect(manager.messages == ["READY=1\nSTATUS=1 active"])
    }

    @Test("A status that could not be sent is sent the next time")
    func statusAfterFailure() throws {
        let notifier = notifier
        manager.answer = -ENOBUFS
        #expect(throws: NotifyError.notSent("STATUS=1 active", errno: ENOBUFS)) { try notifier.status("1 active") }
        manager.answer = 1
        try notifier.status("1 active")
        #expect(manager.messages == ["STATUS=1 active", "STATUS=1 active"])
    }

    @Test("A status cannot smuggle in another assignment, and stays far below what systemd reads")
    func statusIsOneLine() throws {
        let notifier = notifier
        try notifier.status("fine\nMAINPID=1\r\u{1b}[2J\u{85}\u{2028}end")
        try notifier.status(String(repeating: "ü", count: 10_000))
        #expect(manager.messages.first == "STATUS=fine MAINPID=1  [2J  end")
        #expect(manager.messages.last?.utf8.count == "STATUS=".utf8.count + 1023)
        #expect(manager.messages.last?.hasSuffix("ü…") == true)
    }

    @Test("A reload carries the monotonic time at which it began")
    func reloading() throws {
        let before = try monotonicMicroseconds()
        try notifier.reloading()
        let after = try monotonicMicroseconds()
        let message = try #require(manager.messages.first)
        let prefix = "RELOADING=1\nMONOTONIC_USEC="
        try #require(message.hasPrefix(prefix))
        let time = try #require(Int(message.dropFirst(prefix.count)))
        #expect((before...after).contains(time))
    }

    @Test(
        "A name that the store would ignore is refused",
        arguments: [
            "", "a:b", "a\nb", "schlüssel", "\u{7f}", String(repeating: "x", count: 256),
        ])
    func badNames(name: String) {
        let notifier = notifier
        #expect(throws: NotifyError.badDescriptorName(name)) { try notifier.store(7, name: name) }
        #expect(throws: NotifyError.badDescriptorName(name)) { try notifier.removeStored(name: name) }
        #expect(manager.messages.isEmpty)
    }

    @Test("Every name of up to 255 printable characters is taken")
    func goodNames() throws {
        let notifier = notifier
        try notifier.store(7, name: "purser vault~1")
        try notifier.store(7, name: String(repeating: "x", count: 255))
        #expect(manager.messages.count == 2)
    }

    @Test(
        "What libsystemd could not send is an error that says what and why",
        arguments: [
            (-EAGAIN, EAGAIN), (-ENOENT, ENOENT), (0 as CInt, ENOTCONN),
        ])
    func failures(result: CInt, code: CInt) {
        let notifier = notifier
        manager.answer = result
        #expect(throws: NotifyError.notSent("FDSTORE=1", errno: code)) { try notifier.store(7, name: "vault") }
    }

    @Test("Without NOTIFY_SOCKET nothing is sent and nothing fails", arguments: rows)
    func inactive(_ row: Row) throws {
        for environment in [ServiceEnvironment([:]), ServiceEnvironment([.notifySocket: ""])] {
            let notifier = ServiceNotifier(environment: environment, send: manager.sender)
            #expect(!notifier.isActive)
            try row.call(notifier)
            try notifier.waitUntilProcessed(timeout: .zero)
        }
        #expect(manager.messages.isEmpty)
    }

    private func monotonicMicroseconds() throws -> Int {
        var now = timespec()
        try #require(unsafe clock_gettime(CLOCK_MONOTONIC, &now) == 0)
        return now.tv_sec * 1_000_000 + now.tv_nsec / 1000
    }
}

/// Stands in for libsystemd: keeps what it is given and answers as it is told.
final class RecordingManager: Sendable {
    private struct State {
        var sent: [(message: String, descriptors: [CInt])] = []
        var answer: CInt = 1
    }

    private let state = Mutex(State())

    var messages: [String] { state.withLock { $0.sent.map(\.message) } }
    var descriptors: [[CInt]] { state.withLock { $0.sent.map(\.descriptors) } }

    var answer: CInt {
        get { state.withLock { $0.answer } }
        set { state.withLock { $0.answer = newValue } }
    }

    var sender: ServiceNotifier.Sender {
        { message, descriptors in
            self.state.withLock {
                $0.sent.append((message, descriptors))
                return $0.answer
            }
        }
    }

    var notifier: ServiceNotifier {
        ServiceNotifier(environment: ServiceEnvironment([.notifySocket: "/run/systemd/notify"]), send: sender)
    }
}
