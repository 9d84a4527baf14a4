import JSON
import Testing

@Suite("Keys of one object")
struct KeyTests {
    @Test(
        "The same key twice is refused, however it is written",
        arguments: [
            (#"{"a":1,"a":2}"#, 7),
            (#"{"a":1,"b":2,"a":3}"#, 13),
            (#"{"a":1,"\u0061":2}"#, 7),
            (#"{"\u0061":1,"a":2}"#, 12),
            (#"{"":1,"":2}"#, 6),
            (#"{"é":1,"\u00E9":2}"#, 8),
            (#"{"x":{"a":1,"b":[],"a":2}}"#, 19),
            (#"{"a":{"a":1},"a":{}}"#, 13),
        ])
    func duplicates(text: String, offset: Int) {
        #expect(failure(Array(text.utf8)) == JSONError(kind: .duplicateKey, offset: offset))
    }

    @Test(
        "Keys that only look alike are different",
        arguments: [
            #"{"a":1,"A":2}"#,
            #"{"e\u0301":1,"\u00e9":2}"#,
            #"{"a":1,"a ":2,"a\u0000":3}"#,
            #"{"ab":1,"ba":2,"aa":3,"bb":4}"#,
        ])
    func distinct(text: String) {
        #expect(failure(Array(text.utf8)) == nil)
    }

    @Test("A duplicate is found in objects of every size, wherever it stands", arguments: [2, 3, 15, 16, 17, 18, 200])
    func sizes(members: Int) {
        for first in Set([0, (members - 1) / 2, members - 2]) {
            for second in Set([first + 1, members - 1]) {
                let keys = (0..<members).map { $0 == second ? "key\(first)" : "key\($0)" }
                let text = "{" + keys.map { "\"\($0)\":[{\"key0\":0}]" }.joined(separator: ",") + "}"
                let offset = 1 + keys[..<second].reduce(0) { $0 + $1.utf8.count + 16 }
                #expect(failure(Array(text.utf8)) == JSONError(kind: .duplicateKey, offset: offset))
            }
        }
    }

    @Test("The first of several duplicates is the one that is reported")
    func first() {
        let keys = (0..<20).map { "k\($0)" } + ["k9", "k3", "k9"]
        let text = "{" + keys.map { "\"\($0)\":0" }.joined(separator: ",") + "}"
        let offset = 1 + keys[..<20].reduce(0) { $0 + $1.utf8.count + 5 }
        #expect(failure(Array(text.utf8)) == JSONError(kind: .duplicateKey, offset: offset))
    }

    @Test("60 000 keys with a long common beginning take less than quadratic time", .timeLimit(.minutes(1)))
    func many() throws {
        let keys = (0..<60_000).map { "\"the same long beginning \($0)\":\($0)" }
        let value = try parse("{" + keys.joined(separator: ",") + "}")
        #expect(value.count == 60_000)
        #expect(value["the same long beginning 59999"]?.int == 59_999)
    }
}
