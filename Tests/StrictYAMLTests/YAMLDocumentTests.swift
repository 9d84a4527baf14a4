import StrictYAML
import Testing

/// A text that must be refused, and each line of the refusal.
struct Refusal: Sendable, CustomTestStringConvertible {
    var name: String
    var text: String
    var problems: [String]

    var testDescription: String { name }

    init(_ name: String, _ text: String, _ problems: String...) {
        self.name = name
        self.text = text
        self.problems = problems
    }
}

struct YAMLDocumentTests {
    static let refusals: [Refusal] = [
        Refusal("a duplicate key", "a: 1\nb: 2\na: 3\n", "t:3: a: duplicate key; it is already on line 1"),
        Refusal(
            "duplicates at several depths", "a: { x: 1, x: 2 }\na: 3\n",
            "t:1: a.x: duplicate key; it is already on line 1", "t:2: a: duplicate key; it is already on line 1"),
        Refusal(
            "an anchor and an alias", "a: &here 1\nb: [1, *here]\n",
            "t:1: a: anchors (&name) are not supported; write the value out where it is needed",
            "t:2: b[1]: aliases (*name) are not supported; write the value out"),
        Refusal(
            "an anchored key", "&a b: 1\n",
            "t:1: anchors (&name) are not supported; write the value out where it is needed"),
        Refusal("a tag", "a: !!binary aGk=\n", "t:1: a: tags (!name) are not supported; remove it"),
        Refusal("a tagged mapping", "a: !x { b: 1 }\n", "t:1: a: tags (!name) are not supported; remove it"),
        Refusal("a tagged list", "a: !x [1]\n", "t:1: a: tags (!name) are not supported; remove it"),
        Refusal("two documents", "a: 1\n---\nb: 2\n", "t:2: a second document begins here; a file holds one"),
        Refusal(
            "problems before broken syntax", "a: 1\na: 2\nb: [\n", "t:2: a: duplicate key; it is already on line 1",
            "t:4: not YAML: did not find expected node content"),
        Refusal("a tab for indentation", "a:\n\tb: 1\n", "t:2: not YAML: found character that cannot start any token"),
        Refusal("an open quote", "a: \"x\n", "t:2: not YAML: found unexpected end of stream"),
        Refusal("a directive", "# x\n%YAML 1.1\n---\na: 1\n", "t:2: directives (%) are not supported; remove it"),
        Refusal("a directive after a lone return", "\r%TAG ! x\n", "t:1: directives (%) are not supported; remove it"),
        Refusal(
            "a directive after a line separator", "a: 1\n\u{2028}%x\n",
            "t:2: directives (%) are not supported; remove it"),
        Refusal(
            "a directive after a byte order mark", "\u{FEFF}%x\n", "t:1: directives (%) are not supported; remove it"),
        Refusal("an undeclared tag handle", "a: !e!x 1\n", "t:1: not YAML: found undefined tag handle"),
        Refusal("a control character", "a: 1\nb: \u{1}\n", "t:2: not YAML: control characters are not allowed"),
        Refusal("a key that is a list", "? [a]\n: 1\n", "t:1: a key must be a short text of printable characters"),
        Refusal("a key that is empty", "a:\n  '': 1\n", "t:2: a: a key must be a short text of printable characters"),
        Refusal(
            "a key that is long", "\(String(repeating: "k", count: 129)): 1\n",
            "t:1: a key must be a short text of printable characters"),
        Refusal(
            "a key that moves the cursor", "\"\\e[2J\": 1\n", "t:1: a key must be a short text of printable characters"),
        Refusal(
            "deep nesting", String(repeating: "[", count: 17) + String(repeating: "]", count: 17),
            "t:1: nested more than 16 deep"),
        Refusal("deep nesting in blocks", String(repeating: "- ", count: 500), "t:1: nested more than 16 deep"),
        Refusal(
            "too many values", "[" + String(repeating: "1,", count: 200_001) + "]",
            "t:1: more than 200000 values; remove what is not needed"),
        Refusal(
            "too large", "# " + String(repeating: "x", count: 1 << 20),
            "t:1: larger than 1048576 bytes; remove what is not needed"),
    ]

    @Test("A text that could surprise is refused with its place", arguments: refusals)
    func refuses(_ row: Refusal) {
        let problems = #expect(throws: YAMLProblems.self) { try YAMLDocument.parse(row.text, file: "t") }
        #expect(problems?.problems.map(\.description) == row.problems)
    }

    @Test("Bytes that are no UTF-8 are refused on their line")
    func invalidUTF8() {
        let bytes = Array("a: 1\nb: ".utf8) + [0xC3, 0x28]
        let problems = #expect(throws: YAMLProblems.self) { try YAMLDocument.parse(bytes.span, file: "t") }
        #expect(problems?.description == "t:2: not YAML: invalid trailing UTF-8 octet")
    }

    @Test("An alias that would multiply is refused as quickly as any other")
    func aliasBomb() {
        let levels = (1...30).map { "a\($0): &a\($0) [\(String(repeating: "*a\($0 - 1),", count: 9))]" }
        let text = "a0: &a0 [x]\n" + levels.joined(separator: "\n")
        let problems = #expect(throws: YAMLProblems.self) { try YAMLDocument.parse(text, file: "t") }
        #expect(problems?.problems.count == YAMLProblems.limit)
        #expect(problems?.omittedCount == 31 + 30 * 9 - YAMLProblems.limit)
        #expect(problems?.description.hasSuffix("\nand 281 more") == true)
    }

    @Test("An empty text is an empty value", arguments: ["", "# only a comment\n", "---\n", "~\n"])
    func empty(_ text: String) throws {
        let root = try YAMLDocument.parse(text, file: "t")
        var problems = YAMLProblems()
        #expect(root.mapping(["a"], &problems) == nil)
        #expect(problems.problems.map(\.message) == ["needs a mapping (key: value), not nothing"])
    }

    @Test(
        "A per cent sign inside a line is one of its characters",
        arguments: ["a: 5%\n", "a: \"é%\"\n", "a: [b,\n  '%']\n"])
    func perCent(_ text: String) throws {
        var problems = YAMLProblems()
        #expect(try YAMLDocument.parse(text, file: "t").members(&problems)?.count == 1)
    }

    @Test("A value knows its line and its path")
    func locations() throws {
        let root = try YAMLDocument.parse("a:\n  b:\n    - x\n    - c:\n        1\n", file: "t")
        var problems = YAMLProblems()
        let b = root.mapping(["a"], &problems)?["a"]?.mapping(["b"], &problems)?["b"]
        let c = try #require(b?.elements(&problems)?.last?.mapping(["c"], &problems)?["c"])
        #expect(c.location.description == "t:4: a.b[1].c")
        #expect(problems.isEmpty)
    }

    @Test("An overlay merges mappings key by key and replaces everything else")
    func overlay() throws {
        let base = try YAMLDocument.parse("a: 1\nb: { x: one, y: [1, 2] }\nc: { z: 1 }\n", file: "base")
        let over = try YAMLDocument.parse("b: { y: [3], w: new }\nc: none\n", file: "over")
        var problems = YAMLProblems()
        let result = try #require(base.overlaid(with: over).mapping(["a", "b", "c"], &problems))
        let b = try #require(result["b"]?.mapping(["x", "y", "w"], &problems))
        #expect(result["a"]?.int(in: 0...9, &problems) == 1)
        #expect(b["x"]?.string(&problems) == "one")
        #expect(b["y"]?.elements(&problems)?.map { $0.int(in: 0...9, &problems) } == [3])
        #expect(b["w"]?.string(&problems) == "new")
        #expect(result["c"]?.string(&problems) == "none")
        #expect(result["a"]?.location.description == "base:1: a")
        #expect(b["y"]?.location.description == "over:1: b.y")
        #expect(problems.isEmpty)
    }
}
