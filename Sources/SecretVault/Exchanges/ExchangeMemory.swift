internal import Synchronization

/// ``ExchangePlaces`` in secret memory behind a descriptor that outlives the process. Any thread may call it.
package final class ExchangeMemory: Sendable {
    private let places: Mutex<ExchangePlaces<SecretMemory>>
    /// What holds for it, and what does not.
    package let protection: MemoryProtection
    /// To be handed to whoever keeps a second one; it stays ours.
    package let fileDescriptor: CInt

    /// Fresh memory, of the strongest kind that there is.
    package init() throws(VaultError) {
        let memory = try SecretMemory.create(byteCount: ExchangePlace.memoryBytes, policy: SegmentPolicy())
        fileDescriptor = memory.fileDescriptor
        protection = memory.protection
        places = Mutex(ExchangePlaces(creatingIn: memory))
    }

    /// What an earlier process left, of which this keeps a duplicate.
    package init(adopting descriptor: CInt) throws(VaultError) {
        let memory = try SecretMemory(adopting: descriptor)
        fileDescriptor = memory.fileDescriptor
        protection = memory.protection
        guard let adopted = ExchangePlaces(adopting: memory) else { throw .notVaultMemory }
        places = Mutex(adopted)
    }

    /// See ``ExchangePlaces/begin(connectionID:generation:tokens:isFirst:begunAt:key:bytesWritten:bytesRead:)``.
    package func begin(
        connectionID: String, generation: UInt64, tokens: UInt64, isFirst: Bool, begunAt: Int64, key: Span<UInt8>,
        bytesWritten: UInt64, bytesRead: UInt64
    ) -> Int? {
        var id = connectionID
        return id.withUTF8 { id in
            let id = unsafe id.span
            return places.withLock {
                $0.begin(
                    connectionID: id, generation: generation, tokens: tokens, isFirst: isFirst, begunAt: begunAt,
                    key: key, bytesWritten: bytesWritten, bytesRead: bytesRead)
            }
        }
    }

    /// See ``ExchangePlaces/write(_:at:to:)``.
    package func write(_ bytes: Span<UInt8>, at offset: Int, to place: Int) {
        places.withLock { $0.write(bytes, at: offset, to: place) }
    }

    /// See ``ExchangePlaces/end(_:isFree:)``.
    package func end(_ place: Int, isFree: Bool = true) {
        places.withLock { $0.end(place, isFree: isFree) }
    }

    /// See ``ExchangePlaces/all()``.
    package func all() -> [ExchangePlace] { places.withLock { $0.all() } }

    /// Lends the key and what was received of the exchange at this place; false if there is none, or not all of it.
    package func withContents(of number: Int, _ body: (_ key: Span<UInt8>, _ received: Span<UInt8>) -> Void) -> Bool {
        places.withLock { places in
            guard let place = places.all().first(where: { $0.number == number && $0.isWhole }) else { return false }
            places.withContents(of: place, body)
            return true
        }
    }
}
