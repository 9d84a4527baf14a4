import SecretVault

/// What a vault holds, for comparison: payload by kind and key.
struct Contents: Equatable {
    struct Key: Hashable {
        let kind: UInt8
        let bytes: [UInt8]

        init(_ kind: UInt8, _ text: String) { self.init(kind: kind, bytes: Array(text.utf8)) }

        init(kind: UInt8, bytes: [UInt8]) {
            self.kind = kind
            self.bytes = bytes
        }
    }

    var payloads: [Key: [UInt8]] = [:]

    init() {}

    init(_ segment: borrowing Segment<TracedMemory>) {
        segment.forEachRecord { _, kind, key, payload in payloads[Key(kind: kind, bytes: key.array)] = payload.array }
    }

    init(_ vault: borrowing SecretVault) {
        vault.forEachRecord { _, kind, key, payload in payloads[Key(kind: kind, bytes: key.array)] = payload.array }
    }

    subscript(kind: UInt8, key: String) -> [UInt8]? {
        get { payloads[Key(kind, key)] }
        set { payloads[Key(kind, key)] = newValue }
    }
}

extension Span<UInt8> {
    var array: [UInt8] { indices.map { self[$0] } }
}

extension [UInt8] {
    /// Whether `other` stands anywhere in these bytes.
    func contains(bytes other: [UInt8]) -> Bool {
        guard other.count <= count, let first = other.first else { return other.isEmpty }
        return (0...count - other.count).contains { self[$0] == first && Array(self[$0..<$0 + other.count]) == other }
    }
}

extension Segment<TracedMemory> {
    init(byteCount: Int, salt: UInt64 = 0x0123_4567_89AB_CDEF) {
        self.init(creatingIn: TracedMemory(byteCount: byteCount), creationSequence: 1, salt: salt)
    }

    mutating func put(_ kind: UInt8, _ key: String, _ payload: [UInt8]) -> RecordHandle {
        put(kind: kind, key: key.utf8.span, payload: payload.span)
    }
}

extension SecretVault {
    mutating func put(_ kind: UInt8, _ key: String, _ payload: [UInt8]) throws(VaultError) -> RecordHandle {
        try put(kind: kind, key: key.utf8.span, payload: payload.span)
    }

    func payload(_ handle: RecordHandle) -> [UInt8]? {
        withPayload(handle) { $0.array }
    }
}
