/// Places in memory for exchanges with providers, each with what is needed to read the answer when the process that asked
/// has ended: FORMAT.md has them byte by byte.
///
/// Whatever the bytes are that an earlier process left, reading them gives exchanges or none.
package struct ExchangePlaces<Memory: RecordMemory & ~Copyable>: ~Copyable, Sendable {
    private static var headerBytes: Int { ExchangePlace.byteCount }
    /// "PURSEREX" in ASCII.
    private static var magic: UInt64 { 0x5845_5245_5352_5550 }
    private static var version: UInt64 { 1 }

    package private(set) var memory: Memory
    private var used: Set<Int> = []

    /// Starts in memory that is all zero, of ``ExchangePlace/memoryBytes``.
    package init(creatingIn memory: consuming Memory) {
        self.memory = memory
        self.memory.store(Self.version, at: 8)
        self.memory.store(UInt64(self.memory.count), at: 16)
        self.memory.store(Self.magic, at: 0)
    }

    /// Takes over what an earlier process left; nil if that is of another version or no such memory.
    package init?(adopting memory: consuming Memory) {
        let isKnown = memory.withBytes(0..<memory.count) { bytes in
            bytes.count == ExchangePlace.memoryBytes && bytes.word(at: 0) == Self.magic
                && bytes.word(at: 8) == Self.version && bytes.word(at: 16) == UInt64(bytes.count)
        }
        guard isKnown else { return nil }
        self.memory = memory
        for place in 0..<ExchangePlace.count where header(of: place) != nil { used.insert(place) }
    }

    /// Takes a place, which a crash may have left half wiped; nil if none is free, or the connection's id or the key does not fit.
    package mutating func begin(
        connectionID: Span<UInt8>, generation: UInt64, tokens: UInt64, isFirst: Bool, begunAt: Int64, key: Span<UInt8>,
        bytesWritten: UInt64, bytesRead: UInt64
    ) -> Int? {
        guard let place = (0..<ExchangePlace.count).first(where: { !used.contains($0) }),
            connectionID.count <= ExchangePlace.idBytes, key.count <= ExchangePlace.keyBytes
        else { return nil }
        used.insert(place)
        let start = start(of: place)
        memory.store(0, at: start)
        memory.wipe(start..<start + ExchangePlace.byteCount)
        memory.store(generation, at: start + 8)
        memory.store(bytesWritten, at: start + 16)
        memory.store(UInt64(connectionID.count), at: start + 32)
        memory.store(UInt64(key.count), at: start + 40)
        memory.store(isFirst ? 1 : 0, at: start + 48)
        memory.store(tokens, at: start + 56)
        memory.store(UInt64(bitPattern: begunAt), at: start + 64)
        memory.store(bytesRead, at: start + 72)
        memory.write(key, at: start + ExchangePlace.keyOffset)
        memory.write(connectionID, at: start + ExchangePlace.idOffset)
        memory.store(1, at: start)
        return place
    }

    /// Writes bytes that the provider sent, from the `offset`th on, where they may stand already. What does not fit, or leaves
    /// a gap, ends it: of an answer that is not whole there is none.
    package mutating func write(_ bytes: Span<UInt8>, at offset: Int, to place: Int) {
        guard let header = header(of: place), header.isWhole else { return }
        let start = start(of: place)
        guard (0...header.received).contains(offset), bytes.count <= ExchangePlace.answerBytes - offset else {
            return memory.store(UInt64.max, at: start + 24)
        }
        memory.write(bytes, at: start + ExchangePlace.answerOffset + offset)
        memory.store(UInt64(max(header.received, offset + bytes.count)), at: start + 24)
    }

    /// Wipes a place, which is free then, or not to be used if `isFree` is false.
    package mutating func end(_ place: Int, isFree: Bool = true) {
        let start = start(of: place)
        memory.store(0, at: start)
        memory.wipe(start..<start + ExchangePlace.byteCount)
        if isFree { used.remove(place) } else { used.insert(place) }
    }

    /// The exchanges that there are, by place.
    package func all() -> [ExchangePlace] {
        (0..<ExchangePlace.count).compactMap { header(of: $0) }
    }

    /// Lends the key and what was received.
    package func withContents<Result: ~Copyable>(
        of place: ExchangePlace, _ body: (_ key: Span<UInt8>, _ received: Span<UInt8>) -> Result
    ) -> Result {
        let start = start(of: place.number)
        return memory.withBytes(start..<start + ExchangePlace.byteCount) { bytes in
            let answer = ExchangePlace.answerOffset..<ExchangePlace.answerOffset + place.received
            let key = ExchangePlace.keyOffset..<ExchangePlace.keyOffset + place.keyCount
            return body(bytes.extracting(key), bytes.extracting(answer))
        }
    }

    private func start(of place: Int) -> Int {
        precondition((0..<ExchangePlace.count).contains(place))
        return Self.headerBytes + place * ExchangePlace.byteCount
    }

    private func header(of place: Int) -> ExchangePlace? {
        let start = start(of: place)
        return memory.withBytes(start..<start + ExchangePlace.byteCount) { ExchangePlace(number: place, in: $0) }
    }
}

/// One exchange, as its place in memory describes it.
package struct ExchangePlace: Sendable, Equatable {
    /// More than are under way at four token endpoints at once.
    package static let count = 32
    /// A multiple of the largest page that there is, as is what comes before the first.
    static let byteCount = 64 << 10
    /// What the memory for all of them takes.
    package static let memoryBytes = (1 + count) * byteCount
    static let keyBytes = 48
    static let idBytes = 256
    static let keyOffset = 80
    static let idOffset = keyOffset + keyBytes
    static let answerOffset = idOffset + idBytes
    /// Room for what is received, encrypted as it came. Token answers have some kilobytes.
    package static let answerBytes = byteCount - answerOffset

    package let number: Int
    package let connectionID: String
    package let generation: UInt64
    /// Tells the tokens of one login from those of another.
    package let tokens: UInt64
    /// Whether its token was presented for the first time.
    package let isFirst: Bool
    /// Nanoseconds since boot.
    package let begunAt: Int64
    /// The bytes that had been written to the socket before the token was.
    package let bytesWritten: UInt64
    /// The bytes that had been read from the socket before the first that stands here.
    package let bytesRead: UInt64
    /// Whether all that was received is there.
    package let isWhole: Bool
    let received: Int
    let keyCount: Int

    /// Nil if there is none.
    fileprivate init?(number: Int, in bytes: Span<UInt8>) {
        guard bytes.word(at: 0) == 1 else { return nil }
        let (received, idCount, keyCount) = (bytes.word(at: 24), bytes.word(at: 32), bytes.word(at: 40))
        guard idCount <= Self.idBytes, keyCount <= Self.keyBytes else { return nil }
        self.number = number
        generation = bytes.word(at: 8)
        bytesWritten = bytes.word(at: 16)
        bytesRead = bytes.word(at: 72)
        isFirst = bytes.word(at: 48) == 1
        tokens = bytes.word(at: 56)
        begunAt = Int64(bitPattern: bytes.word(at: 64))
        isWhole = received <= Self.answerBytes
        self.received = isWhole ? Int(received) : 0
        self.keyCount = Int(keyCount)
        let id = bytes.extracting(Self.idOffset..<Self.idOffset + Int(idCount))
        connectionID = unsafe id.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
