import JSON
import SecretBytes
import Testing

@Suite("Writing JSON")
struct WriterTests {
    @Test("Members and elements get their commas, keys their colons")
    func containers() {
        let text = written { json in
            json.object { json in
                json.member("string", "s")
                json.member("variable", String(["v", "é"].joined()))
                json.member("none", Optional<String>.none)
                json.member("some", Optional("x"))
                json.member("int", -5)
                json.member("int64", Int64.min)
                json.member("uint64", UInt64.max)
                json.member("noInt", Optional<Int>.none)
                json.member("bool", true)
                json.member("double", 0.5)
                json.memberNull("null")
                json.memberObject("object") { $0.member("a", false) }
                json.memberObject("empty") { _ in }
                json.memberArray("array") { json in
                    json.value(1)
                    json.array { _ in }
                    json.null()
                    json.object { _ in }
                    json.value("a")
                }
                json.memberRaw("raw", Array("[1]".utf8).span)
                json.key(["dyn", "amic"].joined())
                json.value(0)
            }
        }
        #expect(
            text == #"{"string":"s","variable":"vé","none":null,"some":"x","int":-5,"int64":-9223372036854775808,"#
                + #""uint64":18446744073709551615,"noInt":null,"bool":true,"double":0.5,"null":null,"object":{"a":false},"#
                + #""empty":{},"array":[1,[],null,{},"a"],"raw":[1],"dynamic":0}"#)
    }

    @Test(
        "A string is escaped only where it must be",
        arguments: [
            ("", #""""#),
            ("plain", #""plain""#),
            ("\"", #""\"""#),
            ("\\", #""\\""#),
            ("a\"b\\c/d", #""a\"b\\c/d""#),
            ("\n\r\t\u{08}\u{0C}", #""\n\r\t\b\f""#),
            ("\u{00}\u{1F}\u{7F}", "\"\\u0000\\u001f\u{7F}\""),
            ("é€😀\u{2028}", "\"é€😀\u{2028}\""),
            ("seventeen bytes, \" and é more \n", #""seventeen bytes, \" and é more \n""#),
            ("éé\u{01}éé", #""éé\u0001éé""#),
        ])
    func escapes(text: String, expected: String) throws {
        #expect(written { $0.value(text) } == expected)
        #expect(written { $0.value(secret: Array(text.utf8).span) } == expected)
        let key = written { json in
            json.object {
                $0.key(text); $0.null()
            }
        }
        #expect(key == "{\(expected):null}")
        let back = try parse(expected)
        #expect(back.string == text)
    }

    @Test("A literal key is escaped too, short or long")
    func literalKeys() {
        let text = written { json in
            json.object { json in
                json.member("a\"b", 1)
                json.member("", 2)
                json.member("exactly thirty-two bytes of key.", 3)
                json.member("exactly thirty-three bytes of key", 4)
            }
        }
        #expect(
            text == #"{"a\"b":1,"":2,"exactly thirty-two bytes of key.":3,"exactly thirty-three bytes of key":4}"#)
    }

    @Test(
        "Bytes that are no UTF-8 become U+FFFD, and the output stays JSON",
        arguments: [
            ([0xFF], "\u{FFFD}"),
            ([0x61, 0x80, 0x62], "a\u{FFFD}b"),
            ([0xC3], "\u{FFFD}"),
            ([0xC3, 0x22], "\u{FFFD}\""),
            ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xC3, 0xA9, 0xE2, 0x82], "é\u{FFFD}\u{FFFD}"),
            ([0xF0, 0x9F, 0x98, 0x80, 0xF4, 0x90], "😀\u{FFFD}\u{FFFD}"),
        ] as [([UInt8], String)])
    func replaces(bytes: [UInt8], expected: String) throws {
        let text = writtenBytes { $0.value(secret: bytes.span) }
        let value = try parse(text)
        #expect(value.string == expected)
    }

    @Test("A secret goes into the output as it is")
    func secrets() {
        let token = SecretBytes(utf8: "gho_\"16C7\"")
        var json = JSONWriter()
        json.beginObject()
        json.member("accessToken", secret: token)
        token.withBytes { json.member("again", secret: $0) }
        json.endObject()
        let text = json.finish().withBytes { copy($0) }
        #expect(text == Array(#"{"accessToken":"gho_\"16C7\"","again":"gho_\"16C7\""}"#.utf8))
    }

    @Test("Numbers are written so that they read back the same")
    func numbers() throws {
        for int in [0, 1, -1, 9, 10, 99, 100, 1234567890, .max, .min] {
            #expect(written { $0.value(int) } == String(int))
        }
        for double in [0.1, -2.5, 1e300, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 3.0, -0.0] {
            let value = try parse(written { $0.value(double) })
            #expect(value.double == double)
        }
        for double in [Double.infinity, -.infinity, .nan] {
            #expect(written { $0.value(double) } == "null")
        }
    }

    @Test("A parsed value is written on one line, with its own numbers and escapes")
    func parsedValues() throws {
        let value = try parse("{ \"a\" : [ 1.0,\n\t1e2 ] ,\r\n \"b \\\" \\\\\" : \" x \\n \\\\\" , \"c\":{ } }")
        #expect(written { $0.value(value) } == #"{"a":[1.0,1e2],"b \" \\":" x \n \\","c":{}}"#)
        let scalar = try parse(" \" a\\u0020b \" ")
        #expect(written { json in json.object { $0.member("v", scalar) } } == #"{"v":" a\u0020b "}"#)
    }

    @Test("A buffer is continued and given back")
    func continues() {
        var buffer = SecretBuffer()
        buffer.append("first\n")
        var json = JSONWriter(appendingTo: buffer)
        json.value(1)
        json.endLine()
        json.beginArray()
        json.endArray()
        json.endLine()
        let bytes = json.finish().withBytes { copy($0) }
        #expect(String(decoding: bytes, as: UTF8.self) == "first\n1\n[]\n")
    }
}
