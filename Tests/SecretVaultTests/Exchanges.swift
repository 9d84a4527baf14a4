import SecretVault
import Testing

/// What places for exchanges hold, for comparison.
struct Exchanges: Equatable {
    struct Exchange: Equatable {
        var id = "con_a"
        var generation: UInt64 = 7
        var tokens: UInt64 = 0xA5A5
        var isFirst = true
        var begunAt: Int64 = 5_000_000_000
        var bytesWritten: UInt64 = 1000
        var bytesRead: UInt64 = 2000
        var key: [UInt8] = Array(1...32)
        /// Nil: not all of it is there.
        var received: [UInt8]? = []
    }

    var byPlace: [Int: Exchange] = [:]

    init(_ byPlace: [Int: Exchange] = [:]) { self.byPlace = byPlace }

    init(_ places: borrowing ExchangePlaces<TracedMemory>) {
        for place in places.all() {
            var exchange = Exchange(place)
            places.withContents(of: place) { key, received in
                exchange.key = key.array
                exchange.received = place.isWhole ? received.array : nil
            }
            byPlace[place.number] = exchange
        }
    }

    init(_ memory: ExchangeMemory) {
        for place in memory.all() {
            var exchange = Exchange(place)
            let isWhole = memory.withContents(of: place.number) { key, received in
                exchange.key = key.array
                exchange.received = received.array
            }
            if !isWhole { (exchange.key, exchange.received) = ([], nil) }
            byPlace[place.number] = exchange
        }
    }

    /// What the next process finds in such memory; nil: nothing that it knows.
    init?(image: [UInt8]) {
        switch ExchangePlaces(adopting: TracedMemory(image: image)) {
        case .some(let places): self.init(places)
        case .none: return nil
        }
    }
}

extension Exchanges.Exchange {
    fileprivate init(_ place: ExchangePlace) {
        self.init(
            id: place.connectionID, generation: place.generation, tokens: place.tokens, isFirst: place.isFirst,
            begunAt: place.begunAt, bytesWritten: place.bytesWritten, bytesRead: place.bytesRead)
    }
}

extension ExchangePlaces<TracedMemory> {
    /// Fresh ones.
    init() { self.init(creatingIn: TracedMemory(byteCount: ExchangePlace.memoryBytes)) }

    mutating func begin(_ exchange: Exchanges.Exchange = .init()) -> Int? {
        begin(
            connectionID: exchange.id.utf8.span, generation: exchange.generation, tokens: exchange.tokens,
            isFirst: exchange.isFirst, begunAt: exchange.begunAt, key: exchange.key.span,
            bytesWritten: exchange.bytesWritten, bytesRead: exchange.bytesRead)
    }

    /// Begins one, for which there is room.
    mutating func begun(_ exchange: Exchanges.Exchange = .init()) throws -> Int {
        let place = begin(exchange)
        return try #require(place)
    }

    /// Begins one at this place; nil: there is no room.
    mutating func begin(
        _ exchange: Exchanges.Exchange = .init(), expecting expected: Int?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let place = begin(exchange)
        #expect(place == expected, sourceLocation: sourceLocation)
    }

    mutating func write(_ bytes: [UInt8], at offset: Int, to place: Int) { write(bytes.span, at: offset, to: place) }

    /// Behind what is there.
    mutating func append(_ bytes: [UInt8], to place: Int) {
        let count = all().first { $0.number == place && $0.isWhole }.map { withContents(of: $0) { $1.count } }
        write(bytes.span, at: count ?? 0, to: place)
    }
}

extension ExchangeMemory {
    func begin(_ exchange: Exchanges.Exchange = .init()) -> Int? {
        begin(
            connectionID: exchange.id, generation: exchange.generation, tokens: exchange.tokens,
            isFirst: exchange.isFirst, begunAt: exchange.begunAt, key: exchange.key.span,
            bytesWritten: exchange.bytesWritten, bytesRead: exchange.bytesRead)
    }

    /// Behind what is there.
    func append(_ bytes: [UInt8], to place: Int) {
        var count = 0
        _ = withContents(of: place) { count = $1.count }
        write(bytes.span, at: count, to: place)
    }
}
