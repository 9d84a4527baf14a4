internal import JSONRPC

/// Notifications of one connection that wait until its peer reads. Bounded by ``RPCLimits``, for they are not taken yet.
struct WaitingNotices {
    private var lines: [RPCOutgoing] = []
    /// Memory in use.
    private(set) var held = 0

    var isEmpty: Bool { lines.isEmpty }

    mutating func append(_ line: RPCOutgoing) {
        lines.append(line)
        held += line.count
    }

    /// Gives all of them, in order.
    mutating func takeAll() -> [RPCOutgoing] {
        defer {
            lines = []
            held = 0
        }
        return lines
    }
}
