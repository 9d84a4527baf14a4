import JSON
import Testing

@Suite("Bounds on a text")
struct BoundsTests {
    private func nested(_ depth: Int, _ opening: String, _ closing: String) -> [UInt8] {
        Array((String(repeating: opening, count: depth) + String(repeating: closing, count: depth)).utf8)
    }

    @Test("Containers nest as deeply as the limit says, and no deeper", arguments: [1, 2, 64, 500])
    func depth(limit: Int) {
        let limits = JSONLimits(maxDepth: limit)
        #expect(failure(nested(limit, "[", "]"), limits: limits) == nil)
        #expect(failure(nested(limit + 1, "[", "]"), limits: limits) == JSONError(kind: .tooDeep, offset: limit))
        let objects = Array((String(repeating: #"{"a":"#, count: limit) + "1").utf8)
        #expect(failure(objects, limits: limits)?.kind == .unexpectedEnd)
        #expect(failure(objects.dropLast() + Array("{}".utf8), limits: limits)?.kind == .tooDeep)
    }

    @Test("A million open brackets are refused at the limit")
    func bomb() {
        #expect(failure(Array(repeating: UInt8(ascii: "["), count: 1 << 20)) == JSONError(kind: .tooDeep, offset: 64))
    }

    @Test("Siblings do not count as depth")
    func siblings() {
        let text = "[" + Array(repeating: "[[]]", count: 1000).joined(separator: ",") + "]"
        #expect(failure(Array(text.utf8), limits: JSONLimits(maxDepth: 3)) == nil)
    }

    @Test(
        "Values and keys count against the number of nodes",
        arguments: [
            ("[1,2,3]", 4, true),
            ("[1,2,3]", 3, false),
            (#"{"a":1}"#, 3, true),
            (#"{"a":1}"#, 2, false),
            (#"["\n"]"#, 3, true),
            (#"["\n"]"#, 2, false),
        ])
    func nodes(text: String, limit: Int, isAccepted: Bool) {
        let error = failure(Array(text.utf8), limits: JSONLimits(maxNodes: limit))
        #expect(error?.kind == (isAccepted ? nil : .tooManyNodes))
    }

    @Test("A longer text than allowed is refused before it is read")
    func bytes() {
        let limits = JSONLimits(maxBytes: 4)
        #expect(failure(Array("1234".utf8), limits: limits) == nil)
        #expect(failure(Array("12345".utf8), limits: limits) == JSONError(kind: .tooLarge, offset: 4))
    }

    @Test("The standard bounds take a large text")
    func large() throws {
        let text = "[" + Array(repeating: "0", count: 262_143).joined(separator: ",") + "]"
        let value = try parse(text)
        #expect(value.count == 262_143)
        #expect(failure(Array(text.dropLast().utf8) + Array(",0]".utf8))?.kind == .tooManyNodes)
    }
}
