import JSON
import JSONRPC
import Synchronization
import Testing

@Suite("Notifications to the peer")
struct NotifierTests {
    /// What services keep: the notifiers they took.
    final class Kept: Sendable {
        private let notifiers = Mutex<[RPCNotifier]>([])

        func keep(_ notifier: RPCNotifier) { notifiers.withLock { $0.append(notifier) } }

        func dropAll() {
            let dropped = notifiers.withLock { notifiers -> [RPCNotifier] in
                defer { notifiers = [] }
                return notifiers
            }
            _ = dropped
        }

        subscript(index: Int) -> RPCNotifier { notifiers.withLock { $0[index] } }
    }

    private let kept = Kept()
    private let peer: Peer

    init() {
        let kept = kept
        var limits = RPCLimits()
        limits.maxNotices = 4
        limits.maxNoticeBytes = 1000
        peer = Peer(
            limits: limits,
            [
                "subscribe": { (call, result) throws(RPCError) in
                    kept.keep(call.notifier())
                    result.value("subscribed")
                    return .written
                },
                "hasty": { (call, result) throws(RPCError) in
                    let notifier = call.notifier()
                    kept.keep(notifier)
                    #expect(notifier.notify("event") { $0.value(1) })
                    result.value("subscribed")
                    return .written
                },
                "fails": { (call, _) throws(RPCError) in
                    _ = call.notifier()
                    throw .internalError("no")
                },
            ])
    }

    private func notify(_ number: Int, on index: Int = 0) -> Bool {
        kept[index].notify("event") { writer in writer.object { $0.member("n", number) } }
    }

    private static func line(_ number: Int) -> String {
        #"{"jsonrpc":"2.0","method":"event","params":{"n":\#(number)}}"#
    }

    @Test("Each is one line without an id, in order")
    func lines() {
        #expect(peer.call("subscribe")?["result"] == "subscribed")
        #expect(notify(1))
        #expect(notify(2))
        #expect(peer.takeDelivered() == [Self.line(1), Self.line(2)])
    }

    @Test("One that is sent before the answer is written arrives after it")
    func afterTheAnswer() {
        #expect(peer.call("hasty")?["result"] == "subscribed")
        #expect(peer.takeDelivered() == [#"{"jsonrpc":"2.0","method":"event","params":1}"#])
    }

    @Test("They are no answers: nothing is waited for")
    func noAnswers() {
        _ = peer.call("subscribe")
        #expect(notify(1))
        #expect(peer.waitingReplies == 0)
    }

    // MARK: Bounds

    @Test("No more lines than the bound are on the way, of all notifiers together; what does not fit is not sent")
    func boundOnLines() {
        _ = peer.call("subscribe")
        _ = peer.call("subscribe")
        #expect((1...4).allSatisfy { notify($0, on: $0 % 2) })
        #expect(!notify(5))
        #expect(!notify(6, on: 1))
        #expect(peer.takeDelivered() == (1...4).map(Self.line))
        #expect(notify(7))
        #expect(peer.takeDelivered() == [Self.line(7)])
    }

    @Test("No more bytes than the bound are on the way, but for the last line")
    func boundOnBytes() {
        _ = peer.call("subscribe")
        let notifier = kept[0]
        let isSent = notifier.notify("event") { $0.value(String(repeating: "x", count: 5000)) }
        #expect(isSent)
        #expect(!notify(1))
        #expect(peer.takeDelivered().map(\.utf8.count) == [5046])
        #expect(notify(1))
    }

    @Test("Without room nothing is written; when half of it is free again, who found none is told, once")
    func room() {
        _ = peer.call("subscribe")
        _ = peer.call("subscribe")
        let (told, other) = (Counter(), Counter())
        kept[0].callWhenRoom { told.add() }
        kept[1].callWhenRoom { other.add() }
        for number in 1...4 { #expect(notify(number)) }
        for _ in 0..<3 {
            #expect(!kept[0].notify("event") { _ in Issue.record("it is written without room") })
        }
        #expect(told.value == 0)
        _ = peer.takeDelivered()
        #expect(told.value == 1)
        #expect(other.value == 0)
        #expect(notify(1))
        _ = peer.takeDelivered()
        #expect(told.value == 1)
    }

    @Test("Lines that are dropped on the way free their room")
    func droppedLines() {
        _ = peer.call("subscribe")
        for number in 1...4 { #expect(notify(number)) }
        peer.dropDelivered()
        #expect(notify(5))
    }

    // MARK: The end

    @Test("The connection must stay open as long as a notifier lives, and is told when the last one ends")
    func staysOpen() {
        #expect(!peer.isSubscribed)
        _ = peer.call("subscribe")
        _ = peer.call("subscribe")
        #expect(peer.isSubscribed)
        kept[0].end()
        kept[0].end()
        #expect(peer.isSubscribed)
        _ = peer.takeDelivered()
        kept[1].end()
        #expect(!peer.isSubscribed)
        #expect(peer.deliveredCount == 1, "the connection looks again")
        #expect(peer.takeDelivered().isEmpty)
    }

    @Test("A notifier that nobody keeps has ended", arguments: ["subscribe", "fails"])
    func dropped(_ method: String) {
        _ = peer.call(method)
        kept.dropAll()
        #expect(!peer.isSubscribed)
        #expect(peer.deliveredCount == 1)
    }

    @Test("After its end nothing is sent, and what is on the way is dropped; another's goes on")
    func afterTheEnd() {
        _ = peer.call("subscribe")
        _ = peer.call("subscribe")
        #expect(notify(1))
        #expect(notify(2, on: 1))
        kept[0].end()
        #expect(kept[0].hasEnded)
        #expect(!notify(3))
        #expect(peer.takeDelivered() == [Self.line(2)])
        // The dropped line has freed its room.
        #expect((1...4).allSatisfy { notify($0, on: 1) })
    }

    @Test("It can end with a last word, for which there is always room")
    func lastWord() {
        _ = peer.call("subscribe")
        for number in 1...4 { #expect(notify(number)) }
        kept[0].end(with: "event") { $0.value("last") }
        kept[0].end(with: "event") { $0.value("again") }
        #expect(peer.isSubscribed, "the last word is on the way")
        #expect(peer.takeDelivered() == [#"{"jsonrpc":"2.0","method":"event","params":"last"}"#])
        #expect(!peer.isSubscribed)
    }

    @Test("When the peer is gone it says so, and nothing is sent")
    func abandoned() {
        _ = peer.call("subscribe")
        let told = Counter()
        kept[0].callWhenRoom { told.add() }
        #expect(!kept[0].isAbandoned)
        peer.abandon()
        #expect(kept[0].isAbandoned)
        #expect(!notify(1))
        kept[0].end(with: "event") { $0.value("last") }
        #expect(peer.deliveredCount == 0)
        #expect(!peer.isSubscribed)
        #expect(told.value == 0)
    }

    @Test("From many threads at once no line is lost, doubled, or beyond the bound")
    func threads() async {
        _ = peer.call("subscribe")
        let sent = Counter()
        let (kept, peer) = (kept, peer)
        let received = await withTaskGroup { group in
            for thread in 0..<4 {
                group.addTask {
                    for number in 0..<500 {
                        let isSent = kept[0].notify("event") { $0.value(thread * 1000 + number) }
                        if isSent { sent.add() }
                    }
                }
            }
            var received: [String] = []
            for _ in 0..<2000 {
                let lines = peer.takeDelivered()
                received += lines
                await Task.yield()
            }
            await group.waitForAll()
            return received + peer.takeDelivered()
        }
        #expect(received.count == sent.value)
        #expect(Set(received).count == received.count)
        #expect(received.allSatisfy { tree($0)["method"] == "event" })
        #expect((0..<4).allSatisfy { number in notify(number) })
        #expect(!notify(4))
    }
}
