import FuzzDriver
import FuzzMemory
import SecretVault

// A libFuzzer target: bytes as the image of a vault, read, repaired, iterated and written to. It looks for traps and
// for broken promises; an error is a good answer. Seeds: Corpora/vault.

@main
struct FuzzVault {
    static func main() { unsafe fuzz(fuzzVault) }
}

/// The first byte chooses how the rest is taken: as a whole segment; as the log behind a header that is right, with an
/// extent that is not; or as such a log in which checksums and lengths have been put right, so that the fuzzer gets
/// past them.
private func fuzzVault(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    guard let mode = unsafe input.first else { return 0 }
    // Memory is made of words.
    let bytes = unsafe [UInt8](input.dropFirst().prefix((count - 1) & ~7))
    do {
        switch mode % 3 {
        case 0: try exercise(ImageMemory(image: bytes))
        case 1: try exercise(ImageMemory(image: segment(withLog: bytes)))
        default: try exercise(ImageMemory(image: sealed(segment(withLog: bytes))))
        }
    } catch {
        precondition(!error.description.isEmpty)
    }
    return 0
}

private let headerLength = 48

/// A segment whose log is `log`, with salt 0 and a wrong extent, so that all of it is read.
private func segment(withLog log: [UInt8]) -> [UInt8] {
    let memory = ImageMemory(image: Array(repeating: 0, count: headerLength + log.count))
    var image = Segment(creatingIn: memory, creationSequence: 1, salt: 0).memory.image
    for offset in 40..<headerLength { image[offset] = 0xFF }
    image.replaceSubrange(headerLength..., with: log)
    return image
}

/// Makes whole records of what stands in the log, one behind the other: state, kind, key, payload, sequence and most
/// versions are the fuzzer's, lengths and checksums are made to fit. A record that begins with 0xEE is left as it is.
private func sealed(_ image: [UInt8]) -> [UInt8] {
    var image = image
    var start = headerLength
    while start + 32 <= image.count {
        let room = image.count - start - 32
        let keyLength = min(Int(image[start + 7]), room)
        let payloadLength = min(Int(image[start + 8]) | Int(image[start + 9] & 3) << 8, room - keyLength)
        let length = (32 + keyLength + payloadLength + 7) & ~7
        if image[start] != 0xEE { seal(&image, at: start, keyLength, payloadLength, length) }
        start += length
    }
    return image
}

private func seal(_ image: inout [UInt8], at start: Int, _ keyLength: Int, _ payloadLength: Int, _ length: Int) {
    let state: UInt32 = image[start] % 4 == 0 ? 0xBAA9_B6B3 : 0x4556_494C
    image.put(UInt64(state), 4, at: start)
    if image[start + 5] != 0xEE { image.put(1, 2, at: start + 4) }
    image[start + 7] = UInt8(keyLength)
    image.put(UInt64(payloadLength), 4, at: start + 8)
    image.put(UInt64(length), 4, at: start + 28)
    let body = start + 32..<start + 32 + keyLength + payloadLength
    image.put(UInt64(checksum(image[body])), 4, at: start + 24)
    var covered = [UInt8](repeating: 0, count: 16)
    covered.put(UInt64(start), 8, at: 8)
    covered += image[start + 4..<start + 12] + image[start + 16..<start + 32]
    image.put(UInt64(checksum(covered[...])), 4, at: start + 12)
}

private func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var crc = CRC32C()
    crc.update(bytes.span)
    return crc.value
}

extension [UInt8] {
    /// Puts the lowest bytes of a number, the lowest first.
    fileprivate mutating func put(_ number: UInt64, _ count: Int, at offset: Int) {
        for byte in 0..<count { self[offset + byte] = UInt8(truncatingIfNeeded: number >> (byte * 8)) }
    }
}

private func exercise(_ memory: consuming ImageMemory) throws(VaultError) {
    var segment = try Segment.restored(from: memory)
    let records = contents(segment)
    precondition(records.count == segment.count)

    // What has been repaired once reads the same, and without a complaint.
    let again = try Segment.restored(from: ImageMemory(image: segment.memory.image))
    precondition(contents(again) == records && again.dropped == 0)
    precondition(again.liveBytes == segment.liveBytes && again.deadBytes == segment.deadBytes)

    let copy = segment.copied(
        into: ImageMemory(image: Array(repeating: 0, count: segment.memory.count)), salt: 9)
    precondition(contents(copy) == records)
    try write(to: &segment)
}

private func write(to segment: inout Segment<ImageMemory>) throws(VaultError) {
    var handles: [RecordHandle] = []
    segment.forEachRecord { handle, _, _, _ in handles.append(handle) }
    for handle in handles.enumerated() where handle.offset % 2 == 0 { precondition(segment.remove(handle.element)) }
    if segment.fits(48) {
        let handle = segment.put(kind: 7, key: "fuzz".utf8.span, payload: "payload".utf8.span)
        precondition(segment.withPayload(handle) { $0.count } == 7)
    }
    let records = contents(segment)
    let again = try Segment.restored(from: ImageMemory(image: segment.memory.image))
    precondition(contents(again) == records && again.dropped == 0)
    segment.wipe()
    precondition(segment.count == 0)
}

/// Payload by kind and key.
private func contents(_ segment: borrowing Segment<ImageMemory>) -> [[UInt8]: [UInt8]] {
    var contents: [[UInt8]: [UInt8]] = [:]
    segment.forEachRecord { handle, kind, key, payload in
        precondition(segment.handle(kind: kind, key: key) == handle)
        contents[[kind] + key.indices.map { key[$0] }] = payload.indices.map { payload[$0] }
    }
    return contents
}
