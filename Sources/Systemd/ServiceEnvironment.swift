internal import Glibc

/// The environment variables that this module looks at, as values, so that everything else can be tested without
/// touching the environment of the process.
package struct ServiceEnvironment: Sendable, Equatable {
    /// A variable that systemd, the unit, the Swift runtime or the C library defines.
    package enum Name: String, CaseIterable, Sendable {
        /// sd_notify(3)
        case notifySocket = "NOTIFY_SOCKET"
        /// systemd.exec(5): device and inode of the journal's end of standard error
        case journalStream = "JOURNAL_STREAM"
        /// systemd.exec(5): where `LoadCredential=` puts its files
        case credentialsDirectory = "CREDENTIALS_DIRECTORY"
        /// sd_pid_notify_with_fds(3), from systemd 254 on: how many descriptors the manager keeps for this
        /// unit; of an older one the unit may say it
        case storedDescriptorLimit = "FDSTORE"
        /// The same, as the unit was shipped: what is said in the other one stands.
        case shippedDescriptorLimit = "PURSER_FDSTORE"
        /// Swift's docs/Backtracing.rst
        case swiftBacktrace = "SWIFT_BACKTRACE"
        /// mallopt(3)
        case mallocArenaMax = "MALLOC_ARENA_MAX"
        /// mallopt(3)
        case mallocPerturb = "MALLOC_PERTURB_"
        /// ld.so(8)
        case glibcTunables = "GLIBC_TUNABLES"
    }

    private let values: [Name: String]

    /// An environment of exactly these variables.
    package init(_ values: [Name: String]) {
        self.values = values
    }

    /// What the process has now. Call it before threads start that change the environment (getenv(3)).
    package static func current() -> ServiceEnvironment {
        var values: [Name: String] = [:]
        for name in Name.allCases {
            guard let value = unsafe getenv(name.rawValue) else { continue }
            values[name] = unsafe String(cString: value)
        }
        return ServiceEnvironment(values)
    }

    /// The value of a variable; nil if it is not set, or set to nothing.
    package subscript(name: Name) -> String? {
        guard let value = values[name], !value.isEmpty else { return nil }
        return value
    }
}
