import SecretVault
import Testing

/// Numbers as FORMAT.md has them.
@Suite("Places for exchanges")
struct ExchangePlacesTests {
    private typealias Exchange = Exchanges.Exchange
    private static let (placeBytes, answerOffset) = (64 << 10, 384)

    private func range(of place: Int) -> Range<Int> {
        (place + 1) * Self.placeBytes..<(place + 2) * Self.placeBytes
    }

    /// The next process's, if it knows the memory.
    private func adopted(_ places: borrowing ExchangePlaces<TracedMemory>) throws -> ExchangePlaces<TracedMemory> {
        try adopted(places.memory.image)
    }

    private func adopted(_ image: [UInt8]) throws -> ExchangePlaces<TracedMemory> {
        switch ExchangePlaces(adopting: TracedMemory(image: image)) {
        case .some(let places): return places
        case .none: throw VaultError.notVaultMemory
        }
    }

    @Test("What one process writes down, the next one reads, adds to and ends")
    func roundTrip() throws {
        var first = ExchangePlaces()
        var exchange = Exchange()
        let place = try first.begun(exchange)
        #expect(Exchanges(first) == Exchanges([place: exchange]))
        first.append([1, 2, 3], to: place)
        first.append([], to: place)
        first.append([4], to: place)

        var second = try adopted(first)
        exchange.received = [1, 2, 3, 4]
        #expect(Exchanges(second) == Exchanges([place: exchange]))
        second.append([5], to: place)
        let other = Exchange(
            id: "", generation: .max, tokens: .max, isFirst: false, begunAt: .min, bytesWritten: .max, bytesRead: .max,
            key: [],
            received: [])
        let otherPlace = try second.begun(other)
        #expect(otherPlace != place)

        var third = try adopted(second)
        exchange.received = [1, 2, 3, 4, 5]
        #expect(Exchanges(third) == Exchanges([place: exchange, otherPlace: other]))
        third.end(place)
        #expect(Exchanges(third) == Exchanges([otherPlace: other]))
        #expect(Exchanges(image: third.memory.image) == Exchanges([otherPlace: other]))
    }

    @Test("An exchange is written byte for byte as documented")
    func format() {
        var places = ExchangePlaces()
        _ = places.begin()
        let exchange = Exchange(
            id: "con_b", generation: 0x0102_0304_0506_0708, tokens: 0x2122, isFirst: true,
            begunAt: 0x3132, bytesWritten: 0x1112, bytesRead: 0x4142, key: [0xAA, 0xBB])
        places.begin(exchange, expecting: 1)
        places.append([0xC1, 0xC2, 0xC3], to: 1)
        var header = Array("PURSEREX".utf8) + [1, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 0x21, 0, 0, 0, 0, 0]
        header += Array(repeating: 0, count: Self.placeBytes - header.count)
        var place: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1]
        place += [0x12, 0x11, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]
        place += [5, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
        place += [0x22, 0x21, 0, 0, 0, 0, 0, 0, 0x32, 0x31, 0, 0, 0, 0, 0, 0, 0x42, 0x41, 0, 0, 0, 0, 0, 0]
        place += [0xAA, 0xBB] + Array(repeating: 0, count: 46)
        place += Array("con_b".utf8) + Array(repeating: 0, count: 251)
        place += [0xC1, 0xC2, 0xC3] + Array(repeating: 0, count: Self.placeBytes - Self.answerOffset - 3)
        let image = places.memory.image
        let areSame = [image.prefix(Self.placeBytes) == header[...], image[range(of: 1)] == place[...]]
        #expect(areSame == [true, true])
        #expect(image.count == 33 * Self.placeBytes)
    }

    @Test("What is written twice stands there once; what would leave a gap ends it")
    func offsets() throws {
        var places = ExchangePlaces()
        let place = try places.begun()
        places.write([1, 2, 3], at: 0, to: place)
        places.write([2], at: 1, to: place)
        #expect(Exchanges(places).byPlace[place]?.received == [1, 2, 3])
        places.write([3, 4], at: 2, to: place)
        places.write([], at: 4, to: place)
        #expect(Exchanges(places).byPlace[place]?.received == [1, 2, 3, 4])
        for offset in [5, -1, .max, .min] {
            var broken = try adopted(places)
            broken.write([5], at: offset, to: place)
            #expect(broken.all().map(\.isWhole) == [false], "\(offset)")
        }
        // To the last byte, and one beyond.
        let end = ExchangePlace.answerBytes
        places.write([UInt8](repeating: 5, count: end - 4), at: 4, to: place)
        places.write([5], at: end - 1, to: place)
        #expect(places.all().map(\.isWhole) == [true])
        places.write([5, 5], at: end - 1, to: place)
        #expect(places.all().map(\.isWhole) == [false])
    }

    @Test("There are 32 places; one more has none, and one that ends is there for the next")
    func places() throws {
        var places = ExchangePlaces()
        var expected = Exchanges()
        for number in 0..<32 {
            let exchange = Exchange(id: "con_\(number)", generation: UInt64(number), received: [UInt8(number)])
            let place = try places.begun(exchange)
            places.append([UInt8(number)], to: place)
            expected.byPlace[place] = exchange
        }
        #expect(expected.byPlace.count == 32)
        places.begin(expecting: nil)
        #expect(Exchanges(places) == expected)
        // The next process has none free either.
        var next = try adopted(places)
        #expect(Exchanges(next) == expected)
        next.begin(expecting: nil)
        next.end(17)
        next.begin(expecting: 17)
        next.begin(expecting: nil)
        expected.byPlace[17] = Exchange()
        #expect(Exchanges(next) == expected)
    }

    @Test("A place that ended without being free is not used again by this process")
    func withheld() throws {
        var places = ExchangePlaces()
        let place = try places.begun()
        places.end(place, isFree: false)
        // Nor one in which there was none.
        places.end(5, isFree: false)
        let taken = (0..<31).compactMap { _ in places.begin() }
        #expect(taken.count == 30)
        #expect(!taken.contains(place) && !taken.contains(5))
        places.end(5)
        places.begin(expecting: 5)
    }

    @Test(
        "An id of 256 bytes and a key of 48 fit, one byte more does not",
        arguments: [(256, 48, true), (257, 48, false), (256, 49, false), (0, 0, true)])
    func limits(idCount: Int, keyCount: Int, fits: Bool) throws {
        var places = ExchangePlaces()
        let exchange = Exchange(
            id: String(repeating: "i", count: idCount), key: Array(repeating: 0xEE, count: keyCount))
        let place = places.begin(exchange)
        #expect((place != nil) == fits)
        let expected = Exchanges(fits ? [0: exchange] : [:])
        #expect(Exchanges(places) == expected)
        // What does not fit takes no place.
        let rest = (0..<33).compactMap { _ in places.begin() }
        #expect(rest.count == (fits ? 31 : 32))
    }

    @Test("An answer fills its place to the last byte; with one byte more it is none, and stays so")
    func fullPlace() throws {
        var places = ExchangePlaces()
        let neighbour = try places.begun(Exchange(id: "con_b"))
        let place = try places.begun()
        let above = try places.begun(Exchange(id: "con_c"))
        let answer = (0..<ExchangePlace.answerBytes).map { UInt8(truncatingIfNeeded: $0 * 31) }
        places.append(Array(answer.dropLast()), to: place)
        places.append([answer[answer.count - 1]], to: place)
        var expected = Exchanges([
            neighbour: Exchange(id: "con_b"), place: Exchange(received: answer), above: Exchange(id: "con_c"),
        ])
        var isAsExpected = Exchanges(places) == expected
        #expect(isAsExpected)
        places.append([], to: place)
        isAsExpected = Exchanges(places) == expected
        #expect(isAsExpected)

        expected.byPlace[place]?.received = nil
        places.append([1], to: place)
        #expect(Exchanges(places) == expected)
        places.append([], to: place)
        places.append([2], to: place)
        #expect(Exchanges(places) == expected)
        var next = try adopted(places)
        next.append([3], to: place)
        #expect(Exchanges(next) == expected)
    }

    @Test("More than a place holds at once is not written at all")
    func tooMuch() throws {
        var places = ExchangePlaces()
        let place = try places.begun()
        places.append(Array(repeating: 0xEE, count: ExchangePlace.answerBytes + 1), to: place)
        #expect(Exchanges(places) == Exchanges([place: Exchange(received: nil)]))
        #expect(!places.memory.image.contains(0xEE))
    }

    @Test("Nothing is added where there is no exchange")
    func noExchange() throws {
        var places = ExchangePlaces()
        let done = places.memory.stores.count
        places.append([1, 2, 3], to: 4)
        #expect(places.memory.stores.count == done)
    }

    @Test("Ending wipes every byte of the place, and a place that is used again shows nothing of the one before")
    func wiping() throws {
        var places = ExchangePlaces()
        _ = places.begin(Exchange(id: "con_b", received: []))
        let fresh = places.memory.image
        let long = Exchange(
            id: String(repeating: "i", count: 256), generation: .max, bytesWritten: .max,
            key: Array(repeating: 0xEE, count: 48))
        for count in [ExchangePlace.answerBytes, ExchangePlace.answerBytes + 1] {
            let place = try places.begun(long)
            places.append(Array(repeating: 0xEE, count: count - 1), to: place)
            places.append([0xEE], to: place)
            places.end(place)
            let isWiped = places.memory.image == fresh
            #expect(isWiped)
        }
        let short = Exchange(id: "c", key: [1], received: [])
        let place = try places.begun(short)
        #expect(Exchanges(places).byPlace[place] == short)
    }

    @Test(
        "Memory of another size, version or magic is not taken over",
        arguments: [(0, 0x51), (7, 0), (8, 0), (8, 2), (12, 1), (15, 0x80), (16, 1), (18, 0), (18, 0x22), (23, 1)]
            as [(Int, UInt8)])
    func foreign(offset: Int, byte: UInt8) throws {
        var places = ExchangePlaces()
        _ = places.begin()
        var image = places.memory.image
        #expect(Exchanges(image: image) != nil)
        image[offset] = byte
        #expect(Exchanges(image: image) == nil)
    }

    @Test("Memory of another length is not taken over, nor is blank memory")
    func otherLength() {
        let places = ExchangePlaces()
        let image = places.memory.image
        #expect(Exchanges(image: Array(image.dropLast(8))) == nil)
        #expect(Exchanges(image: image + [0, 0, 0, 0, 0, 0, 0, 0]) == nil)
        #expect(Exchanges(image: []) == nil)
        #expect(Exchanges(image: Array(repeating: 0, count: image.count)) == nil)
        #expect(Exchanges(image: image) == Exchanges())
    }

    // MARK: Bytes that no process wrote

    @Test("Whatever stands in the places, reading it gives exchanges within their bounds or none", arguments: 0..<40)
    func randomBytes(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var image = ExchangePlaces().memory.image
        for place in 0..<32 {
            let start = range(of: place).lowerBound
            for offset in 0..<Self.answerOffset + 8 {
                image[start + offset] = UInt8.random(in: 0...255, using: &random)
            }
            // Numbers about the limits, so that more than the first look at them is tried.
            let limits: [UInt64] = [0, 1, 47, 48, 49, 255, 256, 257, 65_151, 65_152, 65_153, 1 << 32, 1 << 63, .max]
            for word in [0, 24, 32, 40, 48] where Bool.random(using: &random) {
                image.put(limits.randomElement(using: &random) ?? 0, at: start + word)
            }
            if place % 2 == 0 { image.put(1, at: start) }
        }
        try exercise(image, &random)
    }

    @Test("A flipped bit anywhere in what describes an exchange is no fault", arguments: [UInt8(0x01), 0x80, 0x55])
    func flippedBits(mask: UInt8) throws {
        var places = ExchangePlaces()
        _ = places.begin()
        places.append([1, 2, 3], to: 0)
        var random = SeededRandom(seed: UInt64(mask))
        let whole = places.memory.image
        for offset in 0..<Self.answerOffset {
            var image = whole
            image[range(of: 0).lowerBound + offset] ^= mask
            let found = try adopted(image).all()
            #expect(found.count <= 1)
            if offset % 16 == 0 { try exercise(image, &random) }
        }
    }

    private func exercise(_ image: [UInt8], _ random: inout SeededRandom) throws {
        var places = try adopted(image)
        let found = places.all()
        #expect(found.map(\.number) == (0..<32).filter { isExchange(image, at: range(of: $0).lowerBound) })
        for place in found {
            let start = range(of: place.number).lowerBound
            let received = image.word(at: start + 24)
            #expect(place.isWhole == (received <= UInt64(ExchangePlace.answerBytes)))
            let counts = places.withContents(of: place) { ($0.count, $1.count) }
            #expect(counts.0 == Int(image.word(at: start + 40)))
            #expect(counts.1 == (place.isWhole ? Int(received) : 0))
        }
        for place in 0..<32 {
            places.append(Array(repeating: 3, count: Int.random(in: 0...70_000, using: &random)), to: place)
        }
        for place in 0..<32 where !found.contains(where: { $0.number == place }) { places.begin(expecting: place) }
        places.begin(expecting: nil)
        for place in found { places.end(place.number) }
        #expect(places.all().count == 32 - found.count)
        for place in found { places.begin(expecting: place.number) }
        #expect(Exchanges(places) == Exchanges(Dictionary(uniqueKeysWithValues: (0..<32).map { ($0, Exchange()) })))
    }

    private func isExchange(_ image: [UInt8], at start: Int) -> Bool {
        image.word(at: start) == 1 && image.word(at: start + 32) <= 256 && image.word(at: start + 40) <= 48
    }

    // MARK: Crashes

    @Test("A crash while the memory is made leaves none, or one without exchanges")
    func crashInCreation() {
        let stores = ExchangePlaces().memory.stores
        var image = [UInt8](repeating: 0, count: ExchangePlace.memoryBytes)
        for store in stores {
            #expect(Exchanges(image: image) == nil)
            store.apply(to: &image)
        }
        #expect(Exchanges(image: image) == Exchanges())
    }

    @Test("A crash at any store, and within it, leaves the exchange as it was before or as it is after")
    func crashes() throws {
        var places = ExchangePlaces()
        let neighbour = Exchange(id: "con_b", received: [9])
        let exchange = Exchange(id: "con_a_with_a_longer_name", key: Array(repeating: 0xEE, count: 48))
        try crash(in: &places) { $0.begin(neighbour, expecting: 0) }
        try crash(in: &places) { $0.append([9], to: 0) }
        let long = [UInt8](repeating: 0xEE, count: 600)
        for _ in 0..<2 {
            try crash(in: &places) { $0.begin(exchange, expecting: 1) }
            try crash(in: &places) { $0.append(Array(long.prefix(100)), to: 1) }
            try crash(in: &places) { $0.append(long, to: 1) }
            try crash(in: &places) {
                $0.append(Array(repeating: 0xEE, count: ExchangePlace.answerBytes - 699), to: 1)
            }
            try crash(in: &places) { $0.end(1) }
        }
        #expect(Exchanges(places) == Exchanges([0: neighbour]))
    }

    @Test("A place that no process can have left so is wiped before it is used, whatever comes in between")
    func crashAfterDamage() throws {
        var places = ExchangePlaces()
        _ = places.begin()
        var image = places.memory.image
        // Longer than any id: no exchange.
        image.put(257, at: range(of: 0).lowerBound + 32)
        var damaged = try adopted(image)
        try crash(in: &damaged) { $0.begin(Exchange(id: "con_b"), expecting: 0) }
    }

    /// Takes one step, and looks at what the next process finds if this one ends in the middle of it.
    private func crash(
        in places: inout ExchangePlaces<TracedMemory>, _ step: (inout ExchangePlaces<TracedMemory>) throws -> Void
    ) throws {
        var image = places.memory.image
        let (before, done) = (Exchanges(places), places.memory.stores.count)
        try step(&places)
        let after = Exchanges(places)
        for store in places.memory.stores[done...] {
            try store.forEachInterruption(of: image) { torn in
                let found = try #require(Exchanges(image: torn))
                #expect(found == before || found == after)
            }
            store.apply(to: &image)
        }
        #expect(Exchanges(image: image) == after)
        // A place that is half wiped is as good as a fresh one.
        var next = try adopted(image)
        while let place = next.begin() { #expect(Exchanges(next).byPlace[place] == Exchange()) }
    }
}

extension [UInt8] {
    fileprivate mutating func put(_ word: UInt64, at offset: Int) {
        for byte in 0..<8 { self[offset + byte] = UInt8(truncatingIfNeeded: word >> (byte * 8)) }
    }

    fileprivate func word(at offset: Int) -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(self[offset + $1]) << ($1 * 8) }
    }
}
