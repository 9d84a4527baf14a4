import Glibc
import Systemd
import Testing

@Suite("The environment")
struct ServiceEnvironmentTests {
    @Test("A variable set to nothing counts as not set")
    func emptiness() {
        let environment = ServiceEnvironment([.notifySocket: "", .journalStream: "8:1"])
        #expect(environment[.notifySocket] == nil)
        #expect(environment[.journalStream] == "8:1")
        #expect(environment[.credentialsDirectory] == nil)
    }

    @Test("The process's own has each variable under the name that systemd gives it")
    func current() async {
        await #expect(processExitsWith: .success) {
            for name in ServiceEnvironment.Name.allCases {
                unsafe setenv(name.rawValue, "value of \(name.rawValue)", 1)
            }
            unsafe unsetenv("JOURNAL_STREAM")
            let environment = ServiceEnvironment.current()
            #expect(environment[.notifySocket] == "value of NOTIFY_SOCKET")
            #expect(environment[.credentialsDirectory] == "value of CREDENTIALS_DIRECTORY")
            #expect(environment[.swiftBacktrace] == "value of SWIFT_BACKTRACE")
            #expect(environment[.journalStream] == nil)
        }
    }

    @Test(
        "Credentials are in the absolute directory that systemd names, or nowhere",
        arguments: [
            ("/run/credentials/purserd.service", "/run/credentials/purserd.service"),
            ("credentials", nil),
            ("", nil),
        ])
    func credentials(value: String, path: String?) {
        #expect(CredentialsDirectory.path(in: ServiceEnvironment([.credentialsDirectory: value])) == path)
        #expect(CredentialsDirectory.path(in: ServiceEnvironment([:])) == nil)
    }
}
