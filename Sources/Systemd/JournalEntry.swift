internal import Glibc

/// One entry of the journal as its fields, `NAME=value` each (systemd.journal-fields(7)).
package struct JournalEntry: Sendable, Equatable {
    private var bytes: [UInt8] = []
    private var ranges: [Range<Int>] = []

    package init() {}

    /// Adds a field. `name` must be one the journal takes; ``fieldName(for:)`` makes such names.
    package mutating func add(_ name: String, _ value: String) {
        let start = bytes.count
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: "="))
        bytes.append(contentsOf: value.utf8)
        ranges.append(start..<bytes.count)
    }

    /// The fields as text, in the order they were added.
    package var fields: [String] {
        ranges.map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    /// The journal's name for a metadata key: upper case under the prefix `PURSER_`, words parted by underscores
    /// (`connectionId` is `PURSER_CONNECTION_ID`), at most the 64 characters that the journal takes.
    package static func fieldName(for key: String) -> String {
        var name = "PURSER_"
        var endsInLowercase = false
        for byte in key.utf8 where name.utf8.count < 64 {
            let isCapital = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            if isCapital, endsInLowercase { name.append("_") }
            name.unicodeScalars.append(capital(byte))
            endsInLowercase = !isCapital && name.last != "_"
        }
        return String(name.prefix(64))
    }

    private static func capital(_ byte: UInt8) -> Unicode.Scalar {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): Unicode.Scalar(byte - 0x20)
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): Unicode.Scalar(byte)
        default: "_"
        }
    }

    /// Lends the fields in the form that sd_journal_sendv(3) takes.
    func withVectors<Result>(_ body: (UnsafeBufferPointer<iovec>) -> Result) -> Result {
        unsafe bytes.withUnsafeBytes { storage in
            let vectors = unsafe ranges.map { range in
                // The journal only reads: iovec has no constant form.
                unsafe iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: storage.baseAddress?.advanced(by: range.lowerBound)),
                    iov_len: range.count)
            }
            return unsafe vectors.withUnsafeBufferPointer { unsafe body($0) }
        }
    }
}
