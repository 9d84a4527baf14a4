import Glibc
import Logging
import Synchronization
import Systemd
import Testing

@Suite("Log entries")
struct LogHandlerTests {
    let sink = LogSink()

    private func journal(provider: Logger.MetadataProvider? = nil) -> Logger {
        Logger(label: "test", factory: { _ in sink.journalHandler(provider) })
    }

    private func standardError(provider: Logger.MetadataProvider? = nil) -> Logger {
        Logger(label: "test", factory: { _ in sink.lineHandler(provider) })
    }

    // MARK: - The journal

    @Test("An entry of the journal has its message, its priority, its place in the code, and its metadata as fields")
    func journalFields() throws {
        let line: UInt = #line + 1
        journal().warning("refresh failed", metadata: ["connectionId": "con_octocat", "attempt": "\(3)"])
        #expect(
            sink.entries == [
                [
                    "MESSAGE=refresh failed", "PRIORITY=4", "SYSLOG_IDENTIFIER=purserd",
                    "CODE_FILE=SystemdTests/LogHandlerTests.swift", "CODE_LINE=\(line)", "CODE_FUNC=journalFields()",
                    "PURSER_ATTEMPT=3", "PURSER_CONNECTION_ID=con_octocat",
                ]
            ])
        #expect(sink.lines.isEmpty)
    }

    @Test(
        "Each level has its syslog priority",
        arguments: [
            (Logger.Level.trace, 7), (.debug, 7), (.info, 6), (.notice, 5), (.warning, 4), (.error, 3), (.critical, 2),
        ])
    func priorities(level: Logger.Level, priority: Int) {
        journal().log(level: level, "x")
        #expect(sink.entries.first?.contains("PRIORITY=\(priority)") == true)
    }

    @Test(
        "A metadata key becomes a name that the journal takes",
        arguments: [
            ("connectionId", "PURSER_CONNECTION_ID"),
            ("connection-id", "PURSER_CONNECTION_ID"),
            ("connection_id", "PURSER_CONNECTION_ID"),
            ("connection.id", "PURSER_CONNECTION_ID"),
            ("CONNECTION_ID", "PURSER_CONNECTION_ID"),
            ("apiBaseURL", "PURSER_API_BASE_URL"),
            ("uid", "PURSER_UID"),
            ("oauth2Error", "PURSER_OAUTH2_ERROR"),
            ("a=b\nMESSAGE", "PURSER_A_B_MESSAGE"),
            ("ü", "PURSER___"),
            ("", "PURSER_"),
            (String(repeating: "k", count: 100), "PURSER_" + String(repeating: "K", count: 57)),
            (String(repeating: "k", count: 56) + "KEY", "PURSER_" + String(repeating: "K", count: 56) + "_"),
        ])
    func fieldNames(key: String, name: String) {
        #expect(JournalEntry.fieldName(for: key) == name)
    }

    @Test("What is said with an entry goes before what the provider says, and that before what the logger carries")
    func precedence() {
        let provider = Logger.MetadataProvider { ["a": "provider", "b": "provider"] }
        var logger = journal(provider: provider)
        logger[metadataKey: "b"] = "logger"
        logger[metadataKey: "c"] = "logger"
        logger.info("x", metadata: ["a": "entry"])
        #expect(sink.entries.first?.suffix(3) == ["PURSER_A=entry", "PURSER_B=provider", "PURSER_C=logger"])
    }

    @Test("An entry that the journal refuses goes to standard error, with everything it carries")
    func fallback() {
        sink.answer = -ENOBUFS
        var logger = journal()
        logger[metadataKey: "b"] = "logger"
        logger.error("lost", metadata: ["a": "entry"])
        #expect(sink.lines == ["2026-01-02T03:04:05.678Z error lost a=entry b=logger\n"])
    }

    @Test("An entry that reaches the journal late says when it was logged")
    func delay() {
        for (delay, isSaid) in [(Int64(1_000_000_000), false), (1_000_000_001, true), (-5, false)] {
            Logger(label: "test", factory: { _ in sink.journalHandler(nil, delay: delay) }).info("x")
            #expect((sink.entries.last?.last == "PURSER_LOGGED_AT=2026-01-02T03:04:05.678Z") == isSaid)
        }
    }

    @Test("An entry is bounded in its message, each value, and the number of its fields")
    func bounds() {
        var metadata: Logger.Metadata = ["a": "\(String(repeating: "v", count: 100_000))"]
        for number in 0..<100 { metadata["k\(number)"] = "1" }
        journal().info("\(String(repeating: "m", count: 100_000))", metadata: metadata)
        let fields = sink.entries.first ?? []
        #expect(fields.count == 6 + 32)
        #expect(fields.first?.utf8.count == "MESSAGE=".utf8.count + 8192)
        #expect(fields.first { $0.hasPrefix("PURSER_A=") }?.utf8.count == "PURSER_A=".utf8.count + 2048)
    }

    // MARK: - Standard error

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let message: Logger.Message
        var metadata: Logger.Metadata = [:]
        let line: String
        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(name: "a message", message: "ready", line: "ready"),
        Row(
            name: "plain values in the order of their keys", message: "x", metadata: ["b": "2", "a": "1"],
            line: "x a=1 b=2"),
        Row(name: "a value with a space", message: "x", metadata: ["a": "1 2"], line: #"x a="1 2""#),
        Row(name: "an empty value", message: "x", metadata: ["a": ""], line: #"x a="""#),
        Row(name: "quotes and backslashes", message: "x", metadata: ["a": #"1"\2"#], line: #"x a="1\"\\2""#),
        Row(name: "a value that looks like a pair", message: "x", metadata: ["a": "1=2"], line: #"x a="1=2""#),
        Row(name: "a second line in the message", message: "x\ny\r\tz", line: #"x\ny\r\tz"#),
        Row(name: "a second line in a value", message: "x", metadata: ["a": "1\n2"], line: #"x a="1\n2""#),
        Row(name: "terminal control", message: "\u{1b}[2J\u{9b}m\u{7f}\u{0}", line: #"\u{1b}[2J\u{9b}m\u{7f}\u{0}"#),
        Row(name: "text turned round", message: "a\u{202e}b\u{2066}c\u{2028}d", line: #"a\u{202e}b\u{2066}c\u{2028}d"#),
        Row(name: "other languages", message: "prêt", metadata: ["a": "日本"], line: "prêt a=日本"),
        Row(name: "an unusual key", message: "x", metadata: ["a b\n=": "1"], line: "x a_b__=1"),
        Row(name: "a list", message: "x", metadata: ["a": ["1", "2"]], line: #"x a="[\"1\", \"2\"]""#),
    ]

    @Test("An entry is one line, whatever is in it", arguments: rows)
    func lines(_ row: Row) {
        standardError().info(row.message, metadata: row.metadata)
        #expect(sink.lines == ["2026-01-02T03:04:05.678Z info \(row.line)\n"])
    }

    @Test("A line is bounded as well")
    func lineBounds() {
        standardError().info("\(String(repeating: "m", count: 100_000))")
        #expect(sink.lines.first?.utf8.count == "2026-01-02T03:04:05.678Z info \n".utf8.count + 8192)
    }

    @Test("Whole lines reach the descriptor, and a disk that is full is no error")
    func writing() throws {
        var ends: [CInt] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
        StandardErrorOutput.write("one line\n", to: ends[1])
        var received = [UInt8](repeating: 0, count: 64)
        let count = unsafe received.withUnsafeMutableBytes { unsafe read(ends[0], $0.baseAddress, $0.count) }
        #expect(String(decoding: received.prefix(count), as: UTF8.self) == "one line\n")
        for end in ends { close(end) }

        let full = unsafe open("/dev/full", O_WRONLY | O_CLOEXEC)
        try #require(full >= 0)
        StandardErrorOutput.write("nobody can keep this\n", to: full)
        close(full)
    }

    // MARK: - The choice

    @Test("The journal is chosen only if standard error leads to it")
    func choice() throws {
        var status = stat()
        try #require(unsafe fstat(STDERR_FILENO, &status) == 0)
        func choose(_ stream: String?, _ descriptor: CInt = STDERR_FILENO) -> LogDestination {
            let values = stream.map { [ServiceEnvironment.Name.journalStream: $0] } ?? [:]
            return LoggingBootstrap.choose(environment: ServiceEnvironment(values), standardError: descriptor)
        }
        let stream = "\(status.st_dev):\(status.st_ino)"
        #expect(choose(stream) == .journal)
        #expect(choose(nil) == .standardError)
        #expect(choose("") == .standardError)
        #expect(choose("\(status.st_dev):\(status.st_ino + 1)") == .standardError)
        #expect(choose("\(status.st_dev + 1):\(status.st_ino)") == .standardError)
        #expect(choose(stream + ":0") == .standardError)
        #expect(choose(stream, 1 << 20) == .standardError)
    }

    @Test("Loggers log to the output that was chosen, at the level asked for")
    func handlers() {
        let lines = sink.lineOutput
        let makeHandler = LoggingBootstrap.handlers(level: .notice, output: { lines.write($0) })
        let logger = Logger(label: "label", factory: { makeHandler($0, nil) })
        logger.info("not this")
        logger.notice("this")
        #expect(sink.lines.count == 1 && sink.lines.first?.hasSuffix(" notice this\n") == true)
    }
}

/// Takes what the handlers write, at 2026-01-02T03:04:05.678Z.
final class LogSink: Sendable {
    private struct State {
        var entries: [[String]] = []
        var lines: [String] = []
        var answer: CInt = 0
    }

    private let state = Mutex(State())

    var entries: [[String]] { state.withLock { $0.entries } }
    var lines: [String] { state.withLock { $0.lines } }

    var answer: CInt {
        get { state.withLock { $0.answer } }
        set { state.withLock { $0.answer = newValue } }
    }

    private static let loggedAt: Int64 = 1_767_323_045_678_999_999

    var lineOutput: StandardErrorOutput {
        StandardErrorOutput { line in self.state.withLock { $0.lines.append(line) } }
    }

    func lineHandler(_ provider: Logger.MetadataProvider?) -> LogRecordHandler {
        LogRecordHandler(
            level: .trace, metadataProvider: provider, unixNanoseconds: { Self.loggedAt }, output: lineOutput.write)
    }

    /// Its entries are written `delay` nanoseconds after they were logged.
    func journalHandler(_ provider: Logger.MetadataProvider?, delay: Int64 = 0) -> LogRecordHandler {
        let journal = JournalOutput(
            identifier: "purserd", fallback: lineOutput, unixNanoseconds: { Self.loggedAt + delay },
            send: { entry in
                self.state.withLock {
                    $0.entries.append(entry.fields)
                    return $0.answer
                }
            })
        return LogRecordHandler(
            level: .trace, metadataProvider: provider, unixNanoseconds: { Self.loggedAt }, output: journal.write)
    }
}
