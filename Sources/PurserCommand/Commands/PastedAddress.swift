internal import PurserClient
internal import SecretBytes

/// The address in what a person pasted, without the spaces and line ends around it; nil if there is nothing. It holds an
/// authorization code, so it never becomes a `String`.
func pastedAddress(_ text: borrowing SecretBytes) -> Secret? {
    text.withBytes { bytes in
        var range = 0..<bytes.count
        while let first = range.first, isSpace(bytes[first]) { range = first + 1..<range.upperBound }
        while let last = range.last, isSpace(bytes[last]) { range = range.lowerBound..<last }
        return range.isEmpty ? nil : Secret(copying: bytes.extracting(range))
    }
}

private func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || (0x09...0x0D).contains(byte)
}
