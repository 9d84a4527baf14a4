internal import Glibc
package import SecretBytes

/// The person at the command line, if there is one, and what can be done for them.
package struct Person: Sendable {
    /// The name under which they logged in.
    package var loginName: String?

    /// Opens an address in a browser on this machine, and tells whether that was begun; nil where there is none.
    package var openBrowser: (@Sendable (String) -> Bool)?

    /// Waits for a line of standard input, without its end; nil at its end and when cancelled. Nil itself where standard
    /// input is no terminal.
    package var readLine: (@Sendable () async throws -> SecretLine?)?

    /// Waits for Ctrl-C; returns without one only when cancelled.
    package var interruption: @Sendable () async -> Void

    /// Waits; throws when cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void

    /// A person from their parts.
    package init(
        loginName: String?, openBrowser: (@Sendable (String) -> Bool)?,
        readLine: (@Sendable () async throws -> SecretLine?)?, interruption: @escaping @Sendable () async -> Void,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.loginName = loginName
        self.openBrowser = openBrowser
        self.readLine = readLine
        self.interruption = interruption
        self.sleep = sleep
    }

    /// Whoever started this process.
    package static var ofProcess: Person {
        var person = Person(
            loginName: userName(), openBrowser: nil, readLine: nil, interruption: { await Interruption.wait() },
            sleep: { try await Task.sleep(for: $0) })
        if let browser = Browser.find(variable: environmentVariable, isExecutable: { unsafe access($0, X_OK) == 0 }) {
            person.openBrowser = { browser.open($0) }
        }
        if isatty(STDIN_FILENO) == 1 { person.readLine = { try await TerminalInput.readLine(STDIN_FILENO) } }
        return person
    }

    /// The user's name by the system's list of users (getpwuid_r(3)), else by the environment.
    private static func userName() -> String? {
        let length = 16 << 10
        let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: length)
        defer { unsafe buffer.deallocate() }
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        let code = unsafe getpwuid_r(getuid(), &entry, buffer, length, &found)
        if code == 0, unsafe found != nil, let name = unsafe entry.pw_name { return unsafe String(cString: name) }
        return environmentVariable("LOGNAME") ?? environmentVariable("USER")
    }
}

/// A line that may be secret.
package final class SecretLine: Sendable {
    /// Its bytes.
    package let bytes: SecretBytes

    /// Takes the bytes over.
    package init(_ bytes: consuming SecretBytes) { self.bytes = bytes }
}

/// A variable of this process's environment.
func environmentVariable(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
}
