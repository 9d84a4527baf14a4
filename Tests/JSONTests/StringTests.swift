import JSON
import SecretBytes
import Testing

@Suite("Strings")
struct StringTests {
    @Test(
        "Escapes stand for their characters",
        arguments: [
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{08}\u{0C}\n\r\t"),
            (#""\u0041\u00e9\u20AC\uD83D\uDE00""#, "Aé€😀"),
            (#""\u0000""#, "\u{00}"),
            (#""\uFFFF\uE000\uD7FF""#, "\u{FFFF}\u{E000}\u{D7FF}"),
            (#""\uDBFF\uDFFF""#, "\u{10FFFF}"),
            (#""a\nb\nc""#, "a\nb\nc"),
            (#""plain é€😀 text \\ and more plain text after it""#, "plain é€😀 text \\ and more plain text after it"),
            (#""\\u0041""#, "\\u0041"),
        ])
    func escapes(text: String, expected: String) throws {
        let value = try parse(text)
        #expect(value.string == expected)
        #expect(value.withString { copy($0) } == Array(expected.utf8))
        #expect(value.utf8Count == expected.utf8.count)
        #expect(value.withRawJSON { copy($0) } == Array(text.utf8))
    }

    @Test(
        "Half a surrogate pair is refused",
        arguments: [
            (#""\uD800""#, 1),
            (#""\uDC00""#, 1),
            (#""ab\uD83Dx""#, 3),
            (#""\uD83D\n""#, 1),
            (#""\uD83D\uD83D""#, 1),
            (#""\uD83D\u0041""#, 1),
            (#""\uDE00\uD83D""#, 1),
            (#""\uD83D\"#, 1),
            (#""\uD83D"#, 1),
        ])
    func surrogates(text: String, offset: Int) {
        #expect(failure(Array(text.utf8)) == JSONError(kind: .loneSurrogate, offset: offset))
    }

    @Test(
        "What is no escape is refused",
        arguments: [
            (#""\x41""#, 1), (#""\'""#, 1), (#""\ ""#, 1), (#""\U0041""#, 1), (#""a\0""#, 2),
            (#""\u004""#, 6), (#""\u00G1""#, 5), (#""\u-041""#, 3), (#""\u 041""#, 3),
        ])
    func invalidEscapes(text: String, offset: Int) {
        #expect(failure(Array(text.utf8)) == JSONError(kind: .invalidEscape, offset: offset))
    }

    @Test("Control characters must be escaped, at any place in a word")
    func controls() {
        for control in UInt8(0)..<0x20 {
            for padding in [0, 1, 7, 8, 9, 20] {
                let text = [UInt8(ascii: "\"")] + Array(repeating: UInt8(ascii: "x"), count: padding) + [control, 0x22]
                #expect(failure(text) == JSONError(kind: .controlCharacter, offset: padding + 1))
            }
        }
        #expect(failure([0x22, 0x7F, 0x22]) == nil)
    }

    @Test(
        "Bytes that are not well-formed UTF-8 are refused",
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x9F, 0xBF], [0xE0, 0x80, 0x80],
            [0xE2, 0x82], [0xE2, 0x82, 0x41], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF0, 0x9F, 0x98], [0xF0, 0x9F, 0x98, 0x41], [0xE2, 0x82, 0xC0], [0xF0, 0x9F, 0xC0, 0x80],
            [0xF0, 0x9F, 0x98, 0xC0], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE],
            [0xFF],
        ] as [[UInt8]])
    func invalidUTF8(bytes: [UInt8]) {
        for padding in [0, 5, 8] {
            let start = [0x22] + Array(repeating: UInt8(ascii: "y"), count: padding)
            #expect(failure(start + bytes + [0x22]) == JSONError(kind: .invalidUTF8, offset: padding + 1))
            #expect(failure(start + bytes)?.offset == padding + 1)
        }
        #expect(failure([0x22, 0x5C, 0x6E] + bytes + [0x22])?.kind == .invalidUTF8)
        #expect(failure([0x7B, 0x22] + bytes + Array("\":1}".utf8))?.kind == .invalidUTF8)
    }

    @Test("The first and the last character of each length are accepted")
    func boundaries() throws {
        for character in "\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}\u{D7FF}\u{E000}".unicodeScalars {
            let value = try parse("\"\(character)\"")
            #expect(value.string == String(character))
        }
    }

    @Test(
        "A secret is given as wiped bytes, and only a string gives one",
        arguments: [
            (#""gho_abc""#, "gho_abc"), (#""gho\u005fabc""#, "gho_abc"), ("1", nil), ("null", nil), ("[]", nil),
        ])
    func secrets(text: String, expected: String?) throws {
        let value = try parse(text)
        switch value.secret() {
        case .some(let secret):
            let isSame = secret.isEqual(to: SecretBytes(utf8: expected ?? "none"))
            #expect(isSame)
        case .none: #expect(expected == nil)
        }
    }

    @Test(
        "Strings compare with literals by their value",
        arguments: [
            (#""id""#, true), (#""\u0069d""#, true), (#""ID""#, false), (#""i""#, false), (#""idx""#, false),
            ("1", false),
        ])
    func equality(text: String, expected: Bool) throws {
        let value = try parse(text)
        #expect(value.equals("id") == expected)
    }
}
