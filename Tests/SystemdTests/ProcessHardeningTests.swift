import CLinux
import Glibc
import Systemd
import Testing

@Suite("Hardening of the process")
struct ProcessHardeningTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        var backtrace: String? = "registers=none"
        var arenas: String? = "2"
        var perturb: String?
        var tunables: String? = "glibc.malloc.perturb=165:glibc.malloc.tcache_count=0"
        var findings: [HardeningFinding] = []
        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(name: "all set"),
        Row(
            name: "nothing set", backtrace: nil, arenas: nil, tunables: nil,
            findings: [.crashReportsShowMemory, .freedMemoryIsKept, .unlimitedArenas]),
        Row(name: "backtrace among others", backtrace: "color=no,registers=none,images=none"),
        Row(name: "backtrace off", backtrace: "enable=no"),
        Row(name: "backtrace off in capitals", backtrace: "enable=OFF"),
        Row(name: "backtrace on", backtrace: "enable=yes", findings: [.crashReportsShowMemory]),
        Row(
            name: "registers of the crashed thread", backtrace: "registers=crashed", findings: [.crashReportsShowMemory]
        ),
        Row(
            name: "a later setting undoes it", backtrace: "registers=none,registers=all",
            findings: [.crashReportsShowMemory]),
        Row(name: "no value", backtrace: "registers", findings: [.crashReportsShowMemory]),
        Row(
            name: "arenas by tunable", arenas: nil,
            tunables: "glibc.malloc.arena_max=2:glibc.malloc.perturb=165:glibc.malloc.tcache_count=0"),
        Row(name: "arenas without limit", arenas: "0", findings: [.unlimitedArenas]),
        Row(name: "arenas not a number", arenas: "two", findings: [.unlimitedArenas]),
        Row(name: "perturb by variable", perturb: "165", tunables: "glibc.malloc.tcache_count=0"),
        Row(
            name: "perturb off", tunables: "glibc.malloc.perturb=0:glibc.malloc.tcache_count=0",
            findings: [.freedMemoryIsKept]),
        Row(
            name: "perturb of another name", tunables: "glibc.malloc.perturbation=165:glibc.malloc.tcache_count=0",
            findings: [.freedMemoryIsKept]),
        Row(
            name: "thread cache, not scrubbed", tunables: "glibc.malloc.perturb=165", findings: [.freedMemoryIsKept]),
        Row(
            name: "thread cache of a few", tunables: "glibc.malloc.perturb=165:glibc.malloc.tcache_count=7",
            findings: [.freedMemoryIsKept]),
    ]

    @Test("Missing settings of the environment are found", arguments: rows)
    func findings(_ row: Row) {
        var values: [ServiceEnvironment.Name: String] = [:]
        values[.swiftBacktrace] = row.backtrace
        values[.mallocArenaMax] = row.arenas
        values[.mallocPerturb] = row.perturb
        values[.glibcTunables] = row.tunables
        #expect(ProcessHardening.findings(in: ServiceEnvironment(values)) == row.findings)
    }

    @Test("The process can no longer be dumped, and what the environment lacks is reported")
    func apply() async {
        await #expect(processExitsWith: .success) {
            try #require(clinux_set_dumpable(true) == 0)
            let findings = ProcessHardening.apply(environment: ServiceEnvironment([.mallocArenaMax: "2"]))
            #expect(findings == [.crashReportsShowMemory, .freedMemoryIsKept])
            #expect(clinux_get_dumpable() == 0)
            var limit = rlimit(rlim_cur: 1, rlim_max: 1)
            try #require(unsafe getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0)
            #expect(limit.rlim_cur == 0)
            #expect(limit.rlim_max == 0)
        }
    }

    @Test("The process may have as many descriptors open as it can be allowed, and knows how many")
    func descriptors() async {
        await #expect(processExitsWith: .success) {
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            var limit = rlimit(rlim_cur: 100, rlim_max: 300)
            try #require(unsafe setrlimit(resource, &limit) == 0)
            #expect(DescriptorLimit.raise() == 300)
            try #require(unsafe getrlimit(resource, &limit) == 0)
            #expect(limit.rlim_cur == 300)
            #expect(limit.rlim_max == 300)
            #expect(DescriptorLimit.raise() == 300)
        }
    }

    @Test(
        "A finding says how to close it",
        arguments: [
            (HardeningFinding.crashReportsShowMemory, "SWIFT_BACKTRACE=registers=none"),
            (.freedMemoryIsKept, "GLIBC_TUNABLES=glibc.malloc.perturb=165:glibc.malloc.tcache_count=0"),
            (.unlimitedArenas, "MALLOC_ARENA_MAX=2"),
            (.coreFiles(errno: EPERM), "Operation not permitted; set LimitCORE=0 in the unit"),
            (.dumpable(errno: EPERM), "PR_SET_DUMPABLE failed: Operation not permitted"),
        ])
    func words(finding: HardeningFinding, end: String) {
        #expect("\(finding)".hasSuffix(end))
    }
}
