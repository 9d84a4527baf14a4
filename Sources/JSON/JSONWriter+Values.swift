extension JSONWriter {
    /// Writes `null`.
    package mutating func null() {
        beforeValue()
        append("null")
    }

    /// Writes `true` or `false`.
    package mutating func value(_ value: Bool) {
        beforeValue()
        append(value ? "true" : "false")
    }

    /// Writes a whole number.
    package mutating func value(_ value: Int) {
        beforeValue()
        if value < 0 { append(UInt8(ascii: "-")) }
        appendDecimal(UInt64(value.magnitude))
    }

    /// Writes a whole number.
    package mutating func value(_ value: Int64) { self.value(Int(value)) }

    /// Writes a whole number.
    package mutating func value(_ value: UInt64) {
        beforeValue()
        appendDecimal(value)
    }

    /// Writes the shortest number that reads back as `value`; JSON has no infinity and no NaN, they become `null`.
    package mutating func value(_ value: Double) {
        guard value.isFinite else { return null() }
        beforeValue()
        append(value.description.utf8.span)
    }

    /// Writes JSON that was encoded before, as it is; it must be one value, without line breaks where lines are counted.
    package mutating func raw(_ json: Span<UInt8>) {
        beforeValue()
        append(json)
    }

    /// Writes a parsed value with the text it had, but for the space between tokens, so that it stays on one line.
    package mutating func value(_ value: JSONValue) {
        beforeValue()
        value.withRawJSON { json in
            switch value.kind {
            case .array, .object: appendWithoutSpace(json)
            case .null, .boolean, .number, .string: append(json)
            }
        }
    }

    /// Copies valid JSON run by run, each up to the next space that is not in a string.
    private mutating func appendWithoutSpace(_ json: Span<UInt8>) {
        var run = 0
        var offset = 0
        var isInString = false
        while offset < json.count {
            let byte = json[offset]
            if byte == UInt8(ascii: "\"") { isInString.toggle() }
            if isInString && byte == UInt8(ascii: "\\") { offset += 1 }
            if !isInString && isSpace(byte) {
                append(json.extracting(run..<offset))
                run = offset + 1
            }
            offset += 1
        }
        append(json.extracting(run...))
    }

    /// Writes a whole tree.
    package mutating func tree(_ tree: JSONTree) {
        switch tree {
        case .null: null()
        case .bool(let bool): value(bool)
        case .int(let int): value(int)
        case .double(let double): value(double)
        case .string(let string): value(string)
        case .array(let elements): array { for element in elements { $0.tree(element) } }
        case .object(let members): object { for member in members { $0.member(member.key, member.value) } }
        }
    }

    private mutating func appendDecimal(_ value: UInt64) {
        // 20 digits hold the largest.
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var first = 20
        var rest = value
        repeat {
            first -= 1
            digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        append(digits.span.extracting(first..<20))
    }
}
