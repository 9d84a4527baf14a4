import JSON
import JSONRPC
import SecretBytes
import Synchronization

/// A service made of one closure per method.
struct TestService: RPCService {
    typealias Handler = @Sendable (borrowing RPCCall, inout JSONWriter) throws(RPCError) -> RPCAnswer

    var handlers: [String: Handler] = [:]

    func answer(
        _ call: borrowing RPCCall, from caller: String, into result: inout JSONWriter
    ) throws(RPCError) -> RPCAnswer {
        guard let handler = handlers[call.methodName] else { throw .methodNotFound(call.methodName) }
        return try handler(call, &result)
    }
}

/// A connection with both its ends: takes lines as text, gives answers as text.
final class Peer: Sendable {
    // The tests call it from one thread at a time.
    nonisolated(unsafe) private let connection: RPCConnection<TestService>
    private let delivered: Delivered

    final class Delivered: Sendable {
        private let lines = Mutex<[RPCOutgoing]>([])

        var count: Int { lines.withLock { $0.count } }

        func add(_ line: RPCOutgoing) { lines.withLock { $0.append(line) } }

        func takeAll() -> [RPCOutgoing] {
            lines.withLock { lines in
                defer { lines = [] }
                return lines
            }
        }
    }

    init(limits: RPCLimits = RPCLimits(), _ handlers: [String: TestService.Handler] = [:]) {
        let delivered = Delivered()
        self.delivered = delivered
        unsafe connection = RPCConnection(
            service: TestService(handlers: handlers), caller: "tester", limits: limits, deliver: { delivered.add($0) })
    }

    var waitingReplies: Int { unsafe connection.waitingReplies }

    var isSubscribed: Bool { unsafe connection.isSubscribed }

    /// Lines and wakes that were delivered and not looked at.
    var deliveredCount: Int { delivered.count }

    func abandon() { unsafe connection.abandon() }

    /// Sends one line; gives the lines that come back at once.
    func send(_ line: [UInt8]) -> [String] {
        var output = SecretBuffer()
        unsafe connection.receive(line: line.span, into: &output)
        return lines(of: output)
    }

    func send(_ line: String) -> [String] { send(Array(line.utf8)) }

    /// Calls a method with the id 1; gives the answer, nil if there is none at once.
    func call(_ method: String, _ params: String = "{}") -> JSONTree? {
        let line = send(#"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(params)}"#)
        return line.count == 1 ? tree(line[0]) : nil
    }

    /// The lines that were delivered since the last time, taken as the connection's thread would.
    func takeDelivered() -> [String] {
        delivered.takeAll().flatMap { outgoing in
            guard let line = outgoing.take() else { return [String]() }
            return lines(of: line)
        }
    }

    /// Drops the lines that were delivered without taking them.
    func dropDelivered() { _ = delivered.takeAll() }
}

/// Complete lines; what has no end is shown as a line of its own with a mark.
func lines(of buffer: borrowing SecretBuffer) -> [String] {
    let text = buffer.withBytes { bytes in
        unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
    guard !text.isEmpty else { return [] }
    guard text.hasSuffix("\n") else { return ["unfinished: \(text)"] }
    return text.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
}

/// The value of a text; a string that says so if it is none.
func tree(_ text: String) -> JSONTree {
    let document = JSONDocument()
    do {
        try document.parse(Array(text.utf8).span, limits: JSONLimits(maxBytes: 64 << 20, maxNodes: 1 << 22))
        return JSONTree(document.root)
    } catch {
        return .string("not JSON: \(error)")
    }
}

extension JSONTree {
    /// The elements of an array.
    var elements: [JSONTree] {
        if case .array(let elements) = self { elements } else { [] }
    }

    /// The value of a string.
    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// `error.code`
    var errorCode: Int? {
        if case .int(let code) = self["error"]?["code"] { code } else { nil }
    }

    /// `error.data.code`
    var errorName: String? { self["error"]?["data"]?["code"]?.text }

    /// `error.message`
    var errorMessage: String { self["error"]?["message"]?.text ?? "" }
}

/// Replies that services have taken, for the tests to complete.
final class Replies: Sendable {
    private let kept = Mutex<[RPCReply]>([])

    var count: Int { kept.withLock { $0.count } }

    func keep(_ reply: RPCReply) { kept.withLock { $0.append(reply) } }

    /// The reply that has waited longest.
    func next() -> RPCReply? {
        kept.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }

    /// All replies, oldest first.
    func all() -> [RPCReply] {
        kept.withLock { kept in
            defer { kept = [] }
            return kept
        }
    }

    /// A method that is answered later.
    var handler: TestService.Handler {
        { (call, _) throws(RPCError) in
            self.keep(try call.later())
            return .later
        }
    }
}

/// A number that handlers count up.
final class Counter: Sendable {
    private let number = Atomic(0)

    var value: Int { number.load(ordering: .relaxed) }

    func add() { number.add(1, ordering: .relaxed) }

    /// A method that counts its calls and answers with the new number.
    var handler: TestService.Handler {
        { (_, result) throws(RPCError) in
            self.add()
            result.value(self.value)
            return .written
        }
    }
}

/// SplitMix64: the same numbers on every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
