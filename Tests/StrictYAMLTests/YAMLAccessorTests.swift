import StrictYAML
import Testing

struct YAMLAccessorTests {
    enum Accessor: Sendable { case string, nonEmpty, strings, bool, int, duration, choice, mapping, elements }

    enum Colour: String, CaseIterable { case red, green }

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        var accessor: Accessor
        /// What comes out, or the problem.
        var outcome: String

        var testDescription: String { name }

        init(_ name: String, _ text: String, _ accessor: Accessor, _ outcome: String) {
            self.name = name
            self.text = text
            self.accessor = accessor
            self.outcome = outcome
        }
    }

    static let strings: [Row] = [
        Row("a plain text", "hello", .string, "hello"),
        Row("a quoted number", "'42'", .string, "42"),
        Row("a quoted nothing", "''", .string, ""),
        Row("what YAML 1.1 took for a boolean", "no", .string, "no"),
        Row("what YAML 1.1 took for a date", "2022-11-28", .string, "2022-11-28"),
        Row("what YAML 1.1 took for sixty-based", "12:30:45", .string, "12:30:45"),
        Row("a version with two points", "1.2.3", .string, "1.2.3"),
        Row("hexadecimal without digits", "0x", .string, "0x"),
        Row("an exponent without digits", "1e", .string, "1e"),
        Row("a lone point", ".", .string, "."),
        Row("a lone sign", "-", .elements, "1 elements"),
        Row("a number", "42", .string, "needs a text, not a number; write it in quotes"),
        Row("a negative number", "-42", .string, "needs a text, not a number; write it in quotes"),
        Row("an octal number", "0o17", .string, "needs a text, not a number; write it in quotes"),
        Row("a float", "1.5", .string, "needs a text, not a number; write it in quotes"),
        Row("a float that begins with its point", ".5e-3", .string, "needs a text, not a number; write it in quotes"),
        Row("not a number", ".nan", .string, "needs a text, not a number; write it in quotes"),
        Row("minus infinity", "-.inf", .string, "needs a text, not a number; write it in quotes"),
        Row("a boolean", "true", .string, "needs a text, not a boolean; write it in quotes"),
        Row("nothing", "~", .string, "needs a text, not nothing"),
        Row("a list", "[a]", .string, "needs a text, not a list"),
        Row("a mapping", "{ a: b }", .string, "needs a text, not a mapping"),
        Row("a line break", "\"a\\nb\"", .string, "has a line break or another character that cannot be shown"),
        Row("a null character", "\"a\\0\"", .string, "has a line break or another character that cannot be shown"),
        Row(
            "a direction override", "\"\\u202E\"", .string, "has a line break or another character that cannot be shown"
        ),
        Row("too long", String(repeating: "x", count: 4097), .string, "longer than 4096 bytes"),
        Row("an empty text where one is needed", "''", .nonEmpty, "is empty"),
        Row("a list of texts", "[a, 'b']", .strings, "a b"),
        Row("a text for a list", "a", .strings, "needs a list, not a text"),
    ]

    static let others: [Row] = [
        Row("true", "true", .bool, "true"),
        Row("false", "False", .bool, "false"),
        Row("yes", "yes", .bool, "needs true or false, not a text"),
        Row("a quoted true", "'true'", .bool, "needs true or false, not a text"),
        Row("the smallest", "-5", .int, "-5"),
        Row("a plus sign", "+7", .int, "7"),
        Row("hexadecimal", "0x1F", .int, "31"),
        Row("a leading zero is decimal", "010", .int, "10"),
        Row("beyond the range", "101", .int, "needs a number from -5 to 100"),
        Row("beyond all ranges", "99999999999999999999", .int, "needs a number from -5 to 100"),
        Row("a quoted number for a number", "'1'", .int, "needs a whole number, not a text"),
        Row("a fraction", "1.0", .int, "needs a whole number, not a number"),
        Row("seconds", "90", .duration, "90.0 seconds"),
        Row("seconds with their unit", "30s", .duration, "30.0 seconds"),
        Row("minutes", "10m", .duration, "600.0 seconds"),
        Row("hours, quoted", "'1h'", .duration, "3600.0 seconds"),
        Row("days", "60d", .duration, "5184000.0 seconds"),
        Row("no digits", "h", .duration, "needs a length of time, such as 30s, 10m, 1h or 60d"),
        Row("another unit", "10ms", .duration, "needs a length of time, such as 30s, 10m, 1h or 60d"),
        Row("a fraction of an hour", "1.5h", .duration, "needs a length of time, such as 30s, 10m, 1h or 60d"),
        Row("endless days", "9999999999999d", .duration, "needs a length of time, such as 30s, 10m, 1h or 60d"),
        Row("too short", "0s", .duration, "needs a length of time from 1s to 365d"),
        Row("too long a time", "366d", .duration, "needs a length of time from 1s to 365d"),
        Row("a known word", "green", .choice, "green"),
        Row("an unknown word", "s3cret", .choice, "needs one of red, green"),
        Row("a list for a mapping", "[a]", .mapping, "needs a mapping (key: value), not a list"),
        Row(
            "a misspelt key", "{ clientSecert: hunter2 }", .mapping,
            "clientSecert: unknown key; did you mean clientSecret?"),
        Row("a foreign key", "{ zzz: hunter2 }", .mapping, "zzz: unknown key; allowed are clientId, clientSecret"),
        Row("a mapping for a list", "{ a: b }", .elements, "needs a list, not a mapping"),
    ]

    @Test("A text is read as one only where it is one", arguments: strings)
    func readsStrings(_ row: Row) throws {
        try check(row)
    }

    @Test("Other values are read by their type and range", arguments: others)
    func readsOthers(_ row: Row) throws {
        try check(row)
    }

    @Test(
        "A problem repeats no value",
        arguments: [Accessor.bool, .int, .duration, .choice, .mapping, .elements, .strings])
    func repeatsNoValue(_ accessor: Accessor) throws {
        let root = try YAMLDocument.parse("hunter2", file: "t")
        var problems = YAMLProblems()
        #expect(outcome(accessor, root, &problems) == nil)
        #expect(!problems.isEmpty)
        #expect(!problems.description.contains("hunter2"))
    }

    @Test("A missing key is named at the mapping that lacks it")
    func missing() throws {
        let root = try YAMLDocument.parse("a:\n  b: 1\n", file: "t")
        var problems = YAMLProblems()
        let a = root.mapping(["a"], &problems)?["a"]?.mapping(["b", "c"], &problems)
        #expect(a?.required("c", &problems)?.location == nil)
        #expect(problems.description == "t:1: a: c is missing")
    }

    @Test("The keys of a mapping that may be a secret are not repeated")
    func secretiveKeys() throws {
        let root = try YAMLDocument.parse("{hunter2}", file: "t")
        var problems = YAMLProblems()
        _ = root.mapping(["file", "credential"], secretive: true, &problems)
        #expect(problems.description == "t:1: unknown key; allowed is file or credential")
    }

    @Test("A forbidden key is refused with the reason")
    func forbidden() throws {
        let root = try YAMLDocument.parse("a: 1\nb: 2\n", file: "t")
        var problems = YAMLProblems()
        root.mapping(["a", "b", "c"], &problems)?.forbid(["b", "c"], "not here", &problems)
        #expect(problems.description == "t:2: b: not here")
    }

    private func check(_ row: Row) throws {
        let root = try YAMLDocument.parse(row.text, file: "t")
        var problems = YAMLProblems()
        let outcome = outcome(row.accessor, root, &problems)
        if problems.isEmpty {
            #expect(outcome == row.outcome)
        } else {
            #expect(problems.problems.map(\.description) == ["t:1: \(row.outcome)"])
        }
    }

    private func outcome(_ accessor: Accessor, _ node: YAMLNode, _ problems: inout YAMLProblems) -> String? {
        switch accessor {
        case .string: node.string(&problems)
        case .nonEmpty: node.nonEmptyString(&problems)
        case .strings: node.strings(&problems)?.joined(separator: " ")
        case .bool: node.bool(&problems)?.description
        case .int: node.int(in: -5...100, &problems)?.description
        case .duration: node.duration(in: .seconds(1)...(.seconds(86_400 * 365)), &problems)?.description
        case .choice: node.choice(of: Colour.self, &problems)?.rawValue
        case .mapping: node.mapping(["clientId", "clientSecret"], &problems).map { _ in "a mapping" }
        case .elements: node.elements(&problems).map { "\($0.count) elements" }
        }
    }
}
