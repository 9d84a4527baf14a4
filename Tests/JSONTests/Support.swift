import JSON
import SecretBytes

/// The value of a text; the document is kept alive by it.
func parse(_ bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) -> JSONValue {
    let document = JSONDocument()
    try document.parse(bytes.span, limits: limits)
    return document.root
}

func parse(_ text: String, limits: JSONLimits = .standard) throws(JSONError) -> JSONValue {
    try parse(Array(text.utf8), limits: limits)
}

/// The error that a text gives; nil if it is accepted.
func failure(_ bytes: [UInt8], limits: JSONLimits = .standard) -> JSONError? {
    do {
        _ = try parse(bytes, limits: limits)
        return nil
    } catch {
        return error
    }
}

/// What `write` writes, as bytes.
func writtenBytes(_ write: (inout JSONWriter) -> Void) -> [UInt8] {
    var writer = JSONWriter()
    write(&writer)
    return writer.finish().withBytes { copy($0) }
}

/// What `write` writes, as text.
func written(_ write: (inout JSONWriter) -> Void) -> String {
    String(decoding: writtenBytes(write), as: UTF8.self)
}

func copy(_ bytes: Span<UInt8>) -> [UInt8] {
    bytes.indices.map { bytes[$0] }
}

/// SplitMix64: the same numbers on every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
