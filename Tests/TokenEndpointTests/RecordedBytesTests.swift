import CLinux
import Glibc
import OAuth
import RecordSealing
import Testing
import TokenEndpoint

@Suite("What a process recorded of an answer, and what it had read", .timeLimit(.minutes(2)))
struct RecordedBytesTests {
    typealias Wire = KeptExchangeTests.Wire

    private static let name = ExchangeName(
        connectionID: "con_a", generation: 7, tokens: 5, isFirst: true, begunAt: 9)

    /// What comes from the provider, and the key to it.
    private func sent(_ wire: Wire, _ text: String) -> (bytes: [UInt8], key: [UInt8]) {
        guard wire == .encrypted else { return (Array(text.utf8), []) }
        var sealer = RecordSealer(.aes256)
        return (sealer.seal(text) + sealer.seal(.alert, [1, 0]), sealer.secret)
    }

    @Test(
        "A process may end before it has read what it recorded: nothing is taken in twice",
        arguments: Wire.allCases, [true, false])
    func readLess(wire: Wire, ends: Bool) async throws {
        let text = ends ? "HTTP/1.1 200 OK\r\n\r\n{\"a\":1}" : granting
        let (bytes, key) = sent(wire, text)
        for recorded in stride(from: 0, through: bytes.count, by: 11) {
            for read in stride(from: 0, through: recorded, by: 7) {
                let pair = try TCPPair()
                try pair.send(bytes)
                if ends { shutdown(pair.far, CInt(SHUT_WR)) }
                try pair.read(read)
                let seen = try await answer(pair, key, bytes.prefix(recorded))
                let body = text.split(separator: "\r\n\r\n").last.map(String.init) ?? ""
                #expect(seen == .answered(200, body), "\(recorded), \(read)")
            }
        }
    }

    @Test("A ticket of which the handshake took the beginning takes nothing from the answer behind it")
    func ticketInPart() async throws {
        var sealer = RecordSealer(.aes128)
        let ticket = sealer.seal(.handshake, [4] + Array(repeating: 7, count: 100))
        let bytes = Array(ticket.dropFirst(30)) + sealer.seal(granting)
        for read in [0, 20, bytes.count] {
            let pair = try TCPPair()
            try pair.send(bytes)
            try pair.read(read)
            let seen = try await answer(pair, sealer.secret, bytes.prefix(read))
            #expect(seen == .answered(200, #"{"access_token":"a"}"#), "\(read)")
        }
    }

    @Test("Of an answer of which something was read and not recorded there is none", arguments: Wire.allCases)
    func readMore(wire: Wire) async throws {
        let (bytes, key) = sent(wire, granting)
        for (recorded, read) in [(0, 1), (5, 6), (5, bytes.count), (bytes.count - 1, bytes.count)] {
            let pair = try TCPPair()
            try pair.send(bytes)
            try pair.read(read)
            let seen = try await answer(pair, key, bytes.prefix(recorded))
            #expect(seen == .failed(.connectionClosed, mayHaveBeenReceived: true), "\(recorded), \(read)")
        }
    }

    @Test("A connection that was reset has what was recorded of it", arguments: Wire.allCases)
    func reset(wire: Wire) async throws {
        let (bytes, key) = sent(wire, granting)
        let pair = try TCPPair()
        try pair.send(bytes)
        try pair.read(bytes.count)
        pair.reset()
        #expect(try await answer(pair, key, bytes[...]) == .answered(200, #"{"access_token":"a"}"#))
    }

    /// What the next process makes of it.
    private func answer(_ pair: TCPPair, _ key: [UInt8], _ recorded: ArraySlice<UInt8>) async throws -> Seen {
        let shelf = ExchangeShelf()
        shelf.put(Self.name, socket: dup(pair.near), key: key, received: Array(recorded), before: 0)
        let seen = try await withTransport(keeper: shelf) {
            Seen(await $0.answer(to: Self.name, timeout: .seconds(30)))
        }
        #expect(!shelf.wasLate)
        return seen
    }
}

/// Both ends of a connection of TCP.
private final class TCPPair {
    let near: CInt
    let far: CInt
    private var isOpen = true

    init() throws {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = unsafe withUnsafeMutableBytes(of: &address) { bytes in
            guard let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
            return unsafe bind(listener, start, length) == 0 && listen(listener, 1) == 0
                && getsockname(listener, start, &length) == 0
        }
        try #require(isBound)
        near = try connectedSocket(to: Int(address.sin_port.bigEndian))
        far = accept(listener, nil, nil)
        try #require(far >= 0)
    }

    deinit {
        close(near)
        if isOpen { close(far) }
    }

    /// Returns when it has arrived.
    func send(_ bytes: [UInt8]) throws {
        try #require(unsafe Glibc.send(far, bytes, bytes.count, 0) == bytes.count)
        var room = bytes
        let all = CInt(MSG_PEEK) | CInt(MSG_WAITALL)
        try #require(unsafe recv(near, &room, room.count, all) == bytes.count)
    }

    func read(_ count: Int) throws {
        var room = [UInt8](repeating: 0, count: count)
        if count > 0 { try #require(unsafe recv(near, &room, count, CInt(MSG_WAITALL)) == count) }
    }

    /// Ends the connection without a word, for both.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(far, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close(far)
        isOpen = false
    }
}
