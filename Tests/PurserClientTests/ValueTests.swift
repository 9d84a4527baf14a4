import Testing

@testable import PurserClient

struct ValueTests {
    @Test func aValueIsWrittenInTheOrderOfItsLiteral() {
        let value: JSONValue = ["z": [1, 2.5, true, nil], "a": ["quote\"": "line\nend"]]
        #expect(value.description == #"{"z":[1,2.5,true,null],"a":{"quote\"":"line\nend"}}"#)
    }

    @Test func whatIsReadIsWrittenBack() throws {
        let text = #"{"z":[1,-2.5,true,null,"ü"],"a":{"b":[]}}"#
        #expect(try JSONValue(parsing: text).description == text)
    }

    @Test func objectsAreEqualInAnyOrder() {
        #expect(["a": 1, "b": 2] as JSONValue == ["b": 2, "a": 1])
        #expect(Set<JSONValue>([["a": 1, "b": 2], ["b": 2, "a": 1]]).count == 1)
        #expect(["a": 1, "b": 2] as JSONValue != ["a": 1, "b": 3])
        #expect(["a": 1, "b": 2] as JSONValue != ["a": 1])
    }

    @Test func theLaterOfTwoMembersWithOneKeyCounts() {
        #expect(["a": 1, "b": 2, "a": 3] as JSONValue == ["a": 3, "b": 2])
    }

    @Test func settingAMemberToNilRemovesItAndNullStays() {
        var object: JSONObject = ["a": 1, "b": 2]
        object["a"] = nil
        object["b"] = .null
        object["c"] = nil
        #expect(object.map(\.key) == ["b"])
        #expect(object["b"] == .null)
    }

    @Test func anAccessorOfAnotherKindGivesNil() {
        let values: [JSONValue] = [nil, true, 1, 1.5, "x", [1], ["k": 1]]
        #expect(values.map(\.isNull) == [true, false, false, false, false, false, false])
        #expect(values.map(\.bool) == [nil, true, nil, nil, nil, nil, nil])
        #expect(values.map(\.int) == [nil, nil, 1, nil, nil, nil, nil])
        #expect(values.map(\.double) == [nil, nil, 1, 1.5, nil, nil, nil])
        #expect(values.map(\.string) == [nil, nil, nil, nil, "x", nil, nil])
        #expect(values.map { $0[0] } == [nil, nil, nil, nil, nil, 1, nil])
        #expect(values.map { $0[1] } == [nil, nil, nil, nil, nil, nil, nil])
        #expect(values.map { $0["k"] } == [nil, nil, nil, nil, nil, nil, 1])
    }

    @Test(arguments: ["", "{", "{}x", #"{"a":1,"a":2}"#, "nul"])
    func textThatIsNoJSONIsAnError(_ text: String) {
        #expect(throws: PurserError.self) { try JSONValue(parsing: text) }
    }

    @Test func aValueThatJSONCannotHoldIsDescribedInWords() {
        #expect(JSONValue.double(.nan).description == "JSON has no number for nan")
    }

    static let durations: [(Duration, Int, Int)] = [
        (.zero, 0, 0), (.milliseconds(1), 1, 1), (.microseconds(1500), 2, 1), (.seconds(5), 5000, 5),
        (.milliseconds(5001), 5001, 6), (.milliseconds(-1), -1, 0), (.seconds(Int64.max), .max, .max),
        (.seconds(Int64.min), .min, .min),
    ]

    @Test(arguments: durations)
    func durationsAreRoundedUpAndNeverOverflow(_ duration: Duration, _ milliseconds: Int, _ seconds: Int) {
        #expect(duration.milliseconds == milliseconds)
        #expect(duration.wholeSeconds == seconds)
    }

    @Test func aTimestampReadsAndWritesRFC3339() throws {
        let timestamp = try #require(Timestamp(rfc3339: "2026-06-01T02:00:00.5+02:00"))
        #expect(timestamp.unixSeconds == 1_780_272_000)
        #expect(timestamp.description == "2026-06-01T00:00:00Z")
        #expect(timestamp < Timestamp(unixSeconds: 1_780_272_001))
        #expect(Timestamp(rfc3339: "yesterday") == nil)
        #expect(Timestamp(unixSeconds: .max).description == "9223372036854775807 s")
    }

    @Test func theTimeToTryAgainIsReadFromTheData() {
        func error(_ data: JSONObject) -> RPCError { RPCError(code: 1, name: .rateLimited, message: "m", data: data) }
        #expect(error(["retryAfterSeconds": 3]).retryAfter == .seconds(3))
        #expect(error(["retryAfterSeconds": "soon"]).retryAfter == nil)
        #expect(error(["retryAfterSeconds": 1e300]).retryAfter == nil)
        #expect(error([:]).retryAfter == nil)
    }
}
