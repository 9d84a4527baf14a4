import SecretBytes

/// The fields of an `application/x-www-form-urlencoded` answer, decoded, in storage that is wiped.
struct FormFields: ~Copyable {
    private var values = SecretBuffer()
    private var ranges: [String: Range<Int>] = [:]

    /// The most fields that an answer may have.
    static let maximumCount = 64

    /// Reads `text`; nil if it is no form, has a field twice, or too many.
    init?(_ text: Span<UInt8>) {
        var start = 0
        while start <= text.count {
            let end = (start..<text.count).first { text[$0] == UInt8(ascii: "&") } ?? text.count
            guard end == start || append(text.extracting(start..<end)) else { return nil }
            start = end + 1
        }
        guard !ranges.isEmpty else { return nil }
    }

    /// Lends the value of a field.
    borrowing func withValue<Result: ~Copyable>(_ name: String, _ body: (Span<UInt8>) -> Result) -> Result? {
        guard let range = ranges[name] else { return nil }
        return values.withBytes { body($0.extracting(range)) }
    }

    private mutating func append(_ field: Span<UInt8>) -> Bool {
        guard let separator = field.indices.first(where: { field[$0] == UInt8(ascii: "=") }),
            (1...64).contains(separator),
            let name = FormEncoding.decode(field.extracting(..<separator))?.publicText(),
            let value = FormEncoding.decode(field.extracting((separator + 1)...)),
            ranges.count < Self.maximumCount, ranges[name] == nil
        else { return false }
        ranges[name] = values.count..<(values.count + value.count)
        value.withBytes { values.append($0) }
        return true
    }
}

extension SecretBytes {
    /// The same as a `String`, for what is known to be no secret; ill-formed UTF-8 is replaced.
    borrowing func publicText() -> String {
        withBytes { String(copying: $0) }
    }

    /// The same, but nil where it is not well-formed UTF-8.
    borrowing func strictText() -> String? {
        withBytes { bytes in
            unsafe bytes.withUnsafeBufferPointer { unsafe String(validating: $0, as: UTF8.self) }
        }
    }
}

extension String {
    /// Copies UTF-8 that is no secret; what is ill-formed is replaced.
    init(copying bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
