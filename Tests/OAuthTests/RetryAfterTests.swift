import OAuth
import Testing

@Suite("When to ask again")
struct RetryAfterTests {
    @Test(
        "All three forms of an HTTP date are read",
        arguments: [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        ])
    func dates(text: String) {
        #expect(HTTPDate.seconds(text, now: now) == 784_111_777)
    }

    @Test(
        "Dates count from 1970 over leap years",
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Tue, 29 Feb 2000 23:59:60 GMT", 951_868_800),
            ("Fri, 21 Nov 2025 00:00:00 GMT", now), ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
        ])
    func epochs(text: String, seconds: Int64) {
        #expect(HTTPDate.seconds(text, now: now) == seconds)
    }

    @Test(
        "A year of two digits is at most 50 years ahead",
        arguments: [
            ("Sunday, 06-Nov-75 08:49:37 GMT", Int64(3_340_255_777)), ("Sunday, 06-Nov-76 08:49:37 GMT", 216_118_177),
        ])
    func shortYears(text: String, seconds: Int64) {
        #expect(HTTPDate.seconds(text, now: now) == seconds)
    }

    @Test(
        "What is no HTTP date is none",
        arguments: [
            "", "Sun, 06 Nov 1994 08:49:37 PST", "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT", "1994-11-06T08:49:37Z",
            "Sun, -6 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT", String(repeating: "9", count: 100),
        ])
    func nonsense(text: String) {
        #expect(HTTPDate.seconds(text, now: now) == nil)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var field: String?
        var date: String?
        var expected: Duration?
    }

    @Test(
        "The wait is what the server means by its own clock, and never more than a day",
        arguments: [
            Row(testDescription: "absent"),
            Row(testDescription: "seconds", field: "120", expected: .seconds(120)),
            Row(testDescription: "blanks around", field: " 7\t", expected: .seconds(7)),
            Row(testDescription: "zero", field: "0", expected: .zero),
            Row(testDescription: "more than a day", field: "86401", expected: .seconds(86_400)),
            Row(testDescription: "more than 64 bits", field: "99999999999999999999999", expected: .seconds(86_400)),
            Row(testDescription: "negative", field: "-5"),
            Row(testDescription: "a fraction", field: "1.5"),
            Row(testDescription: "empty", field: ""),
            Row(testDescription: "a word", field: "soon"),
            Row(
                testDescription: "a date against the server's clock, an hour off ours",
                field: "Fri, 21 Nov 2025 01:02:00 GMT",
                date: "Fri, 21 Nov 2025 01:00:00 GMT", expected: .seconds(120)),
            Row(
                testDescription: "a date against our clock", field: "Fri, 21 Nov 2025 00:00:30 GMT",
                expected: .seconds(30)),
            Row(testDescription: "a date gone by", field: "Sun, 06 Nov 1994 08:49:37 GMT", expected: .zero),
            Row(testDescription: "a date far ahead", field: "Sun Nov  6 08:49:37 2094", expected: .seconds(86_400)),
            Row(
                testDescription: "an unreadable Date field", field: "Friday, 21-Nov-25 00:00:10 GMT", date: "yesterday",
                expected: .seconds(10)),
        ])
    func waits(row: Row) {
        #expect(RetryAfter.duration(row.field, date: row.date, now: now) == row.expected)
    }
}
