package import SecretBytes

/// Writes compact JSON (RFC 8259) straight into a buffer that is wiped, so that a secret goes from its owner to the output
/// without a copy in between. Commas come by themselves.
///
/// What is written with it is well-formed JSON when each key is followed by one value and each begin by its end.
package struct JSONWriter: ~Copyable {
    private var buffer: SecretBuffer
    private var state = State()

    /// What is needed besides the bytes to go on from a place.
    fileprivate struct State {
        /// Whether a value precedes at this level.
        var needsComma = false
        /// Containers that are open.
        var depth = 0
        /// The level at which exactly one value may be written.
        var floor = -1
        /// A second value, or a key, or an end, at the level of the floor.
        var isBroken = false
    }

    /// A place in the output to which ``rewind(to:)`` returns.
    package struct Mark {
        /// Number of bytes before it, those in the buffer at the start included.
        package let length: Int
        fileprivate let state: State
    }

    /// A writer with a buffer of its own.
    package init(minimumCapacity: Int = 256) { buffer = SecretBuffer(minimumCapacity: minimumCapacity) }

    /// A writer that goes on behind what `buffer` holds; ``finish()`` gives it back.
    package init(appendingTo buffer: consuming SecretBuffer) { self.buffer = buffer }

    /// The buffer with all that was written.
    package consuming func finish() -> SecretBuffer { buffer }

    /// Number of bytes in the buffer.
    package var length: Int { buffer.count }

    /// This place.
    package var mark: Mark { Mark(length: buffer.count, state: state) }

    /// Drops and wipes what was written since `mark` was taken from this writer, a half-written value for example.
    package mutating func rewind(to mark: Mark) {
        buffer.truncate(to: min(mark.length, buffer.count))
        state = mark.state
    }

    /// Lends what was written since `mark`.
    package borrowing func withBytes<Result: ~Copyable, Failure>(
        since mark: Mark, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try buffer.withBytes { (bytes) throws(Failure) -> Result in
            try body(bytes.extracting(min(mark.length, bytes.count)...))
        }
    }

    /// Ends a line and starts a new text behind it.
    package mutating func endLine() {
        buffer.append(UInt8(ascii: "\n"))
        state = State()
    }

    // MARK: Containers

    /// Starts an object.
    package mutating func beginObject() {
        beforeValue()
        open(UInt8(ascii: "{"))
    }

    /// Starts an object whose first members, at least one, are written already: `"jsonrpc":"2.0"`.
    package mutating func beginObject(with members: StaticString) {
        beginObject()
        buffer.append(members)
        state.needsComma = true
    }

    /// Ends an object.
    package mutating func endObject() { close(UInt8(ascii: "}")) }

    /// Starts an array.
    package mutating func beginArray() {
        beforeValue()
        open(UInt8(ascii: "["))
    }

    /// Ends an array.
    package mutating func endArray() { close(UInt8(ascii: "]")) }

    /// Writes an object with the members that `body` writes.
    package mutating func object<Failure>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        beginObject()
        try body(&self)
        endObject()
    }

    /// Writes an array with the elements that `body` writes.
    package mutating func array<Failure>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        beginArray()
        try body(&self)
        endArray()
    }

    // MARK: One value from elsewhere

    /// Writes one value that `body` appends as JSON text; what it appends is not looked at.
    package mutating func assembled<Failure>(_ body: (inout SecretBuffer) throws(Failure) -> Void) throws(Failure) {
        beforeValue()
        try body(&buffer)
    }

    /// How much of the one value that ``beginSlot()`` asked for has been written.
    package enum SlotState: Sendable {
        /// Nothing.
        case empty
        /// One whole value.
        case filled
        /// Part of a value, or more than one.
        case broken
    }

    /// From here to ``endSlot(since:)``, exactly one value is to be written, by code that this one does not trust to do so.
    package mutating func beginSlot() {
        state.floor = state.depth
        state.needsComma = false
        state.isBroken = false
    }

    /// Ends the slot that began right after `mark`, and tells what is in it.
    package mutating func endSlot(since mark: Mark) -> SlotState {
        let found: SlotState =
            if state.isBroken || state.depth != state.floor {
                .broken
            } else if buffer.count == mark.length {
                .empty
            } else {
                state.needsComma ? .filled : .broken
            }
        state.floor = mark.state.floor
        state.isBroken = mark.state.isBroken
        return found
    }

    // MARK: Pieces

    @inline(__always)
    mutating func append(_ byte: UInt8) { buffer.append(byte) }

    @inline(__always)
    mutating func append(_ bytes: Span<UInt8>) { buffer.append(bytes) }

    @inline(__always)
    mutating func append(_ text: StaticString) { buffer.append(text) }

    /// To be called before each value and each key.
    @inline(__always)
    mutating func beforeValue() {
        if state.needsComma {
            if state.depth == state.floor { state.isBroken = true }
            buffer.append(UInt8(ascii: ","))
        }
        state.needsComma = true
    }

    /// To be called after each key.
    @inline(__always)
    mutating func afterKey() {
        if state.depth == state.floor { state.isBroken = true }
        buffer.append(UInt8(ascii: ":"))
        state.needsComma = false
    }

    /// The longest key for ``appendShortKey(_:)``.
    static var maxShortKey: Int { 32 }

    /// Writes a key that needs no escapes, with all punctuation, in one append: each append costs as much as copying the key.
    @inline(__always)
    mutating func appendShortKey(_ key: Span<UInt8>) {
        var piece = InlineArray<36, UInt8>(repeating: UInt8(ascii: "\""))
        let start = state.needsComma ? 0 : 1
        if state.depth == state.floor { state.isBroken = true }
        state.needsComma = false
        piece[0] = UInt8(ascii: ",")
        for index in key.indices { piece[index &+ 2] = key[index] }
        piece[key.count &+ 3] = UInt8(ascii: ":")
        buffer.append(piece.span.extracting(start..<key.count &+ 4))
    }

    private mutating func open(_ bracket: UInt8) {
        buffer.append(bracket)
        state.depth += 1
        state.needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        if state.depth == state.floor { state.isBroken = true }
        buffer.append(bracket)
        state.depth -= 1
        state.needsComma = true
    }
}
