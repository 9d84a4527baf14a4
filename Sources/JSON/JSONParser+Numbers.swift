extension JSONParser {
    /// Reads a number, from its sign or first digit (RFC 8259 section 6).
    mutating func number(_ source: Span<UInt8>, _ index: inout JSONIndex) throws(JSONError) {
        let start = position
        if source[position] == UInt8(ascii: "-") { position += 1 }
        let isZero = try byte(source) == UInt8(ascii: "0")
        let digits = try self.digits(source)
        if isZero && digits > 1 { throw JSONError(kind: .invalidNumber, offset: position - digits + 1) }
        var form = JSONNode.Form.integer
        if position < source.count, source[position] == UInt8(ascii: ".") {
            form = .number
            position += 1
            _ = try self.digits(source)
        }
        if position < source.count, source[position] | 0x20 == UInt8(ascii: "e") {
            form = .number
            position += 1
            let sign = try byte(source)
            if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
            _ = try self.digits(source)
        }
        try add(JSONNode(form, start: start, end: position, next: index.nodeCount + 1), &index)
    }

    /// Reads a run of at least one digit, and tells how many there were.
    private mutating func digits(_ source: Span<UInt8>) throws(JSONError) -> Int {
        let start = position
        while position < source.count, isDigit(source[position]) { position += 1 }
        if position > start { return position - start }
        throw error(position < source.count ? .invalidNumber : .unexpectedEnd)
    }
}

/// Whether `byte` is an ASCII digit.
@inline(__always)
func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
