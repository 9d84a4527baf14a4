import JSON
import Testing

@Suite("Reading JSON strictly")
struct ParserTests {
    struct Accepted: Sendable, CustomTestStringConvertible {
        let text: String
        let tree: JSONTree
        var testDescription: String { text }

        init(_ text: String, _ tree: JSONTree) {
            self.text = text
            self.tree = tree
        }
    }

    @Test(
        "A valid text gives its value",
        arguments: [
            Accepted("null", nil),
            Accepted("true", true),
            Accepted(" false\n", false),
            Accepted("\t\r\n 0 \t\r\n ", 0),
            Accepted("[]", []),
            Accepted("[ ]", []),
            Accepted("{}", [:]),
            Accepted("{\n}", [:]),
            Accepted("\"\"", ""),
            Accepted("[[],{},[[]]]", [[], [:], [[]]]),
            Accepted("[1 , 2,3]", [1, 2, 3]),
            Accepted(#"{"a":1,"b":{"c":[true,null]},"":""}"#, ["a": 1, "b": ["c": [true, nil]], "": ""]),
            Accepted(#"{ "a" : { "a" : 1 } , "A" : 2 }"#, ["a": ["a": 1], "A": 2]),
            Accepted(#"[{"k":1},{"k":2}]"#, [["k": 1], ["k": 2]]),
            Accepted(#"{"a":"x","b":["a","a"]}"#, ["a": "x", "b": ["a", "a"]]),
        ])
    func accepts(_ row: Accepted) throws {
        let value = try parse(row.text)
        #expect(JSONTree(value) == row.tree)
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let text: String
        let kind: JSONError.Kind
        let offset: Int
        var testDescription: String { text }

        init(_ text: String, _ kind: JSONError.Kind, at offset: Int) {
            self.text = text
            self.kind = kind
            self.offset = offset
        }
    }

    @Test(
        "What RFC 8259 does not allow is refused, with the place",
        arguments: [
            Refused("", .unexpectedEnd, at: 0),
            Refused("  ", .unexpectedEnd, at: 2),
            Refused("\u{FEFF}null", .expectedValue, at: 0),
            Refused("nul", .expectedValue, at: 0),
            Refused("nulL", .expectedValue, at: 0),
            Refused("True", .expectedValue, at: 0),
            Refused("NaN", .expectedValue, at: 0),
            Refused("Infinity", .expectedValue, at: 0),
            Refused("'a'", .expectedValue, at: 0),
            Refused("// c\n1", .expectedValue, at: 0),
            Refused("1 2", .trailingBytes, at: 2),
            Refused("nulll", .trailingBytes, at: 4),
            Refused("[] ]", .trailingBytes, at: 3),
            Refused("{}{}", .trailingBytes, at: 2),
            Refused("1\u{00}", .trailingBytes, at: 1),
            Refused("1\u{0B}", .trailingBytes, at: 1),
            Refused("[", .unexpectedEnd, at: 1),
            Refused("[1", .unexpectedEnd, at: 2),
            Refused("[1,", .unexpectedEnd, at: 3),
            Refused("[1,]", .expectedValue, at: 3),
            Refused("[,1]", .expectedValue, at: 1),
            Refused("[1 2]", .expectedCommaOrEnd, at: 3),
            Refused("[1}", .expectedCommaOrEnd, at: 2),
            Refused("]", .expectedValue, at: 0),
            Refused("{", .unexpectedEnd, at: 1),
            Refused("{]", .expectedKey, at: 1),
            Refused("{1:2}", .expectedKey, at: 1),
            Refused("{a:2}", .expectedKey, at: 1),
            Refused(#"{"a"}"#, .expectedColon, at: 4),
            Refused(#"{"a",1}"#, .expectedColon, at: 4),
            Refused(#"{"a":}"#, .expectedValue, at: 5),
            Refused(#"{"a":1,}"#, .expectedKey, at: 7),
            Refused(#"{"a":1 "b":2}"#, .expectedCommaOrEnd, at: 7),
            Refused(#"{"a":1]"#, .expectedCommaOrEnd, at: 6),
            Refused(#"{"a":1:2}"#, .expectedCommaOrEnd, at: 6),
            Refused(#"[{"a":[1}]"#, .expectedCommaOrEnd, at: 8),
        ])
    func refuses(_ row: Refused) {
        let error = failure(Array(row.text.utf8))
        #expect(error == JSONError(kind: row.kind, offset: row.offset))
    }

    @Test("Every prefix of a valid text is refused, and leaves the document empty")
    func prefixes() throws {
        let text = #"{"id":-12.5e+3,"é\u00e9":["\ud83d\ude00\n",true,false,null,{}],"z":[0]}"#
        let bytes = Array(text.utf8)
        _ = try parse(bytes)
        let document = JSONDocument()
        for length in bytes.indices {
            try document.parse(bytes.span)
            #expect(throws: JSONError.self) { try document.parse(bytes.span.extracting(..<length)) }
            #expect(document.root.isNull)
            #expect(document.root.withRawJSON { $0.count } == 0)
        }
    }

    @Test("Every single byte is accepted only as a digit")
    func singleBytes() {
        for byte in UInt8.min ... .max {
            #expect((failure([byte]) == nil) == (0x30...0x39).contains(byte))
        }
    }

    @Test("An error says what and where, and nothing of the text")
    func description() {
        let error = failure(Array(#"{"token":"s3cret"x}"#.utf8))
        #expect(error?.description == "expected ',' or the end of the object or array at byte 17")
        for kind in JSONError.Kind.allCases {
            let text = JSONError(kind: kind, offset: 3).description
            #expect(text.hasSuffix(" at byte 3"))
            #expect(text.utf8.count > 20)
        }
    }
}
