import FuzzDriver

// A libFuzzer target: what one process leaves to the next of an exchange with a provider, and what the provider sends then.
// It looks for traps and for broken promises. Seeds: Corpora/exchange.

@main
struct FuzzExchange {
    static func main() { unsafe fuzz(fuzzExchange) }
}

/// The first byte chooses how the rest is taken: as memory for exchanges from its first byte on; as the places in memory
/// whose header is right; as bytes that a TLS server sends; or as what it says, in records that can be opened.
private func fuzzExchange(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    guard let mode = unsafe input.first else { return 0 }
    let bytes = unsafe [UInt8](input.dropFirst())
    switch mode % 4 {
    case 0: exercisePlaces(memory(beginningWith: bytes))
    case 1: exercisePlaces(memory(withPlaces: bytes))
    case 2: exerciseOpener(asReceived: bytes)
    default: exerciseOpener(saying: bytes)
    }
    return 0
}
