internal import SecretBytes

/// Which calls wait for which answers, and what is still to be sent. No I/O.
///
/// A call that was sent keeps its place until its answer comes, even when its caller has left: the daemon counts it as
/// well.
struct CallTable: ~Copyable {
    private let limits: PurserClient.Limits
    private var nextID = 1

    /// Calls that have no place yet, by id; the next one to get a place is `firstWaiting`.
    private var waiting: [Int: PendingCall] = [:]
    private var firstWaiting = 1
    private var waitingBytes = 0

    /// Calls whose answers are to come, by id.
    private var inFlight: [Int: PendingCall] = [:]

    /// Bytes for the socket.
    private var outgoing = SecretBuffer()

    init(limits: PurserClient.Limits) { self.limits = limits }

    /// Takes a call in, to be sent as soon as there is a place for it.
    mutating func add(_ call: PendingCall) throws(PurserError) {
        try checkRoom(for: call.request)
        guard waiting.count < limits.waitingCalls else { throw .tooManyCalls }
        waiting[nextID] = call
        waitingBytes += call.request.length
        nextID += 1
        fillPlaces()
    }

    /// Takes a notification in, which needs no place.
    mutating func add(notification: RequestLine) throws(PurserError) {
        try checkRoom(for: notification)
        notification.append(to: &outgoing, id: nil)
    }

    /// The call that the answer with this id belongs to; nil where there is none.
    mutating func takeCall(id: Int) -> PendingCall? {
        guard let call = inFlight.removeValue(forKey: id) else { return nil }
        fillPlaces()
        return call
    }

    /// Forgets the calls that have no place yet, and every byte for the socket; gives back those calls.
    mutating func removeUnsent() -> [PendingCall] {
        let unsent = Array(waiting.values)
        waiting = [:]
        waitingBytes = 0
        firstWaiting = nextID
        outgoing.removeAll()
        return unsent
    }

    /// Forgets everything and gives back the calls, whose answers will not come.
    mutating func removeAll() -> [PendingCall] {
        let sent = Array(inFlight.values)
        inFlight = [:]
        return sent + removeUnsent()
    }

    /// Whether there is something to be sent.
    var hasOutgoing: Bool { !outgoing.isEmpty }

    /// Lends what is to be sent to `send`, which tells how much of it is gone.
    mutating func send(_ send: (Span<UInt8>) -> Int) {
        let count = outgoing.withBytes { send($0) }
        outgoing.removeFirst(count)
        // An idle connection keeps no more than a few kilobytes.
        if outgoing.isEmpty { outgoing.removeAll(keepingAtMost: 4 << 10) }
    }

    private func checkRoom(for request: RequestLine) throws(PurserError) {
        guard waitingBytes + outgoing.count + request.length <= limits.unsentBytes else { throw .tooManyCalls }
    }

    private mutating func fillPlaces() {
        while firstWaiting < nextID, inFlight.count < max(limits.callsInFlight, 1) {
            let id = firstWaiting
            firstWaiting += 1
            guard let call = waiting.removeValue(forKey: id) else { continue }
            waitingBytes -= call.request.length
            // Its caller has left before it was sent.
            if call.isResolved { continue }
            inFlight[id] = call
            call.request.append(to: &outgoing, id: id)
        }
    }
}
