package import JSON

/// Bounds on what one peer connection may ask for.
package struct RPCLimits: Sendable {
    /// Bounds on one line.
    package var line = JSONLimits(maxBytes: 1 << 20)

    /// Most entries of a batch; a longer one is refused as a whole, before any of it is executed.
    package var maxBatchEntries = 1000

    /// Longest answer to a batch, in bytes, but for the errors that stand for entries that do not fit any more.
    package var maxBatchAnswerBytes = 8 << 20

    /// Most calls of one connection that may wait at a time, notifications included.
    package var maxWaitingReplies = 256

    /// Longest id, in bytes as written: each waiting call keeps its own.
    package var maxIDBytes = 4096

    /// Most notifications of one connection that its peer has not taken.
    package var maxNotices = 256

    /// Bytes of the same, but for the last one.
    package var maxNoticeBytes = 64 << 10

    /// The defaults.
    package init() {}
}
