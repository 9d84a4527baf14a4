internal import Glibc
internal import Logging
internal import OAuth
internal import SecretBytes
internal import SecretVault
internal import Synchronization
internal import Systemd
internal import TokenEndpoint

/// Exchanges with providers across restarts: systemd keeps their sockets, and the memory with what was received on them, and
/// hands both to the next process of the unit.
///
/// So an answer that is on its way when the process ends is read by the next one.
final class ExchangeStore: ExchangeKeeping {
    private static let memoryName = "exchanges"
    private static let socketPrefix = "answer-"
    /// Places that the vault needs to move.
    private static let reserved = 2

    private struct State: Sendable {
        var places: [ExchangeName: KeptPlace] = [:]
        /// Sockets that an earlier process left, by place.
        var sockets: [Int: CInt] = [:]
        var lastTurn: UInt64 = 0
    }

    private let memory: ExchangeMemory
    private let store: StorePlaces
    private let state: Mutex<State>

    /// Refreshes that an earlier process has sent, and whose answer can still be had.
    let left: Set<ExchangeName>

    /// What an earlier process left, or a new store; systemd has it when this returns. Nil, and a word of it in the log, where
    /// there is no room for one.
    static func open(_ received: ListenDescriptors, _ store: StorePlaces, logger: Logger) -> ExchangeStore? {
        do {
            let opened = try ExchangeStore(received, store)
            if !opened.memory.protection.isLocked {
                logger.warning("Of the memory for answers on their way: \(opened.memory.protection)")
            }
            return opened
        } catch {
            logger.warning("Answers on their way when the daemon ends will be lost: \(error)")
            for entry in received.entries where entry.name.hasPrefix(socketPrefix) { discard(entry, store) }
            return nil
        }
    }

    /// Whether this entry is one of those that it keeps.
    static func owns(_ entry: ListenDescriptors.Entry) -> Bool {
        entry.name == memoryName || entry.name.hasPrefix(socketPrefix)
    }

    private init(_ received: ListenDescriptors, _ store: StorePlaces) throws {
        self.store = store
        let memories = received.entries.filter { $0.name == Self.memoryName }
        // systemd lets go by name: of several, none can be kept alone.
        let adopted = memories.count == 1 ? try? ExchangeMemory(adopting: memories[0].descriptor) : nil
        if let adopted {
            memory = adopted
            for entry in memories { close(entry.descriptor) }
        } else {
            var areGone = true
            for entry in memories where !Self.discard(entry, store) { areGone = false }
            // Its removal is tried again later, and would be that of another one under its name.
            guard areGone else { throw NotTold() }
            memory = try ExchangeMemory()
            let isStored = try store.store(memory.fileDescriptor, name: Self.memoryName, sparing: Self.reserved)
            guard isStored else { throw NoRoom() }
        }
        var state = State()
        var sockets: [Int: CInt] = [:]
        for entry in received.entries where entry.name.hasPrefix(Self.socketPrefix) {
            let number = (0..<ExchangePlace.count).first { entry.name == Self.socketName($0) }
            if let number, received.descriptors(named: entry.name).count == 1 {
                sockets[number] = entry.descriptor
            } else if !Self.discard(entry, store), let number {
                memory.end(number, isFree: false)
            }
        }
        for place in memory.all() {
            let name = ExchangeName(
                connectionID: place.connectionID, generation: place.generation, tokens: place.tokens,
                isFirst: place.isFirst, begunAt: place.begunAt)
            guard place.isWhole, let socket = sockets[place.number], state.places[name] == nil else {
                memory.end(place.number)
                continue
            }
            sockets[place.number] = nil
            state.lastTurn += 1
            state.places[name] = KeptPlace(number: place.number, turn: state.lastTurn)
            state.sockets[place.number] = socket
        }
        // Their process ended before or after there was something to be kept.
        for (number, socket) in sockets {
            close(socket)
            if !store.remove(Self.socketName(number)) { memory.end(number, isFree: false) }
        }
        left = Set(state.places.keys)
        self.state = Mutex(state)
    }

    func keep(_ name: ExchangeName, socket: CInt, key: borrowing SecretBytes, moved: BytesMoved) -> KeptPlace? {
        // Of two under one name the next process could not tell which is the later one.
        forget(name)
        let begun = key.withBytes { key in
            memory.begin(
                connectionID: name.connectionID, generation: name.generation, tokens: name.tokens,
                isFirst: name.isFirst, begunAt: name.begunAt, key: key, bytesWritten: moved.written,
                bytesRead: moved.read)
        }
        guard let number = begun else { return nil }
        let isStored =
            (try? store.store(socket, name: Self.socketName(number), sparing: Self.reserved)) ?? false
        guard isStored else {
            memory.end(number)
            return nil
        }
        return state.withLock { state in
            state.lastTurn += 1
            let place = KeptPlace(number: number, turn: state.lastTurn)
            state.places[name] = place
            return place
        }
    }

    func record(_ bytes: Span<UInt8>, from offset: Int, at place: KeptPlace) {
        // As long as it is locked, the place is no other exchange's.
        state.withLock { state in
            if state.places.values.contains(place) { memory.write(bytes, at: offset, to: place.number) }
        }
    }

    func takeOver(_ name: ExchangeName) -> KeptExchange? {
        let found = state.withLock { state in
            state.places[name].flatMap { place in
                state.sockets.removeValue(forKey: place.number).map { (place: place, socket: $0) }
            }
        }
        guard let found else { return nil }
        var key = SecretBuffer()
        var received = SecretBuffer()
        let isWhole = memory.withContents(of: found.place.number) {
            key.append($0)
            received.append($1)
        }
        let begun = memory.all().first { $0.number == found.place.number }
        guard isWhole, let begun else {
            close(found.socket)
            return nil
        }
        return KeptExchange(
            place: found.place, socket: found.socket, key: key.bytes(),
            moved: BytesMoved(written: begun.bytesWritten, read: begun.bytesRead), received: received.bytes())
    }

    func forget(_ name: ExchangeName) {
        let found = state.withLock { state in
            state.places.removeValue(forKey: name).map { ($0, state.sockets.removeValue(forKey: $0.number)) }
        }
        guard let (place, socket) = found else { return }
        if let socket { close(socket) }
        // Not used again as long as systemd may have another socket under its name.
        let isRemoved = store.remove(Self.socketName(place.number))
        memory.end(place.number, isFree: isRemoved)
    }

    private static func socketName(_ place: Int) -> String { "\(socketPrefix)\(place)" }

    /// False if systemd could not be told.
    @discardableResult
    private static func discard(_ entry: ListenDescriptors.Entry, _ store: StorePlaces) -> Bool {
        close(entry.descriptor)
        return store.remove(entry.name)
    }

    private struct NoRoom: Error, CustomStringConvertible {
        var description: String { "systemd keeps too few descriptors of this unit; raise FileDescriptorStoreMax=" }
    }

    private struct NotTold: Error, CustomStringConvertible {
        var description: String {
            "systemd could not be told to let go of those of another version; a restart tries again"
        }
    }
}
