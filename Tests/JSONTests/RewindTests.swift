import JSON
import SecretBytes
import Testing

@Suite("Taking back what was written")
struct RewindTests {
    @Test("A rewound writer goes on as if nothing had been written")
    func rewinds() {
        let text = written { json in
            json.beginObject()
            json.member("kept", 1)
            let mark = json.mark
            json.key("dropped")
            json.beginArray()
            json.beginObject()
            json.rewind(to: mark)
            json.member("other", 2)
            json.endObject()
        }
        #expect(text == #"{"kept":1,"other":2}"#)
    }

    @Test("What is taken back is wiped")
    func wipes() {
        var json = JSONWriter(minimumCapacity: 256)
        json.beginArray()
        let mark = json.mark
        json.value(secret: Array("a secret".utf8).span)
        let dropped = unsafe json.withBytes(since: mark) { text in unsafe text.withUnsafeBytes { unsafe $0 } }
        #expect(unsafe dropped.elementsEqual("\"a secret\"".utf8))
        json.rewind(to: mark)
        #expect(unsafe dropped.allSatisfy { $0 == 0 })
        let length = json.length
        #expect(length == 1)
    }

    @Test("A rewind beyond the end does nothing")
    func beyond() {
        var json = JSONWriter()
        let start = json.mark
        json.value("abc")
        let end = json.mark
        json.rewind(to: start)
        json.rewind(to: end)
        let length = json.length
        #expect(length == 0)
        let rest = json.withBytes(since: end) { $0.count }
        #expect(rest == 0)
    }

    struct Slot: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let state: JSONWriter.SlotState
        let write: @Sendable (inout JSONWriter) -> Void

        init(_ name: String, _ state: JSONWriter.SlotState, _ write: @escaping @Sendable (inout JSONWriter) -> Void) {
            self.testDescription = name
            self.state = state
            self.write = write
        }
    }

    @Test(
        "A slot tells whether exactly one whole value was written into it",
        arguments: [
            Slot("nothing", .empty) { _ in },
            Slot("a number", .filled) { $0.value(1) },
            Slot("an empty object", .filled) { $0.object { _ in } },
            Slot("a nested array", .filled) {
                $0.array {
                    $0.value(1); $0.array { $0.value(2) }
                }
            },
            Slot("an object with members", .filled) {
                $0.object {
                    $0.member("a", 1); $0.member("b", 2)
                }
            },
            Slot("two values", .broken) {
                $0.value(1); $0.value(2)
            },
            Slot("two objects", .broken) {
                $0.object { _ in }; $0.object { _ in }
            },
            Slot("an open object", .broken) { $0.beginObject() },
            Slot("an end too many", .broken) { $0.endObject() },
            Slot("out and in again", .broken) {
                $0.endObject(); $0.beginObject()
            },
            Slot("out and into an array", .broken) {
                $0.endObject()
                $0.beginArray()
                $0.value(1)
            },
            Slot("an object taken back", .filled) {
                let mark = $0.mark
                $0.beginObject()
                $0.rewind(to: mark)
                $0.value(1)
            },
            Slot("a member without object", .broken) { $0.member("a", 1) },
            Slot("a key alone", .broken) { $0.key("a") },
            Slot("a long key alone", .broken) { $0.key("a key that is so long that it is written piece by piece") },
            Slot("a line", .broken) {
                $0.value(1); $0.endLine()
            },
        ])
    func slots(_ row: Slot) {
        var json = JSONWriter()
        json.beginObject()
        json.member("before", 1)
        json.key("slot")
        let mark = json.mark
        json.beginSlot()
        row.write(&json)
        let state = json.endSlot(since: mark)
        #expect(state == row.state)
        json.rewind(to: mark)
        json.beginSlot()
        json.value(2)
        let second = json.endSlot(since: mark)
        #expect(second == .filled)
        json.member("after", 3)
        json.endObject()
        let text = json.finish().withBytes { copy($0) }
        #expect(text == Array(#"{"before":1,"slot":2,"after":3}"#.utf8))
    }
}
