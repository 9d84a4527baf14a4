/// Bounds on what whoever reaches the port can make the listener hold.
package struct CallbackLimits: Sendable {
    /// Open connections. One more takes the place of the one that has kept us waiting longest for its request.
    package var connections = 32
    /// Bytes of a request's first line and header fields.
    package var headBytes = 16 << 10
    /// From the connection to the end of its request.
    package var requestTime: Duration = .seconds(10)
    /// From the end of a callback to its outcome; the browser is then told to look again later. Longer than a token
    /// request may take.
    package var answerTime: Duration = .seconds(90)
    /// From an answer to the end of the connection, for the peer to read it.
    package var lingering: Duration = .seconds(2)
    /// Pages that can be read at one time; the oldest makes room.
    package var pages = 32
    /// How long a page can be read.
    package var pageTime: Duration = .seconds(300)

    /// The defaults.
    package init() {}
}
