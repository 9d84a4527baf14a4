package import OAuth
package import SecretBytes

/// Keeps exchanges with providers beyond the end of the process: their sockets, and what is needed to read what comes.
///
/// All calls are short and may come on any thread.
package protocol ExchangeKeeping: Sendable {
    /// Keeps an exchange from now on, before what must not be lost is written to its socket. Nil where it cannot be kept;
    /// the exchange goes on all the same.
    ///
    /// `key`: the server's application traffic secret (RFC 8446 section 7.1), empty where the connection is not encrypted.
    /// `moved`: what had been written to the socket so far, and read before the first byte that is recorded.
    func keep(_ name: ExchangeName, socket: CInt, key: borrowing SecretBytes, moved: BytesMoved) -> KeptPlace?

    /// Notes what is received, as it comes, from the `offset`th byte on: some of it may be noted already.
    func record(_ bytes: Span<UInt8>, from offset: Int, at place: KeptPlace)

    /// What an earlier process left under this name, which is kept on; nil if it cannot be gone on with.
    func takeOver(_ name: ExchangeName) -> KeptExchange?

    /// Lets go of it, and wipes what was kept.
    func forget(_ name: ExchangeName)
}

/// What went through a socket, by the kernel's count, which is the same for all processes; a constant aside.
package struct BytesMoved: Sendable, Equatable {
    package let written: UInt64
    package let read: UInt64

    package init(written: UInt64, read: UInt64) {
        self.written = written
        self.read = read
    }
}

/// Where an exchange is kept: a place that is used again has another turn.
package struct KeptPlace: Sendable, Equatable {
    package let number: Int
    package let turn: UInt64

    package init(number: Int, turn: UInt64) {
        self.number = number
        self.turn = turn
    }
}

/// An exchange that an earlier process began.
package struct KeptExchange: ~Copyable, Sendable {
    package let place: KeptPlace
    /// Of whoever takes it over, to be closed.
    package let socket: CInt
    package let key: SecretBytes
    /// When it began.
    package let moved: BytesMoved
    /// What was recorded, of which the end may not have been read from the socket.
    package let received: SecretBytes

    package init(
        place: KeptPlace, socket: CInt, key: consuming SecretBytes, moved: BytesMoved,
        received: consuming SecretBytes
    ) {
        self.place = place
        self.socket = socket
        self.key = key
        self.moved = moved
        self.received = received
    }
}
