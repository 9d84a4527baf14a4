import FuzzMemory
import Glibc
import SecretVault

private let placeBytes = 64 << 10
private let places = 0..<ExchangePlace.count
/// What describes an exchange, and some of its answer.
private let chunkBytes = 400

/// Memory of the right size that begins so.
func memory(beginningWith bytes: [UInt8]) -> ImageMemory {
    var image = [UInt8](repeating: 0, count: ExchangePlace.memoryBytes)
    image.replaceSubrange(0..<bytes.count, with: bytes)
    return ImageMemory(image: image)
}

/// Memory with a header that is right; each place begins with a part of `bytes`, of which the first byte says that there is
/// an exchange, unless it is 0xEE.
func memory(withPlaces bytes: [UInt8]) -> ImageMemory {
    let blank = ImageMemory(image: Array(repeating: 0, count: ExchangePlace.memoryBytes))
    var image = ExchangePlaces(creatingIn: blank).memory.image
    for place in places {
        let chunk = bytes.dropFirst(place * chunkBytes).prefix(chunkBytes)
        guard let first = chunk.first else { break }
        let start = (place + 1) * placeBytes
        image.replaceSubrange(start..<start + chunk.count, with: chunk)
        if first != 0xEE { image.replaceSubrange(start..<start + 8, with: [1, 0, 0, 0, 0, 0, 0, 0]) }
    }
    return ImageMemory(image: image)
}

func exercisePlaces(_ memory: consuming ImageMemory) {
    switch ExchangePlaces(adopting: memory) {
    case .none: return
    case .some(var adopted): exercise(&adopted)
    }
}

private func exercise(_ adopted: inout ExchangePlaces<ImageMemory>) {
    let found = adopted.all()
    let lengths = found.map { received(of: $0, in: adopted) }
    // One byte more is there, or too much, and nothing else has changed.
    for (index, place) in found.enumerated() { adopted.write([0xFE].span, at: lengths[index], to: place.number) }
    let grown = adopted.all()
    precondition(grown.map(\.number) == found.map(\.number))
    for (index, place) in grown.enumerated() {
        let wasFull = lengths[index] == ExchangePlace.answerBytes
        precondition(place.isWhole == (found[index].isWhole && !wasFull))
        if place.isWhole { precondition(received(of: place, in: adopted) == lengths[index] + 1) }
        precondition((place.connectionID, place.generation) == (found[index].connectionID, found[index].generation))
    }
    // The next process finds the same.
    precondition(exchanges(in: adopted.memory.image) == grown)

    for place in found where place.number % 2 == 0 { adopted.end(place.number) }
    let left = found.count { $0.number % 2 != 0 }
    for _ in left..<ExchangePlace.count { precondition(begin(in: &adopted) != nil) }
    precondition(begin(in: &adopted) == nil)
    for place in adopted.all() { adopted.end(place.number) }
    precondition(adopted.all().isEmpty && isZero(adopted.memory.image, from: placeBytes))
}

private func received(of place: ExchangePlace, in adopted: borrowing ExchangePlaces<ImageMemory>) -> Int {
    adopted.withContents(of: place) { key, received in
        precondition(key.count <= 64 && received.count <= ExchangePlace.answerBytes)
        precondition(place.isWhole || received.isEmpty)
        return received.count
    }
}

private func exchanges(in image: [UInt8]) -> [ExchangePlace]? {
    switch ExchangePlaces(adopting: ImageMemory(image: image)) {
    case .some(let adopted): adopted.all()
    case .none: nil
    }
}

/// By the C library: two megabytes in each run are too many for a loop that a fuzzer counts.
private func isZero(_ image: [UInt8], from start: Int) -> Bool {
    unsafe image.withUnsafeBytes { bytes in
        guard let first = unsafe bytes.baseAddress.map({ unsafe $0 + start }) else { return false }
        return unsafe image[start] == 0 && memcmp(first, first + 1, image.count - start - 1) == 0
    }
}

private func begin(in adopted: inout ExchangePlaces<ImageMemory>) -> Int? {
    let place = adopted.begin(
        connectionID: "fuzz".utf8.span, generation: 1, tokens: 5, isFirst: true, begunAt: 9, key: "key".utf8.span,
        bytesWritten: 2, bytesRead: 3)
    guard let place else { return nil }
    let begun = adopted.all().first { $0.number == place }
    precondition(begun?.connectionID == "fuzz" && begun?.isWhole == true)
    if let begun { precondition(received(of: begun, in: adopted) == 0) }
    return place
}
