import JSON
import JSONRPC
import SecretBytes
import Synchronization
import Testing

@Suite("Lines that cannot be read, and what is left of those that can")
struct UnreadableTests {
    @Test(
        "A parse error says what and where, with the id null, and quotes nothing",
        arguments: [
            (Array(#"{"token":"s3cret""#.utf8), 17),
            (Array(#"{"s3cret":s3cret}"#.utf8), 10),
            (Array(#"{"s3cret":1,"s3cret":2}"#.utf8), 12),
            (Array("s3cret".utf8), 0),
            ([0x22, 0xFF, 0x22], 1),
            (Array(repeating: UInt8(ascii: "["), count: 100), 64),
        ] as [([UInt8], Int)])
    func parseError(line: [UInt8], offset: Int) {
        let lines = Peer().send(line)
        let answer = tree(lines.first ?? "")
        #expect(lines.count == 1)
        #expect(answer.errorCode == -32700)
        #expect(answer.errorName == "PARSE_ERROR")
        #expect(answer["id"] == .null)
        #expect(answer["error"]?["data"]?["offset"] == .int(offset))
        #expect(answer.errorMessage.contains("at byte \(offset)"))
        #expect(!lines.joined().contains("s3cret"))
    }

    @Test(
        "A line beyond the bounds is too large",
        arguments: [
            (String(repeating: " ", count: 100) + "1", 100), ("[1,2,3,4,5,6,7,8]", 15),
        ])
    func tooLarge(line: String, offset: Int) {
        var limits = RPCLimits()
        limits.line = JSONLimits(maxBytes: 100, maxNodes: 8)
        let answer = tree(Peer(limits: limits).send(line).first ?? "")
        #expect(answer.errorCode == -32011)
        #expect(answer.errorName == "TOO_LARGE")
        #expect(answer["id"] == .null)
        #expect(answer["error"]?["data"]?["offset"] == .int(offset))
    }

    @Test("Every prefix of a request gets one parse error, and the next line is served")
    func prefixes() {
        let counter = Counter()
        let peer = Peer(["count": counter.handler])
        let line = Array(#"{"jsonrpc":"2.0","id":"é\u00e9","method":"count","params":{"a":[1.5e3,null]}}"#.utf8)
        for length in 1..<line.count {
            let answers = peer.send(Array(line[..<length])).map { tree($0) }
            #expect(answers.map { $0.errorCode } == [-32700])
        }
        #expect(counter.value == 0)
        #expect(peer.send(line).count == 1)
        #expect(counter.value == 1)
    }

    /// Where a service saw the bytes of a parameter.
    private final class Place: Sendable {
        private let address = Mutex<(start: UInt, count: Int)?>(nil)

        func note(_ value: JSONValue) {
            let seen = value.withString { text in
                unsafe text.withUnsafeBytes { (UInt(bitPattern: $0.baseAddress), $0.count) }
            }
            address.withLock { $0 = seen }
        }

        var bytes: [UInt8] {
            guard let (start, count) = address.withLock({ $0 }) else { return [] }
            return unsafe Array(UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: start), count: count))
        }
    }

    @Test("The text of a request is wiped before its answer is returned", arguments: ["a secret", #"\u0061 secret"#])
    func wipes(secret: String) {
        let place = Place()
        let peer = Peer([
            "keep": { (call, result) throws(RPCError) in
                if let value = call.params?["secret"] { place.note(value) }
                result.value(place.bytes == Array("a secret".utf8))
                return .written
            }
        ])
        #expect(peer.call("keep", #"{"secret":"\#(secret)"}"#)?["result"] == true)
        #expect(place.bytes == Array(repeating: 0, count: 8))
    }

    @Test("Parameters that a service keeps stay what they were while more lines come")
    func keptParameters() {
        let kept = Mutex<[JSONValue]>([])
        let peer = Peer([
            "keep": { (call, _) throws(RPCError) in
                if let params = call.params { kept.withLock { $0.append(params) } }
                return .written
            }
        ])
        for number in 0..<5 { _ = peer.call("keep", #"{"n":\#(number),"\u0073":"\#(number)"}"#) }
        let values = kept.withLock { $0 }
        #expect(values.map { $0["n"]?.int } == [0, 1, 2, 3, 4])
        #expect(values.map { $0["s"]?.string } == ["0", "1", "2", "3", "4"])
    }
}
