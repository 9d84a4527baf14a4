import SecretBytes
import Testing
import VaultExport

@Suite("An export of the vault")
struct ExportTests {
    struct Record: Equatable {
        var kind: UInt8
        var key: [UInt8]
        var payload: [UInt8]
    }

    static let secret = "0123456789abcdef0123456789abcdef"
    static let salt = (0..<32).map { UInt8($0) }

    static func sealed(_ records: [Record], secret: String = secret) throws -> String {
        var writer = ExportWriter(key: try ExportKey(SecretBytes(utf8: secret)), salt: salt)
        for record in records { writer.append(kind: record.kind, key: record.key.span, payload: record.payload.span) }
        return writer.finish().joined(separator: "\n") + "\n"
    }

    static func opened(_ text: String, secret: String = secret) throws(ExportError) -> [Record] {
        var records: [Record] = []
        try ExportReader.read(Array(text.utf8).span, key: try ExportKey(SecretBytes(utf8: secret))) {
            kind, key, payload in
            records.append(
                Record(kind: kind, key: key.indices.map { key[$0] }, payload: payload.indices.map { payload[$0] }))
        }
        return records
    }

    /// Enough for several chunks, with records of every awkward length.
    static let records: [Record] =
        [0, 1, 65_529, 65_530, 65_531, 100, 262_144].enumerated().map { number, length in
            Record(
                kind: UInt8(number), key: Array("con_\(number)".utf8),
                payload: (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) })
        } + [
            Record(kind: 9, key: [], payload: []), Record(kind: 9, key: Array(repeating: 7, count: 255), payload: [1]),
        ]

    @Test("What was sealed comes back, in order", arguments: [0, 1, 3, records.count])
    func roundTrip(_ count: Int) throws {
        let records = Array(Self.records.prefix(count))
        guard count > 0 else {
            #expect(try Self.opened(Self.sealed([])) == [])
            return
        }
        #expect(try Self.opened(Self.sealed(records)) == records)
    }

    @Test("A record that ends just where a chunk does")
    func exactChunk() throws {
        let exact = [Record(kind: 1, key: [], payload: Array(repeating: 5, count: 65_536 - 6))]
        let text = try Self.sealed(exact)
        #expect(text.split(separator: "\n").count == 2)
        #expect(try Self.opened(text) == exact)
        #expect(try Self.opened(Self.sealed(exact + exact)) == exact + exact)
    }

    /// FORMAT.md, followed by hand with another implementation (Python's cryptography): HKDF, ChaCha20-Poly1305 with nonce
    /// 00…01.
    @Test("The bytes are those that the format says")
    func knownText() throws {
        let text = try Self.sealed([Record(kind: 4, key: Array("k".utf8), payload: Array("secret".utf8))])
        #expect(text == Self.knownText)
        #expect(try Self.opened(text).first?.payload == Array("secret".utf8))
    }

    @Test("The key is any secret of 32 bytes or more, and a shorter one is refused")
    func keyLength() throws {
        #expect(throws: ExportError.keyTooShort(31)) {
            _ = try ExportKey(SecretBytes(utf8: String(Self.secret.dropLast())))
        }
        let long = String(repeating: "k", count: 200)
        #expect(try Self.opened(Self.sealed(Self.records, secret: long), secret: long) == Self.records)
    }

    @Test("Another key opens nothing")
    func otherKey() throws {
        let text = try Self.sealed(Self.records)
        #expect(throws: ExportError.cannotBeOpened(line: 2)) {
            try Self.opened(text, secret: Self.secret.replacingOccurrences("0", "1"))
        }
    }

    @Test("Lines that are missing, exchanged or repeated are noticed, and give no record")
    func lines() throws {
        let lines = try Self.sealed(Self.records).split(separator: "\n").map(String.init)
        try #require(lines.count > 5)
        var count = 0
        for index in 1..<lines.count {
            var shorter = lines
            shorter.remove(at: index)
            var swapped = lines
            swapped.swapAt(index, index == 1 ? 2 : index - 1)
            var repeated = lines
            repeated.insert(lines[index], at: index)
            for changed in [shorter, swapped, repeated, Array(lines[..<index])] {
                count += 1
                #expect(throws: ExportError.self) { try Self.opened(changed.joined(separator: "\n") + "\n") }
            }
        }
        #expect(count == 4 * (lines.count - 1))
    }

    @Test("Any byte changed, or the end cut off, is noticed", arguments: 0..<64)
    func damage(_ seed: Int) throws {
        let text = Array(try Self.sealed(Array(Self.records.prefix(2))).utf8)
        var changed = text
        let place = seed * 131 % text.count
        changed[place] = changed[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        #expect(throws: ExportError.self) { try Self.opened(String(decoding: changed, as: UTF8.self)) }
        // A line end at the end may be missing, and nothing else.
        let cut = text.dropLast(2 + seed % (text.count - 2))
        #expect(throws: ExportError.self) { try Self.opened(String(decoding: cut, as: UTF8.self)) }
    }

    @Test(
        "What is no export, or one of another version, is told apart",
        arguments: [
            ("", ExportError.notAnExport), ("\n", .notAnExport), ("purser-export/1\nAAAA\n", .notAnExport),
            ("purser-export/1 AAAA\nAAAA\n", .notAnExport), ("purser-export/2 AAAA\n", .unsupportedVersion("2")),
            ("purser-export/\u{1b}[2J AAAA\n", .notAnExport), ("{\"jsonrpc\":\"2.0\"}\n", .notAnExport),
            ("purser-export/1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", .cannotBeOpened(line: 2)),
        ])
    func foreign(_ text: String, _ error: ExportError) {
        #expect(throws: error) { try Self.opened(text) }
    }
}

extension String {
    fileprivate func replacingOccurrences(_ old: Character, _ new: Character) -> String {
        String(map { $0 == old ? new : $0 })
    }
}

extension ExportTests {
    fileprivate static let knownText = """
        purser-export/1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
        K6EbaqHWtv8uqPy7Pt1JIKgvNAPTCBuV4RFQLFQ=

        """
}
