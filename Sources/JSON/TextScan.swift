/// Offset of the first byte from `start` on that needs a look inside a JSON string: `"`, `\`, below 0x20, or not ASCII;
/// `text.count` if there is none. Eight bytes at a time.
@inline(__always)
func endOfPlainText(_ text: Span<UInt8>, from start: Int) -> Int {
    var offset = start
    let bytes = unsafe text.bytes
    while offset &+ 8 <= text.count {
        let word = UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
        let hits = specialBytes(in: word)
        if hits != 0 { return offset &+ hits.trailingZeroBitCount / 8 }
        offset &+= 8
    }
    while offset < text.count, isPlain(text[offset]) { offset &+= 1 }
    return offset
}

@inline(__always)
private func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
}

/// The high bit of each byte of `word` that is not plain. Above the lowest hit there can be false ones: the subtractions
/// carry upwards.
@inline(__always)
private func specialBytes(in word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quotes = word ^ (ones &* 0x22)
    let backslashes = word ^ (ones &* 0x5c)
    let controls = (word &- ones &* 0x20) & ~word
    return (controls | (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes | word) & (ones &* 0x80)
}

/// Length of the well-formed UTF-8 sequence at `offset`, which is not ASCII; 0 if there is none (Unicode, table 3-7: no
/// overlong forms, no surrogates, nothing above U+10FFFF).
func lengthOfSequence(_ text: Span<UInt8>, at offset: Int) -> Int {
    let lead = text[offset]
    let (length, second): (Int, ClosedRange<UInt8>)
    switch lead {
    case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: return 0
    }
    guard text.count - offset >= length, second.contains(text[offset + 1]) else { return 0 }
    for index in offset + 2..<max(offset + length, offset + 2) where text[index] & 0xC0 != 0x80 { return 0 }
    return length
}
