import JSON
import Testing

@Suite("Numbers")
struct NumberTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        let int: Int?
        let double: Double?
        var testDescription: String { text }

        init(_ text: String, _ int: Int?, _ double: Double?) {
            self.text = text
            self.int = int
            self.double = double
        }
    }

    @Test(
        "A number is an Int only if it is written as one and fits",
        arguments: [
            Row("0", 0, 0),
            Row("-0", 0, 0),
            Row("7", 7, 7),
            Row("-12", -12, -12),
            Row("9223372036854775807", .max, 9_223_372_036_854_775_808),
            Row("9223372036854775808", nil, 9_223_372_036_854_775_808),
            Row("-9223372036854775808", .min, -9_223_372_036_854_775_808),
            Row("-9223372036854775809", nil, -0x1p63),
            Row("100000000000000000000000000", nil, 1e26),
            Row("5.0", nil, 5),
            Row("5e0", nil, 5),
            Row("1E2", nil, 100),
            Row("1e+2", nil, 100),
            Row("25e-1", nil, 2.5),
            Row("0.1", nil, 0.1),
            Row("-0.0", nil, 0),
            Row("0e99", nil, 0),
            Row("1e308", nil, 1e308),
            Row("1e309", nil, nil),
            Row("-1e999999", nil, nil),
            Row("1e-999999", nil, 0),
            Row("5e-324", nil, .leastNonzeroMagnitude),
        ])
    func values(_ row: Row) throws {
        let value = try parse(row.text)
        #expect(value.kind == .number)
        #expect(value.int == row.int)
        #expect(value.double == row.double)
        #expect(value.withRawJSON { copy($0) } == Array(row.text.utf8))
    }

    @Test(
        "What the grammar does not allow is no number",
        arguments: [
            ("-", JSONError.Kind.unexpectedEnd, 1),
            ("-a", .invalidNumber, 1),
            ("--1", .invalidNumber, 1),
            ("+1", .expectedValue, 0),
            (".5", .expectedValue, 0),
            ("-.5", .invalidNumber, 1),
            ("01", .invalidNumber, 1),
            ("-01", .invalidNumber, 2),
            ("00", .invalidNumber, 1),
            ("1.", .unexpectedEnd, 2),
            ("1.e5", .invalidNumber, 2),
            ("1.5.", .trailingBytes, 3),
            ("1e", .unexpectedEnd, 2),
            ("1e+", .unexpectedEnd, 3),
            ("1e+-1", .invalidNumber, 3),
            ("1ee1", .invalidNumber, 2),
            ("0x10", .trailingBytes, 1),
            ("1_000", .trailingBytes, 1),
            ("[1a]", .expectedCommaOrEnd, 2),
        ])
    func grammar(text: String, kind: JSONError.Kind, offset: Int) {
        #expect(failure(Array(text.utf8)) == JSONError(kind: kind, offset: offset))
    }

    @Test("A number of a million digits is read, and is no Int")
    func long() throws {
        let value = try parse(String(repeating: "9", count: 1 << 20))
        #expect(value.int == nil)
        #expect(value.double == nil)
    }

    @Test("Only a number gives a number", arguments: ["\"1\"", "true", "null", "[1]", "{}"])
    func others(text: String) throws {
        let value = try parse(text)
        #expect(value.int == nil)
        #expect(value.double == nil)
    }
}
