import CLinux
import Glibc
import Systemd
import Testing

/// libsystemd reads the environment of the process, so each of these runs in a process of its own.
@Suite("libsystemd on a datagram socket")
struct NotifySocketTests {
    @Test("Messages and descriptors arrive, and the environment stays as it was")
    func delivery() async {
        await #expect(processExitsWith: .success) {
            let manager = try NotifySocket()
            try #require(unsafe setenv("NOTIFY_SOCKET", manager.name, 1) == 0)
            let notifier = ServiceNotifier(environment: .current())
            #expect(notifier.isActive)

            try notifier.ready(status: "no connections")
            #expect(try manager.receive() == NotifySocket.Datagram(text: "READY=1\nSTATUS=no connections"))

            let memory = unsafe clinux_memfd_create("vault")
            try #require(memory >= 0)
            try notifier.store(memory, name: "vault")
            let stored = try manager.receive()
            #expect(stored.text == "FDSTORE=1\nFDNAME=vault\nFDPOLL=0")
            let received = try #require(stored.descriptors.first)
            #expect(stored.descriptors.count == 1)
            #expect(received != memory)
            #expect(try inode(of: received) == inode(of: memory))

            try notifier.pingWatchdog()
            #expect(try manager.receive() == NotifySocket.Datagram(text: "WATCHDOG=1"))
            #expect(unsafe getenv("NOTIFY_SOCKET") != nil)
        }
    }

    @Test("A manager that is gone, or reads nothing, is an error")
    func absence() async {
        await #expect(processExitsWith: .success) {
            try #require(unsafe setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1) == 0)
            let notifier = ServiceNotifier(environment: .current())
            #expect(throws: NotifyError.notSent("READY=1", errno: ENOENT)) { try notifier.ready() }

            let silent = try NotifySocket()
            try #require(unsafe setenv("NOTIFY_SOCKET", silent.name, 1) == 0)
            #expect(throws: NotifyError.notProcessed(errno: ETIMEDOUT)) {
                try notifier.waitUntilProcessed(timeout: .milliseconds(1))
            }
            let barrier = try silent.receive()
            #expect(barrier.text == "BARRIER=1")
            #expect(barrier.descriptors.count == 1)
        }
    }

    @Test("The watchdog's interval is the one of this process, if it has one")
    func watchdogInterval() async {
        await #expect(processExitsWith: .success) {
            // The tests themselves may run as a service.
            for name in ["WATCHDOG_USEC", "WATCHDOG_PID"] { unsafe unsetenv(name) }
            #expect(try ServiceNotifier.watchdogInterval() == nil)
            try #require(unsafe setenv("WATCHDOG_USEC", "10000000", 1) == 0)
            #expect(try ServiceNotifier.watchdogInterval() == .seconds(10))
            try #require(unsafe setenv("WATCHDOG_PID", "\(getpid())", 1) == 0)
            #expect(try ServiceNotifier.watchdogInterval() == .seconds(10))
            try #require(unsafe setenv("WATCHDOG_PID", "1", 1) == 0)
            #expect(try ServiceNotifier.watchdogInterval() == nil)
            try #require(unsafe setenv("WATCHDOG_PID", "\(getpid())", 1) == 0)
            try #require(unsafe setenv("WATCHDOG_USEC", "soon", 1) == 0)
            #expect(throws: NotifyError.badWatchdogSetting(errno: EINVAL)) { try ServiceNotifier.watchdogInterval() }
        }
    }
}

private func inode(of descriptor: CInt) throws -> ino_t {
    var status = stat()
    try #require(unsafe fstat(descriptor, &status) == 0)
    return status.st_ino
}
