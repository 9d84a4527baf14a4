import NIOCore
import RecordSealing
import SecretBytes
import TLSRecords
import Testing

@Suite("Opening the records of TLS 1.3")
struct TLSRecordOpenerTests {
    @Test("Each cipher suite, in pieces of every size", arguments: RecordSealer.Suite.allCases)
    func pieces(suite: RecordSealer.Suite) throws {
        var sealer = RecordSealer(suite)
        let records = sealer.seal("ab") + sealer.seal("") + sealer.seal("c", padding: 7) + sealer.seal(.alert, [1, 0])
        for size in 1...records.count {
            let reading = try Reading(sealer.secret)
            var said = ""
            for start in stride(from: 0, to: records.count, by: size) {
                #expect(!reading.isAtEnd)
                said += reading.open(records[start..<min(start + size, records.count)])
            }
            #expect(said == "abc", "\(size)")
            #expect(reading.isAtEnd && !reading.isBroken, "\(size)")
        }
    }

    @Test("The trace of RFC 8448, section 3: a ticket before, application data, the closing alert")
    func publishedTrace() throws {
        let secret = bytes("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643")
        let data = bytes(
            "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8fcc49c4bf2e5"
                + "f0a21c0047c2abf332540dd032e167c2955d")
        let alert = bytes("1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9")
        let reading = try Reading(secret)
        #expect(Array(reading.open(data).utf8) == Array(0...0x31))
        #expect(!reading.isAtEnd && !reading.isBroken)
        #expect(reading.open(alert) == "")
        #expect(reading.isAtEnd && !reading.isBroken)
    }

    @Test("Records that were seen by nobody may come before, but not for ever", arguments: RecordSealer.Suite.allCases)
    func missed(suite: RecordSealer.Suite) throws {
        for sequence in UInt64(0)...64 {
            var sealer = RecordSealer(suite, sequence: sequence)
            let records = sealer.seal("ab") + sealer.seal("c")
            let reading = try Reading(sealer.secret)
            let said = reading.open(records)
            #expect(said == (sequence < 64 ? "abc" : ""), "\(sequence)")
            #expect(reading.isBroken == (sequence == 64), "\(sequence)")
        }
    }

    @Test(
        "What comes first may be the rest of a record, wherever that was cut", arguments: RecordSealer.Suite.allCases)
    func beginsInRecord(suite: RecordSealer.Suite) throws {
        var sealer = RecordSealer(suite)
        let ticket = sealer.seal(.handshake, [4] + Array(repeating: 7, count: 60))
        let records = sealer.seal(.handshake, [4, 0]) + sealer.seal("a") + sealer.seal("b")
        for cut in 0...ticket.count {
            for size in [1, 7, 1000] {
                let stream = ticket.dropFirst(cut) + records
                let reading = try Reading(sealer.secret, mayBeginInRecord: true)
                var said = ""
                for start in stride(from: stream.startIndex, to: stream.endIndex, by: size) {
                    said += reading.open(stream[start..<min(start + size, stream.endIndex)])
                }
                #expect(said == "ab", "\(cut), \(size)")
            }
        }
    }

    @Test("No more than one record's rest is passed over, and only at the beginning")
    func seeksNoFurther() throws {
        var sealer = RecordSealer(.aes128)
        let said = sealer.seal("a")
        let longest = 5 + (1 << 14) + 256
        for (count, expected) in [(longest, "a"), (longest + 1, "")] {
            let reading = try Reading(sealer.secret, mayBeginInRecord: true)
            #expect(reading.open([UInt8](repeating: 7, count: count) + said) == expected)
            #expect(reading.isBroken == expected.isEmpty)
        }
        let reading = try Reading(sealer.secret, mayBeginInRecord: true)
        #expect(reading.open(said + [7, 7, 7, 0, 17] + [UInt8](repeating: 7, count: 17)) == "a")
        #expect(reading.isBroken)
    }

    @Test("One record that is missing in between is the end of it")
    func gap() throws {
        var sealer = RecordSealer(.aes128)
        let first = sealer.seal("a")
        _ = sealer.seal("b")
        let reading = try Reading(sealer.secret)
        #expect(reading.open(first + sealer.seal("c")) == "a")
        #expect(reading.isBroken)
    }

    @Test("Tickets say nothing, before and between")
    func tickets() throws {
        var sealer = RecordSealer(.aes256)
        let ticket: [UInt8] = [4, 0, 0, 1, 0]
        let records =
            sealer.seal(.handshake, ticket) + sealer.seal(.handshake, ticket, padding: 3) + sealer.seal("a")
            + sealer.seal(.handshake, ticket) + sealer.seal("b")
        let reading = try Reading(sealer.secret)
        #expect(reading.open(records) == "ab")
        #expect(!reading.isBroken)
    }

    @Test("After the closing alert, nothing is read")
    func afterEnd() throws {
        var sealer = RecordSealer(.chaCha)
        let records = sealer.seal("a") + sealer.seal(.alert, [1, 0]) + sealer.seal("b")
        let reading = try Reading(sealer.secret)
        #expect(reading.open(records) == "a")
        #expect(reading.open(sealer.seal("c")) == "")
        #expect(reading.isAtEnd && !reading.isBroken)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var record: @Sendable (inout RecordSealer) -> [UInt8]

        init(_ testDescription: String, _ record: @escaping @Sendable (inout RecordSealer) -> [UInt8]) {
            self.testDescription = testDescription
            self.record = record
        }
    }

    @Test(
        "What cannot be read ends it, and takes nothing of what was said before",
        arguments: [
            Row("another alert") { $0.seal(.alert, [2, 40]) },
            Row("a change of keys") { $0.seal(.handshake, [24, 0, 0, 1, 0]) },
            Row("a handshake message of no length") { $0.seal(.handshake, []) },
            Row("a type that there is none of") { $0.seal(RecordSealer.Content(rawValue: 24), [1]) },
            Row("padding alone") { $0.seal(RecordSealer.Content(rawValue: 0), []) },
            Row("a tag that is not whole") { _ in [23, 3, 3, 0, 15] + [UInt8](repeating: 7, count: 15) },
            Row("no length") { _ in [23, 3, 3, 0, 0] },
            Row("garbage") { _ in [23, 3, 3, 0, 32] + [UInt8](repeating: 7, count: 32) },
            Row("a length over the bound") { _ in [23, 3, 3, 0x41, 0x01] },
            Row("another header than was sealed") { sealer in
                var record = sealer.seal("x")
                record[0] = 22
                return record
            },
            Row("a byte changed") { sealer in
                var record = sealer.seal("x")
                record[5] ^= 1
                return record
            },
        ])
    func broken(row: Row) throws {
        for suite in RecordSealer.Suite.allCases {
            var sealer = RecordSealer(suite)
            let said = sealer.seal("said")
            let record = row.record(&sealer)
            var reading = try Reading(sealer.secret)
            // In one piece, in two, and with nothing before.
            #expect(reading.open(said + record) == "said")
            #expect(reading.isBroken && !reading.isAtEnd)
            #expect(reading.open(sealer.seal("more")) == "")
            #expect(reading.isBroken)
            reading = try Reading(sealer.secret)
            #expect(reading.open(said) == "said")
            #expect(!reading.isBroken)
            #expect(reading.open(record) == "")
            #expect(reading.isBroken && !reading.isAtEnd)
            sealer = RecordSealer(suite)
            reading = try Reading(sealer.secret)
            #expect(reading.open(row.record(&sealer)) == "")
            #expect(reading.isBroken && !reading.isAtEnd)
        }
    }

    @Test("The longest record there may be")
    func longest() throws {
        let text = String(repeating: "x", count: 1 << 14)
        var sealer = RecordSealer(.aes128)
        let record = sealer.seal(text, padding: 256 - 16 - 1)
        #expect(record.count == 5 + (1 << 14) + 256)
        let reading = try Reading(sealer.secret)
        #expect(reading.open(record.dropLast()) == "")
        #expect(!reading.isBroken)
        #expect(reading.open(record.suffix(1)) == text)
    }

    @Test("A secret of no cipher suite's length opens nothing", arguments: [0, 31, 33, 47, 64])
    func lengths(count: Int) {
        #expect(throws: TLSRecordOpener.Broken.self) { try Reading([UInt8](repeating: 5, count: count)) }
    }

    @Test("Nor does another connection's", arguments: RecordSealer.Suite.allCases)
    func otherSecret(suite: RecordSealer.Suite) throws {
        var sealer = RecordSealer(suite)
        let other = sealer.secret.map { $0 ^ 1 }
        let reading = try Reading(other)
        #expect(reading.open(sealer.seal("x")) == "")
        #expect(reading.isBroken)
    }
}

/// An opener, and what it says as text.
private final class Reading {
    private var opener: TLSRecordOpener

    init(_ secret: [UInt8], mayBeginInRecord: Bool = false) throws {
        let secret = SecretBytes(copying: secret.span)
        guard let opener = TLSRecordOpener(secret, mayBeginInRecord: mayBeginInRecord) else {
            throw TLSRecordOpener.Broken()
        }
        self.opener = opener
    }

    var isAtEnd: Bool { opener.isAtEnd }
    var isBroken: Bool { opener.isBroken }

    func open(_ bytes: some Sequence<UInt8>) -> String {
        String(buffer: opener.open(ByteBuffer(bytes: bytes)))
    }
}

/// Hexadecimal digits as bytes.
private func bytes(_ hex: String) -> [UInt8] {
    let digits = hex.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
