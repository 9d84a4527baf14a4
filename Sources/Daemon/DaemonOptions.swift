internal import Glibc

/// How the daemon was asked to run.
package struct DaemonOptions: Sendable {
    /// Nil: the user's file if there is one, else the system's.
    package var configurationPath: String?
    /// Run with simulated providers and accounts instead of a configuration.
    package var isDemo = false
    package var isVerbose = false

    package init() {}
}

/// Where things are if nobody says otherwise: the system's places for root and for services, the user's for everybody else.
package enum DefaultPaths {
    package static let systemConfiguration = "/etc/purser/purser.yaml"
    package static let systemSocket = "/run/purser/purser.sock"

    /// The user's configuration, if it exists; else the system's.
    package static var configuration: String {
        guard geteuid() != 0, let path = userConfiguration, unsafe access(path, F_OK) == 0 else {
            return systemConfiguration
        }
        return path
    }

    /// In the user's runtime directory (pam_systemd(8)), or the system's.
    package static var socket: String {
        guard geteuid() != 0, let runtime = variable("XDG_RUNTIME_DIR") else { return systemSocket }
        return "\(runtime)/purser/purser.sock"
    }

    /// The demo's socket stands beside the daemon's own, not in its place.
    package static var demoSocket: String {
        let directory = geteuid() == 0 ? "/run" : variable("XDG_RUNTIME_DIR") ?? "/tmp/purser-\(geteuid())"
        return "\(directory)/purser-demo/purser.sock"
    }

    private static var userConfiguration: String? {
        if let configuration = variable("XDG_CONFIG_HOME") { return "\(configuration)/purser/purser.yaml" }
        return variable("HOME").map { "\($0)/.config/purser/purser.yaml" }
    }

    private static func variable(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.hasPrefix("/") ? text : nil
    }
}

/// Why the daemon does not run, in a sentence that says what to do.
package struct DaemonError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
