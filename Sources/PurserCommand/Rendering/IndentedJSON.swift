internal import SecretBytes

/// Compact, valid JSON as people read it: one member or element a line, two spaces a level, and a line's end behind it.
///
/// Control characters beyond ASCII's first 32, which a terminal may obey, are written as escapes; it is the same JSON.
func indentedJSON(_ json: Span<UInt8>) -> SecretBuffer {
    var output = SecretBuffer(minimumCapacity: json.count * 2)
    var depth = 0
    var position = 0
    while position < json.count {
        let byte = json[position]
        switch byte {
        case UInt8(ascii: "\""):
            position = copyString(json, from: position, to: &output)
            continue
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            output.append(byte)
            // An empty one stays on its line; its end follows in the next round.
            if isEnd(json, position + 1) { break }
            depth += 1
            output.appendNewLine(depth)
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            if !isStart(json, position - 1) {
                depth -= 1
                output.appendNewLine(depth)
            }
            output.append(byte)
        case UInt8(ascii: ","):
            output.append(byte)
            output.appendNewLine(depth)
        case UInt8(ascii: ":"):
            output.append(": ")
        default:
            output.append(byte)
        }
        position += 1
    }
    output.append("\n")
    return output
}

private func isEnd(_ json: Span<UInt8>, _ position: Int) -> Bool {
    position < json.count && (json[position] == UInt8(ascii: "}") || json[position] == UInt8(ascii: "]"))
}

private func isStart(_ json: Span<UInt8>, _ position: Int) -> Bool {
    position >= 0 && (json[position] == UInt8(ascii: "{") || json[position] == UInt8(ascii: "["))
}

/// Copies the string that starts at `start`; returns the position behind it.
private func copyString(_ json: Span<UInt8>, from start: Int, to output: inout SecretBuffer) -> Int {
    output.append(json[start])
    var position = start + 1
    while position < json.count {
        let byte = json[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""):
            output.append(byte)
            return position
        case UInt8(ascii: "\\") where position < json.count:
            output.append(byte)
            output.append(json[position])
            position += 1
        case 0x7F:
            output.appendEscape(byte)
        case 0xC2 where position < json.count && json[position] < 0xA0:
            // U+0080 to U+009F in UTF-8.
            output.appendEscape(json[position])
            position += 1
        default:
            output.append(byte)
        }
    }
    return position
}

extension SecretBuffer {
    fileprivate mutating func appendNewLine(_ depth: Int) {
        append("\n")
        for _ in 0..<depth { append("  ") }
    }

    fileprivate mutating func appendEscape(_ byte: UInt8) {
        append("\\u00")
        append(utf8: String(byte, radix: 16))
    }
}
