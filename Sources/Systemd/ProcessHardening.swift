internal import CLinux
internal import Glibc

/// Closes the ways by which the memory of this process could leave it unasked.
package enum ProcessHardening {
    /// Makes the process undumpable and forbids core files; call it first of all, before a secret is read.
    ///
    /// From then on only root can trace the process, read its memory or look into its `/proc/PID`.
    ///
    /// - Returns: what could not be done, and which settings of the environment are missing. Those are read by the
    ///   Swift runtime and the C library before `main`, so the unit must set them.
    package static func apply(environment: ServiceEnvironment) -> [HardeningFinding] {
        [forbidDumps(), forbidCoreFiles()].compactMap { $0 } + findings(in: environment)
    }

    /// Which settings the environment lacks, in the order of their weight.
    package static func findings(in environment: ServiceEnvironment) -> [HardeningFinding] {
        let backtrace = Settings(environment[.swiftBacktrace], separator: ",")
        let tunables = Settings(environment[.glibcTunables], separator: ":")
        let isBacktraceOff = ["no", "off", "false", "0"].contains(backtrace["enable"])
        let arenas = environment[.mallocArenaMax] ?? tunables["glibc.malloc.arena_max"] ?? ""
        let perturb = tunables["glibc.malloc.perturb"] ?? environment[.mallocPerturb] ?? ""
        let threadCache = tunables["glibc.malloc.tcache_count"] ?? ""

        var findings: [HardeningFinding] = []
        if !isBacktraceOff, backtrace["registers"] != "none" { findings.append(.crashReportsShowMemory) }
        // What goes through the thread cache is not scrubbed.
        if (Int(perturb) ?? 0) == 0 || Int(threadCache) != 0 { findings.append(.freedMemoryIsKept) }
        if (Int(arenas) ?? 0) == 0 { findings.append(.unlimitedArenas) }
        return findings
    }

    private static func forbidDumps() -> HardeningFinding? {
        guard clinux_set_dumpable(false) == 0 else { return .dumpable(errno: errno) }
        return clinux_get_dumpable() == 0 ? nil : .dumpable(errno: EPERM)
    }

    private static func forbidCoreFiles() -> HardeningFinding? {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        return unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) == 0 ? nil : .coreFiles(errno: errno)
    }
}

/// What stands open. Whether to go on with it is the caller's choice.
package enum HardeningFinding: Equatable, Sendable {
    /// `PR_SET_DUMPABLE` failed.
    case dumpable(errno: CInt)
    /// `RLIMIT_CORE` could not be set to 0.
    case coreFiles(errno: CInt)
    /// A crash would print memory: `SWIFT_BACKTRACE` lacks `registers=none`.
    case crashReportsShowMemory
    /// `GLIBC_TUNABLES` lacks `glibc.malloc.perturb`, or `glibc.malloc.tcache_count=0`.
    case freedMemoryIsKept
    /// `MALLOC_ARENA_MAX` is not set.
    case unlimitedArenas
}

extension HardeningFinding: CustomStringConvertible {
    /// A sentence for the log: what is open, and how to close it.
    package var description: String {
        switch self {
        case .dumpable(let code):
            "other processes of this user can read the daemon's memory: PR_SET_DUMPABLE failed: \(systemMessage(code))"
        case .coreFiles(let code):
            "a crash may write a core file: RLIMIT_CORE failed: \(systemMessage(code)); set LimitCORE=0 in the unit"
        case .crashReportsShowMemory:
            "a crash would print registers and memory, secrets included; start with SWIFT_BACKTRACE=registers=none"
        case .freedMemoryIsKept:
            """
            freed memory keeps its contents until it is used again; start with \
            GLIBC_TUNABLES=glibc.malloc.perturb=165:glibc.malloc.tcache_count=0
            """
        case .unlimitedArenas:
            "the C library may keep an arena of memory for each thread; start with MALLOC_ARENA_MAX=2"
        }
    }
}

/// `name=value` settings in one environment variable; the last of a name counts.
private struct Settings {
    private var values: [String: String] = [:]

    init(_ text: String?, separator: Character) {
        for setting in (text ?? "").split(separator: separator) {
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            values[String(parts[0])] = parts[1].lowercased()
        }
    }

    subscript(name: String) -> String? { values[name] }
}
