internal import Glibc
internal import SecretBytes

/// A text and the flat index over it.
struct JSONIndex: ~Copyable {
    /// The source, followed by the unescaped bytes of each string that has escapes.
    var text = SecretBuffer()

    /// Node 0 is the root; there always is one. Behind ``nodeCount`` stand nodes of earlier texts.
    var nodes: [JSONNode] = [JSONIndex.nothing]
    private(set) var nodeCount = 1

    /// What an idle index keeps of its storage: enough for a usual request, little enough for 10 000 connections.
    static let idleBytes = 1024
    static let idleNodes = 64

    private static let nothing = JSONNode(.null, start: 0, end: 0, next: 1)

    /// Wipes the text and goes back to one `null`.
    mutating func clear() {
        if isClear { return }
        text.removeAll(keepingAtMost: Self.idleBytes)
        if nodes.count > Self.idleNodes { nodes = [] }
        nodeCount = 0
        append(Self.nothing)
    }

    private var isClear: Bool { text.isEmpty && nodeCount == 1 }

    /// Takes a copy of `source`, and has no nodes until the first is appended.
    mutating func begin(_ source: Span<UInt8>) {
        text.append(source)
        nodeCount = 0
    }

    @inline(__always)
    mutating func append(_ node: JSONNode) {
        if nodeCount < nodes.count { nodes[nodeCount] = node } else { nodes.append(node) }
        nodeCount += 1
    }

    /// Where the unescaped bytes of the string at `node` stand in the text.
    @inline(__always)
    func content(of node: Int) -> Range<Int> {
        let string = nodes[node]
        guard string.form == .escapedString else { return Int(string.start) + 1..<Int(string.end) - 1 }
        return Int(nodes[node + 1].start)..<Int(nodes[node + 1].end)
    }

    /// The value of the member of `object` whose key is `key`.
    func value(of key: Span<UInt8>, in object: Int) -> Int? {
        text.withBytes { text in
            let end = Int(nodes[object].next)
            var member = object + 1
            while member < end {
                let value = Int(nodes[member].next)
                let name = content(of: member)
                if name.count == key.count, areEqual(text.extracting(name), key) { return value }
                member = Int(nodes[value].next)
            }
            return nil
        }
    }

    /// The values of four members of `object`, found in one walk; 0 for what is missing, for node 0 is no member's value.
    func values(of keys: InlineArray<4, StaticString>, in object: Int) -> InlineArray<4, Int> {
        var values = InlineArray<4, Int>(repeating: 0)
        text.withBytes { text in
            let end = Int(nodes[object].next)
            var member = object + 1
            while member < end {
                let name = text.extracting(content(of: member))
                let value = Int(nodes[member].next)
                for index in 0..<4 where isSame(name, keys[index]) {
                    values[index] = value
                    break
                }
                member = Int(nodes[value].next)
            }
        }
        return values
    }

    /// Whether each key of `object` is one of `keys`.
    func hasOnly(_ keys: [StaticString], in object: Int) -> Bool {
        text.withBytes { text in
            let end = Int(nodes[object].next)
            var member = object + 1
            while member < end {
                let name = text.extracting(content(of: member))
                guard keys.contains(where: { isSame(name, $0) }) else { return false }
                member = Int(nodes[Int(nodes[member].next)].next)
            }
            return true
        }
    }

    /// Whether the strings at two nodes are the same once unescaped.
    func sameString(_ one: Int, _ other: Int) -> Bool {
        let one = content(of: one)
        let other = content(of: other)
        guard one.count == other.count else { return false }
        return text.withBytes { areEqual($0.extracting(one), $0.extracting(other)) }
    }

    /// Whether the string at `one` comes before `other`, in an order by length, then by bytes.
    func precedes(_ one: Int, _ other: Int) -> Bool {
        let one = content(of: one)
        let other = content(of: other)
        guard one.count == other.count else { return one.count < other.count }
        return text.withBytes { compare($0.extracting(one), $0.extracting(other)) < 0 }
    }
}

/// Whether two runs hold the same bytes.
@inline(__always)
func areEqual(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Bool {
    one.count == other.count && compare(one, other) == 0
}

/// Whether a run holds the UTF-8 of `text`.
@inline(__always)
func isSame(_ bytes: Span<UInt8>, _ text: StaticString) -> Bool {
    bytes.count == text.utf8CodeUnitCount && text.withUTF8Buffer { areEqual(bytes, unsafe $0.span) }
}

/// The order of two runs of the same length, as memcmp(3) gives it.
@inline(__always)
private func compare(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Int32 {
    unsafe one.withUnsafeBytes { one in
        unsafe other.withUnsafeBytes { other in
            guard let first = one.baseAddress, let second = other.baseAddress else { return 0 }
            return unsafe memcmp(first, second, min(one.count, other.count))
        }
    }
}
