import LineServer
import PurserClient
import SecretBytes
import Synchronization

@testable import PurserCommand

/// What was written to an output.
final class Captured: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }

    func output(isTerminal: Bool = false, width: Int? = nil) -> CommandOutput {
        CommandOutput(isTerminal: isTerminal, width: width, hasColours: isTerminal) { [self] span in
            bytes.withLock { bytes in
                for index in span.indices { bytes.append(span[index]) }
            }
        }
    }
}

/// One run of the command line and all that came of it.
struct Run {
    let status: Int32
    let output: String
    let errors: String

    init(
        _ arguments: [String], input: String = "", isTerminal: Bool = false, width: Int? = nil,
        person: Person = .absent,
        hasErrorTerminal: Bool = false, now: @escaping @Sendable () -> Timestamp = { Self.now }
    ) async {
        let (output, errors) = (Captured(), Captured())
        let environment = CommandEnvironment(
            output: output.output(isTerminal: isTerminal, width: width),
            errors: errors.output(isTerminal: hasErrorTerminal, width: hasErrorTerminal ? width : nil),
            readInput: { SecretBytes(utf8: input) }, now: now, person: person)
        status = await CommandLineTool.run(arguments, in: environment)
        self.output = output.text
        self.errors = errors.text
    }

    /// 2026-06-01T00:00:00Z
    static let now = Timestamp(unixSeconds: 1_780_272_000)
}

extension Person {
    /// Nobody: no browser, no terminal, no Ctrl-C, and no time passes.
    static var absent: Person {
        Person(
            loginName: "ada", openBrowser: nil, readLine: nil, interruption: { await untilCancelled() },
            sleep: { _ in
                await untilCancelled()
                throw CancellationError()
            })
    }
}

/// Returns once the task is cancelled.
func untilCancelled() async {
    let (nothing, _) = AsyncStream<Void>.makeStream()
    for await _ in nothing {}
}

/// A daemon that has fixed results, and remembers what it was asked.
final class PlayedDaemon: Sendable {
    private let server: LineServer
    private let asked: Asked

    private final class Asked: Sendable {
        let requests = Mutex<[String]>([])
    }

    /// Answers each method with the JSON text under its name, `{"error": …}` being an error; methods without one get no
    /// answer.
    convenience init(_ answers: [String: String]) throws {
        try self.init { method, _ in answers[method] }
    }

    /// Answers each request with what `answer` gives for its method and the number of such requests before it.
    init(answer: @escaping @Sendable (String, Int) -> String?) throws {
        let asked = Asked()
        self.asked = asked
        server = try LineServer { line in
            guard let request = try? JSONValue(parsing: line), let id = request["id"]?.int else { return nil }
            let method = request["method"]?.string ?? ""
            let before = asked.requests.withLock { requests in
                defer { requests.append("\(method) \(request["params"] ?? nil)") }
                return requests.count { $0.hasPrefix("\(method) ") }
            }
            guard let answer = answer(method, before) else { return nil }
            let outcome = answer.hasPrefix(#"{"error":"#) ? answer.dropFirst().dropLast() : #""result":\#(answer)"#
            return #"{"jsonrpc":"2.0","id":\#(id),\#(outcome)}"#
        }
    }

    var path: String { server.path }

    /// Method and parameters of each request.
    var requests: [String] { asked.requests.withLock { $0 } }
}
