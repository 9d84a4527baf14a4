internal import SecretBytes

/// Builds the index of one text in one pass, without recursion: the way back up from a nested container is kept in the
/// open containers' own nodes.
struct JSONParser {
    private static let outside = Int(UInt32.max)

    let limits: JSONLimits
    var position = 0

    /// The innermost container that is not closed yet.
    private var container = JSONParser.outside
    private var isInObject = false
    private var depth = 0

    private init(_ limits: JSONLimits) { self.limits = limits }

    /// Fills `index`, which is cleared, with `source`. After a failure its contents mean nothing.
    static func parse(_ source: Span<UInt8>, into index: inout JSONIndex, _ limits: JSONLimits) throws(JSONError) {
        guard source.count <= limits.maxBytes else { throw JSONError(kind: .tooLarge, offset: limits.maxBytes) }
        index.begin(source)
        var parser = JSONParser(limits)
        repeat {
            while try parser.opensContainer(source, &index) {}
        } while try parser.hasNextValue(source, &index)
        parser.skipSpace(source)
        if parser.position < source.count { throw parser.error(.trailingBytes) }
    }

    /// Reads one value; true if it was only the start of a container, whose first value is next.
    @inline(__always)
    private mutating func opensContainer(_ source: Span<UInt8>, _ index: inout JSONIndex) throws(JSONError) -> Bool {
        skipSpace(source)
        let first = try byte(source)
        if container != Self.outside { index.nodes[container].addChild() }
        switch first {
        case UInt8(ascii: "\""): try string(source, &index)
        case UInt8(ascii: "{"): return try open(.object, source, &index)
        case UInt8(ascii: "["): return try open(.array, source, &index)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number(source, &index)
        case UInt8(ascii: "t"): try literal("true", .true, source, &index)
        case UInt8(ascii: "f"): try literal("false", .false, source, &index)
        case UInt8(ascii: "n"): try literal("null", .null, source, &index)
        default: throw error(.expectedValue)
        }
        return false
    }

    /// Goes on behind a complete value: over a comma (and key) to the next one, or out of the containers that end here.
    private mutating func hasNextValue(_ source: Span<UInt8>, _ index: inout JSONIndex) throws(JSONError) -> Bool {
        while container != Self.outside {
            skipSpace(source)
            switch try byte(source) {
            case UInt8(ascii: ","):
                position += 1
                if isInObject { try key(source, &index) }
                return true
            case UInt8(ascii: "]") where !isInObject, UInt8(ascii: "}") where isInObject:
                try close(&index)
            default:
                throw error(.expectedCommaOrEnd)
            }
        }
        return false
    }

    /// Starts a container; false if it is empty and so already closed.
    private mutating func open(
        _ form: JSONNode.Form, _ source: Span<UInt8>, _ index: inout JSONIndex
    ) throws(JSONError) -> Bool {
        guard depth < limits.maxDepth else { throw error(.tooDeep) }
        let node = index.nodeCount
        try add(JSONNode(form, start: position, end: position, next: container), &index)
        depth += 1
        container = node
        isInObject = form == .object
        position += 1
        skipSpace(source)
        if try byte(source) == (isInObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
            try close(&index)
            return false
        }
        if isInObject { try key(source, &index) }
        return true
    }

    /// Ends the innermost container, at its closing bracket.
    private mutating func close(_ index: inout JSONIndex) throws(JSONError) {
        position += 1
        if isInObject { try checkKeys(of: container, index) }
        let outer = index.nodes[container].next
        index.nodes[container].end = UInt32(position)
        index.nodes[container].next = UInt32(index.nodeCount)
        depth -= 1
        container = Int(outer)
        isInObject = container != Self.outside && index.nodes[container].form == .object
    }

    /// Reads a key and the colon after it.
    private mutating func key(_ source: Span<UInt8>, _ index: inout JSONIndex) throws(JSONError) {
        skipSpace(source)
        guard try byte(source) == UInt8(ascii: "\"") else { throw error(.expectedKey) }
        try string(source, &index)
        skipSpace(source)
        guard try byte(source) == UInt8(ascii: ":") else { throw error(.expectedColon) }
        position += 1
    }

    private mutating func literal(
        _ word: StaticString, _ form: JSONNode.Form, _ source: Span<UInt8>, _ index: inout JSONIndex
    ) throws(JSONError) {
        let end = position + word.utf8CodeUnitCount
        guard end <= source.count else { throw error(.expectedValue) }
        let matches = word.withUTF8Buffer { areEqual(unsafe $0.span, source.extracting(position..<end)) }
        guard matches else { throw error(.expectedValue) }
        try add(JSONNode(form, start: position, end: end, next: index.nodeCount + 1), &index)
        position = end
    }

    @inline(__always)
    func add(_ node: JSONNode, _ index: inout JSONIndex) throws(JSONError) {
        guard index.nodeCount < limits.maxNodes else {
            throw JSONError(kind: .tooManyNodes, offset: Int(node.start))
        }
        index.append(node)
    }

    @inline(__always)
    func byte(_ source: Span<UInt8>) throws(JSONError) -> UInt8 {
        guard position < source.count else { throw error(.unexpectedEnd) }
        return source[position]
    }

    @inline(__always)
    mutating func skipSpace(_ source: Span<UInt8>) {
        while position < source.count, source[position] <= 0x20, isSpace(source[position]) { position += 1 }
    }

    func error(_ kind: JSONError.Kind) -> JSONError { JSONError(kind: kind, offset: position) }
}

/// Whether RFC 8259 section 2 lets `byte` stand between tokens.
@inline(__always)
func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\t")
}
