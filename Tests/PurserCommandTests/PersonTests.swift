import Glibc
import PurserClient
import SecretBytes
import Synchronization
import Testing

@testable import PurserCommand

/// What belongs to the process: the browser, the terminal, Ctrl-C.
@Suite(.timeLimit(.minutes(1)))
struct PersonTests {
    // MARK: The browser

    @Test(arguments: [
        (["DISPLAY": ":0"], true), (["WAYLAND_DISPLAY": "wayland-0"], true), ([:], false), (["DISPLAY": ""], false),
        (["DISPLAY": ":10", "SSH_CONNECTION": "10.0.0.1 5 10.0.0.2 22"], false),
        (["DISPLAY": ":0", "PATH": "/elsewhere:bin:."], false),
        (["DISPLAY": ":0", "PATH": "/elsewhere:/usr/bin"], true),
    ])
    func aBrowserNeedsAScreenOfTheUsersOwn(_ variables: [String: String], _ isFound: Bool) {
        let variables = variables.merging(["PATH": "/usr/bin"]) { given, _ in given }
        let programs: Set = ["/usr/bin/xdg-open", "bin/xdg-open", "./xdg-open"]
        let browser = Browser.find(variable: { variables[$0] }, isExecutable: { programs.contains($0) })
        #expect(browser?.path == (isFound ? "/usr/bin/xdg-open" : nil))
    }

    @Test(arguments: [
        ("https://github.test/a?b=c", true), ("HTTP://a", true), ("https:", false), ("file:///etc/passwd", false),
        ("--help", false), ("", false), ("https://a b", false), ("https://a\u{1B}", false), ("https://é", false),
        ("javascript:https://a", false),
    ])
    func onlyWebAddressesAreOpened(_ address: String, _ isOpened: Bool) {
        #expect(Browser.isWebAddress(address) == isOpened)
        if !isOpened { #expect(!Browser(path: "/bin/true").open(address)) }
    }

    @Test func aProgramThatIsNotThereIsSaid() {
        #expect(!Browser(path: "/nonexistent/xdg-open").open("https://a"))
    }

    // MARK: The terminal

    @Test func linesComeOneByOneUntilTheEnd() async throws {
        let pipe = try Pipe()
        pipe.write("one\n\ntwo")
        pipe.closeWriting()
        var lines: [String] = []
        while let line = try await TerminalInput.readLine(pipe.reading) { lines.append(line.bytes.text) }
        #expect(lines == ["one", "", "two"])
    }

    @Test func aLineWithoutEndIsNotReadForEver() async throws {
        let pipe = try Pipe()
        let writer = Task.detached { pipe.write(String(repeating: "a", count: 65_537)) }
        await #expect(throws: CommandFailure.self) { try await TerminalInput.readLine(pipe.reading) }
        await writer.value
    }

    @Test func whoeverIsCancelledReadsNoMore() async throws {
        let pipe = try Pipe()
        let reader = Task { try await TerminalInput.readLine(pipe.reading) == nil }
        reader.cancel()
        #expect(try await reader.value)
        pipe.write("late\n")
        #expect(try await TerminalInput.readLine(pipe.reading)?.bytes.text == "late")
    }

    // MARK: Ctrl-C

    /// In a process of its own, since the signal is the whole process's.
    @Test func controlCIsNoticedAndEndsNothing() async {
        await #expect(processExitsWith: .success) {
            // Until the wait has begun, and once it is over, the signal shall not end the process.
            signal(SIGINT, SIG_IGN)
            let signals = Signals()
            await withTaskGroup { group in
                group.addTask {
                    await Interruption.wait()
                    signals.areOver.store(true, ordering: .relaxed)
                }
                group.addTask {
                    while !signals.areOver.load(ordering: .relaxed) {
                        kill(getpid(), SIGINT)
                        await Task.yield()
                    }
                }
            }
            #expect(wasIgnored(SIGINT))
            let cancelled = Task { await Interruption.wait() }
            cancelled.cancel()
            await cancelled.value
            #expect(wasIgnored(SIGINT))
        }
    }

    @Test func theProcessHasAUser() {
        #expect(Person.ofProcess.loginName?.isEmpty == false)
    }
}

extension SecretBytes {
    fileprivate var text: String {
        withBytes { bytes in unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) } }
    }
}

/// Whether the signal was ignored; it is from now on.
private func wasIgnored(_ number: CInt) -> Bool {
    // SIG_IGN is 1 (signal(2)).
    unsafe unsafeBitCast(signal(number, SIG_IGN), to: Int.self) == 1
}

private final class Signals: Sendable {
    let areOver = Atomic(false)
}

/// A directory that goes with the test.
private final class Place: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/purser-cli-XXXXXX".utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer -> String? in
            guard let start = buffer.baseAddress, let path = unsafe mkdtemp(start) else { return nil }
            return unsafe String(cString: path)
        }
        path = try #require(made)
    }

    deinit {
        unsafe unlink("\(path)/heard")
        unsafe unlink("\(path)/script")
        unsafe rmdir(path)
    }

    func script(_ text: String) throws -> String {
        let file = unsafe open("\(path)/script", O_WRONLY | O_CREAT | O_CLOEXEC, 0o700)
        try #require(file >= 0)
        let bytes = Array(text.utf8)
        let written = unsafe write(file, bytes, bytes.count)
        close(file)
        try #require(written == bytes.count)
        return "\(path)/script"
    }
}

private final class Pipe: Sendable {
    let reading: CInt
    private let writing: CInt
    private let isClosed = Atomic(false)

    init() throws {
        var ends: [CInt] = [-1, -1]
        try #require(unsafe pipe(&ends) == 0)
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        closeWriting()
        close(reading)
    }

    func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(writing, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    func closeWriting() {
        if !isClosed.exchange(true, ordering: .relaxed) { close(writing) }
    }
}
