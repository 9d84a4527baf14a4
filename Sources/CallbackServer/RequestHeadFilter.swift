internal import SecretBytes

/// Lets the head of one request through, but for the query of its target, and nothing that follows it.
///
/// The HTTP decoder makes a `String` of the target, which cannot be wiped; so the query, which holds the code, does not
/// reach it. Everything else about the syntax is left to the decoder.
struct RequestHeadFilter: ~Copyable {
    enum Progress: Equatable {
        case incomplete
        /// The empty line that ends the head was let through.
        case complete
        /// More bytes than allowed without an end. Nothing more is let through.
        case tooLarge
    }

    private enum Phase: Equatable {
        /// Empty lines before a request are skipped (RFC 9112 section 2.2).
        case beforeRequest
        case requestLine
        case fields(lineIsEmpty: Bool)
        case ended(Progress)
    }

    private let limit: Int
    private var phase = Phase.beforeRequest
    private var count = 0
    private var line = SecretBuffer()
    private var query: SecretBytes?

    init(limit: Int) {
        self.limit = limit
    }

    /// Takes the query out, once. Empty if the target has none.
    mutating func takeQuery() -> SecretBytes {
        query.take() ?? SecretBytes(utf8: "")
    }

    /// Reads on; what may pass is added to `passed`.
    mutating func read(_ bytes: Span<UInt8>, into passed: inout [UInt8]) -> Progress {
        for index in bytes.indices {
            if case .ended(let progress) = phase { return progress }
            count += 1
            guard count <= limit else {
                end(.tooLarge)
                return .tooLarge
            }
            read(bytes[index], into: &passed)
        }
        if case .ended(let progress) = phase { return progress }
        return .incomplete
    }

    private mutating func read(_ byte: UInt8, into passed: inout [UInt8]) {
        let isNewline = byte == UInt8(ascii: "\n")
        let isReturn = byte == UInt8(ascii: "\r")
        switch phase {
        case .beforeRequest:
            guard !isNewline, !isReturn else { return }
            phase = .requestLine
            line.append(byte)
        case .requestLine:
            line.append(byte)
            guard isNewline else { return }
            passRequestLine(into: &passed)
            phase = .fields(lineIsEmpty: true)
        case .fields(let lineIsEmpty):
            passed.append(byte)
            if isNewline, lineIsEmpty { return end(.complete) }
            phase = .fields(lineIsEmpty: isNewline || (isReturn && lineIsEmpty))
        case .ended:
            return
        }
    }

    private mutating func end(_ progress: Progress) {
        phase = .ended(progress)
        line.removeAll()
    }

    /// The query is what stands between the first `?` and the last space after it, or the end of the line: a target has
    /// no space in it, and if this one has, the decoder must not see the rest of it either.
    private mutating func passRequestLine(into passed: inout [UInt8]) {
        query = line.withBytes { bytes in
            let mark = bytes.indices.first { bytes[$0] == UInt8(ascii: "?") } ?? bytes.count
            let rest = min(mark + 1, bytes.count)..<bytes.count
            let end =
                rest.last { bytes[$0] == UInt8(ascii: " ") }
                ?? rest.first { bytes[$0] == UInt8(ascii: "\r") || bytes[$0] == UInt8(ascii: "\n") } ?? bytes.count
            for index in 0..<mark { passed.append(bytes[index]) }
            for index in end..<bytes.count { passed.append(bytes[index]) }
            return mark < end ? SecretBytes(copying: bytes.extracting((mark + 1)..<end)) : nil
        }
        line.removeAll()
    }
}
