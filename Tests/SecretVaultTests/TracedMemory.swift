import SecretVault

/// Ordinary memory that remembers each store, so that a test can crash between any two, or within one.
struct TracedMemory: ~Copyable, RecordMemory {
    enum Store: Equatable {
        case write([UInt8], at: Int)
        case word(UInt64, at: Int)
        case wipe(Range<Int>)
    }

    private(set) var image: [UInt8]
    private(set) var stores: [Store] = []

    init(byteCount: Int) { image = Array(repeating: 0, count: byteCount) }

    init(image: [UInt8]) { self.image = image }

    var count: Int { image.count }

    func withBytes<Result: ~Copyable, Failure>(
        _ range: Range<Int>, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(image.span.extracting(range))
    }

    mutating func write(_ bytes: Span<UInt8>, at offset: Int) {
        apply(.write(bytes.indices.map { bytes[$0] }, at: offset))
    }

    mutating func store(_ word: UInt64, at offset: Int) { apply(.word(word, at: offset)) }

    mutating func wipe(_ range: Range<Int>) { apply(.wipe(range)) }

    private mutating func apply(_ store: Store) {
        stores.append(store)
        store.apply(to: &image)
    }
}

extension TracedMemory.Store {
    /// The bytes it changes, where they stand.
    private var effect: (start: Int, bytes: [UInt8]) {
        switch self {
        case .write(let bytes, let offset): (offset, bytes)
        case .word(let word, let offset): (offset, (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) })
        case .wipe(let range): (range.lowerBound, Array(repeating: 0, count: range.count))
        }
    }

    func apply(to image: inout [UInt8]) {
        let (start, bytes) = effect
        image.replaceSubrange(start..<start + bytes.count, with: bytes)
    }

    /// The images a crash within this store can leave: cut off after each byte, from either end; a word is all or none.
    func interrupted(from image: [UInt8]) -> [[UInt8]] {
        if case .word = self { return [image] }
        let (start, bytes) = effect
        return (0...bytes.count).flatMap { length in
            var forwards = image
            var backwards = image
            forwards.replaceSubrange(start..<start + length, with: bytes.prefix(length))
            let end = start + bytes.count
            backwards.replaceSubrange(end - length..<end, with: bytes.suffix(length))
            return [forwards, backwards]
        }
    }

    /// As ``interrupted(from:)``, one image after the other, for stores that are long: not cut after each byte but near the ends.
    func forEachInterruption(of image: [UInt8], _ body: ([UInt8]) throws -> Void) rethrows {
        if case .word = self { return try body(image) }
        let (start, bytes) = effect
        let end = start + bytes.count
        let step = max(1, bytes.count / 100)
        for length in 0...bytes.count where length % step == 0 || min(length, bytes.count - length) <= 64 {
            var torn = image
            torn.replaceSubrange(start..<start + length, with: bytes.prefix(length))
            try body(torn)
            torn = image
            torn.replaceSubrange(end - length..<end, with: bytes.suffix(length))
            try body(torn)
        }
    }
}
