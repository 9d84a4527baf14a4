import FuzzDriver
import JSON
import JSONRPC
import SecretBytes
import Synchronization

// A libFuzzer target: bytes as lines from a peer. It looks for traps, for lines that are no answers, and for calls that get
// none, or two; any error is a good answer. Seeds: Corpora/envelope.

@main
struct FuzzEnvelope {
    static func main() { unsafe fuzz(fuzzEnvelope) }
}

/// Feeds the lines of `start` to a connection of its own.
private func fuzzEnvelope(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let replies = Waiting()
    let delivered = Mutex<[RPCOutgoing]>([])
    let connection = RPCConnection(service: Service(replies: replies), caller: 0, limits: limits) { line in
        delivered.withLock { $0.append(line) }
    }
    for line in input.split(separator: UInt8(ascii: "\n")) {
        var output = SecretBuffer()
        connection.receive(line: line.span, into: &output)
        check(output)
        if line.count % 3 == 0 { replies.completeOne() }
    }
    replies.dropAll()
    for line in delivered.withLock({ $0 }) {
        guard let line = line.take() else { fatalError("a line was taken before") }
        check(line)
    }
    precondition(connection.waitingReplies == 0)
    return 0
}

/// Small bounds, so that the fuzzer meets them.
private var limits: RPCLimits {
    var limits = RPCLimits()
    limits.line = JSONLimits(maxBytes: 4096, maxDepth: 8, maxNodes: 200)
    limits.maxBatchEntries = 20
    limits.maxBatchAnswerBytes = 1500
    limits.maxWaitingReplies = 4
    limits.maxIDBytes = 40
    return limits
}

/// Every line is an answer, or an array of answers, and reads back as what it was written for.
private func check(_ output: borrowing SecretBuffer) {
    let lines = output.withBytes { bytes in bytes.indices.map { bytes[$0] } }
    precondition(lines.isEmpty || lines.last == UInt8(ascii: "\n"))
    for line in lines.split(separator: UInt8(ascii: "\n")) {
        let document = JSONDocument()
        do {
            try document.parse(Array(line).span, limits: JSONLimits(maxNodes: 100_000))
        } catch {
            fatalError("an answer is not JSON: \(error)")
        }
        let answer = document.root
        precondition(answer.kind == .object || answer.count > 0)
        if answer.kind == .object { check(answer) } else { answer.elements.forEach { check($0) } }
        var writer = JSONWriter()
        writer.value(answer)
        let isSame = writer.finish().withBytes { copy in copy.indices.map { copy[$0] } == Array(line) }
        precondition(isSame)
    }
}

private func check(_ answer: JSONValue) {
    precondition(answer["jsonrpc"]?.equals("2.0") == true)
    precondition(answer["id"] != nil)
    precondition((answer["result"] == nil) != (answer["error"] == nil))
    precondition(answer["error"] == nil || answer["error"]?["data"]?["code"]?.kind == .string)
}

/// Replies that are still to be completed.
private final class Waiting: Sendable {
    private let kept = Mutex<[RPCReply]>([])

    func keep(_ reply: RPCReply) { kept.withLock { $0.append(reply) } }

    func completeOne() {
        let reply = kept.withLock { $0.popLast() }
        reply?.complete { $0.value("later") }
        precondition(reply?.complete { _ in fatalError("completed twice") } != true)
    }

    func dropAll() {
        let all = kept.withLock { kept in
            defer { kept = [] }
            return kept
        }
        precondition(all.allSatisfy { !$0.isAbandoned })
    }
}

/// Methods of one letter, which the fuzzer finds quickly.
private struct Service: RPCService {
    let replies: Waiting

    func answer(
        _ call: borrowing RPCCall, from caller: Int, into result: inout JSONWriter
    ) throws(RPCError) -> RPCAnswer {
        switch call.methodName {
        case "e":
            if let params = call.params { result.value(params) }
        case "t":
            if let params = call.params { result.tree(JSONTree(params)) }
        case "p": try parameters(of: call, into: &result)
        case "w":
            replies.keep(try call.later())
            return .later
        case "b":
            replies.keep(try call.later())
            result.beginArray()
            throw .internalError("both")
        case "n":
            try call.later().complete { $0.value("now") }
            return .later
        case "f": return .later
        case "m": result.beginObject()
        default: throw .methodNotFound(call.methodName)
        }
        return .written
    }

    private func parameters(of call: borrowing RPCCall, into result: inout JSONWriter) throws(RPCError) {
        let params = try call.parameters(["string", "number", "flag", "list", "object"])
        result.beginObject()
        result.member("string", try params.optionalString("string", maxBytes: 20))
        result.member("number", try params.optionalInt("number", in: -5...500))
        result.member("flag", try params.optionalBool("flag") == true)
        let list = try params.optionalStringArray("list", maxCount: 3)
        result.memberArray("list") { result in list?.forEach { result.value($0) } }
        result.key("object")
        if let object = try params.optionalObject("object") { result.value(object) } else { result.null() }
        if let secret = params.value("string")?.secret() { result.member("secret", secret: secret) }
        result.endObject()
    }
}
