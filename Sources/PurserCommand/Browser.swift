internal import Glibc

/// What opens addresses in a browser on this machine's screen: `xdg-open`.
struct Browser {
    /// The program's path.
    let path: String

    /// The browser of this environment; nil without a screen, and over SSH, where the screen is not the user's.
    static func find(variable: (String) -> String?, isExecutable: (String) -> Bool) -> Browser? {
        func isSet(_ name: String) -> Bool { variable(name)?.isEmpty == false }
        guard isSet("DISPLAY") || isSet("WAYLAND_DISPLAY"), !isSet("SSH_CONNECTION") else { return nil }
        // A relative folder in $PATH would make it depend on where the command was started.
        let folders = (variable("PATH") ?? "/usr/bin:/bin").split(separator: ":").filter { $0.hasPrefix("/") }
        return folders.map { "\($0)/xdg-open" }.first(where: isExecutable).map(Browser.init(path:))
    }

    /// Opens an address; false if that could not be begun. Only web addresses: `xdg-open` would start programs for
    /// others.
    func open(_ address: String) -> Bool {
        guard Self.isWebAddress(address) else { return false }
        return start([path, address])
    }

    /// Whether it is an absolute `http` or `https` address in printable ASCII.
    static func isWebAddress(_ address: String) -> Bool {
        let scheme = address.prefix { $0 != ":" }.lowercased()
        return (scheme == "https" || scheme == "http") && address.dropFirst(scheme.count).hasPrefix("://")
            && address.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// Starts a program without waiting for it, with no standard streams, and out of reach of this terminal's Ctrl-C.
    private func start(_ words: [String]) -> Bool {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        guard unsafe posix_spawn_file_actions_init(&actions) == 0 else { return false }
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        guard unsafe posix_spawnattr_init(&attributes) == 0 else { return false }
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        guard unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP)) == 0 else {
            return false
        }
        for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
            guard unsafe posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0) == 0 else {
                return false
            }
        }
        var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { unsafe arguments.forEach { unsafe free($0) } }
        var process = pid_t()
        return unsafe posix_spawn(&process, path, &actions, &attributes, &arguments, environ) == 0
    }
}
