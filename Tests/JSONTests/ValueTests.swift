import JSON
import Testing

@Suite("Values of a parsed text")
struct ValueTests {
    @Test("Members are found by key, literal or not, escaped or not")
    func members() throws {
        let value = try parse(#"{"a":1,"b\u0062":{"a":2},"c":[{"a":3}],"d":null}"#)
        #expect(value["a"]?.int == 1)
        #expect(value["bb"]?["a"]?.int == 2)
        #expect(value["d"]?.isNull == true)
        #expect(value["e"] == nil)
        #expect(value["c"]?["a"] == nil)
        let name = ["b", "b"].joined()
        #expect(value[name]?["a"]?.int == 2)
        #expect(value[name + "b"] == nil)
        let names = value.members.map { $0.key.string ?? "" }
        #expect(names == ["a", "bb", "c", "d"])
    }

    @Test("Four members are found at once, in any order, and only one's own")
    func fourMembers() throws {
        let value = try parse(#"{"x":{"b":9},"d":4,"b":2,"a":1}"#)
        let found = value.values(of: "a", "b", "c", "d")
        #expect(found.first?.int == 1)
        #expect(found.second?.int == 2)
        #expect(found.third == nil)
        #expect(found.fourth?.int == 4)
        let array = try parse("[1]")
        #expect(array.values(of: "a", "b", "c", "d").first == nil)
    }

    @Test(
        "Whether all keys are known",
        arguments: [
            (#"{"a":1,"b":2}"#, true), (#"{"\u0061":1}"#, true), ("{}", true), (#"{"a":1,"c":2}"#, false),
            ("[]", false),
        ])
    func knownKeys(text: String, expected: Bool) throws {
        let value = try parse(text)
        #expect(value.hasOnlyKeys(["a", "b"]) == expected)
    }

    @Test("Elements come in order, are counted, and are found by position")
    func elements() throws {
        let value = try parse(#"[1,"two\n",[3,[4]],{"five":6},null]"#)
        #expect(value.count == 5)
        #expect(value.elements.map { $0.kind } == [.number, .string, .array, .object, .null])
        #expect(value.element(at: 2)?.element(at: 1)?.element(at: 0)?.int == 4)
        #expect(value.element(at: 3)?.count == 1)
        #expect(value.element(at: 5) == nil)
        #expect(value.element(at: -1) == nil)
    }

    @Test("An accessor for another kind gives nothing", arguments: ["1", "\"s\"", "true", "null", "[]", "{}"])
    func otherKinds(text: String) throws {
        let value = try parse(text)
        #expect((value.bool == nil) == (value.kind != .boolean))
        #expect((value.string == nil) == (value.kind != .string))
        #expect((value.withString { $0.count } == nil) == (value.kind != .string))
        #expect(value["a"] == nil)
        #expect(value.count == 0)
        #expect(value.elements.map { $0.kind }.isEmpty)
        #expect(value.members.map { $0.key.kind }.isEmpty)
        #expect(value.isNull == (text == "null"))
    }

    @Test(
        "The text of a value is its own bytes, without the space around them",
        arguments: [
            (#" { "id" : 1.0 } "#, "1.0"),
            (#"{"id":[ 1, {"a" : "\u0062"} ] }"#, #"[ 1, {"a" : "\u0062"} ]"#),
            (#"{"id":"\u0061"}"#, #""\u0061""#),
            (#"{"id":123456789012345678901234567890}"#, "123456789012345678901234567890"),
        ])
    func rawText(text: String, expected: String) throws {
        let value = try parse(text)
        #expect(value["id"]?.withRawJSON { copy($0) } == Array(expected.utf8))
    }

    @Test("A value outlives its document, and the texts read after it")
    func outlives() throws {
        var document: JSONDocument? = JSONDocument()
        try document?.parse(Array(#"{"kept":"first"}"#.utf8).span)
        let kept = document?.root["kept"]
        try document?.parse(Array(#"["second"]"#.utf8).span)
        #expect(document?.root.element(at: 0)?.string == "second")
        #expect(kept?.string == "first")
        document?.clear()
        document = nil
        #expect(kept?.string == "first")
    }

    @Test("Reading, clearing and failing wipe the text before", arguments: ["next", "clear", "failure"])
    func wipes(by way: String) throws {
        let document = JSONDocument()
        try document.parse(Array(#"{"token":"a secret \u0061nd more of it"}"#.utf8).span)
        let raw = unsafe document.root.withRawJSON { text in unsafe text.withUnsafeBytes { unsafe $0 } }
        let unescaped = unsafe document.root["token"]?.withString { text in unsafe text.withUnsafeBytes { unsafe $0 } }
        #expect(unsafe unescaped?.first == UInt8(ascii: "a"))
        switch way {
        case "next": try document.parse(Array("1".utf8).span)
        case "clear": document.clear()
        default: #expect(throws: JSONError.self) { try document.parse(Array("x".utf8).span) }
        }
        #expect(unsafe raw.dropFirst().allSatisfy { $0 == 0 })
        #expect(unsafe unescaped?.allSatisfy { $0 == 0 } == true)
    }
}
