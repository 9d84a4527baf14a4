import Dispatch
import Logging
import Synchronization
import Systemd
import Testing

/// A journal that takes nothing until it is released.
private final class StalledJournal: Sendable {
    private let lines = Mutex<[String]>([])
    private let release = DispatchSemaphore(value: 0)
    private let isStalled = Mutex(true)
    private let reached = DispatchSemaphore(value: 0)

    var written: [String] { lines.withLock { $0 } }

    /// Message and fields, as they are written.
    func write(_ record: LogRecord) {
        reached.signal()
        if isStalled.withLock({ $0 }) { release.wait() }
        lines.withLock {
            $0.append(([record.message] + record.fields.map { "\($0.key)=\($0.value)" }).joined(separator: " "))
        }
    }

    /// Returns when somebody is stuck in it.
    func waitUntilStuck() { reached.wait() }

    /// Whoever is stuck in it goes on, and nobody is from here on.
    func resume() {
        isStalled.withLock { $0 = false }
        release.signal()
    }
}

@Suite("The queue before the log", .timeLimit(.minutes(1)))
struct LogQueueTests {
    private let journal = StalledJournal()

    private func queue(records: Int = 100, bytes: Int = 1 << 20) -> LogQueue {
        LogQueue(limits: .init(records: records, bytes: bytes), countingApart: "audit", output: journal.write)
    }

    private func logger(_ queue: LogQueue) -> Logger {
        Logger(label: "test", factory: { _ in LogRecordHandler(level: .trace, output: queue.put) })
    }

    private static let notice =
        "The log took nothing for a while, and what did not fit in the daemon's memory was dropped"

    @Test("Whoever logs is not kept by a journal that takes nothing; it has everything in order once it does")
    func order() {
        let queue = queue()
        let logger = logger(queue)
        logger.info("0")
        journal.waitUntilStuck()
        // This thread gets through, though nobody takes anything.
        for number in 1..<50 { logger.info("\(number)") }
        #expect(journal.written.isEmpty)
        journal.resume()
        #expect(queue.flush(timeout: .seconds(30)))
        #expect(journal.written == (0..<50).map(String.init))
    }

    @Test("What waits is bounded; what is dropped is counted, the audit's apart, and said where it is missing")
    func bound() {
        let queue = queue(records: 10)
        let logger = logger(queue)
        #expect(queue.hasRoom)
        logger.info("0")
        journal.waitUntilStuck()
        for number in 1..<6 { logger.info("\(number)") }
        #expect(!queue.hasRoom)
        for number in 6..<20 { logger.info("\(number)") }
        for _ in 0..<7 { logger.info("record", metadata: ["audit": "issued"]) }
        journal.resume()
        #expect(queue.flush(timeout: .seconds(30)))
        #expect(queue.hasRoom)
        logger.info("after")
        #expect(queue.flush(timeout: .seconds(30)))
        #expect(
            journal.written == (0..<10).map(String.init) + ["\(Self.notice) audit-dropped=7 dropped=17", "after"])
    }

    @Test("What waits is bounded in bytes as well")
    func bytes() {
        let queue = queue(records: 1000, bytes: 20_000)
        let logger = logger(queue)
        logger.info("0")
        journal.waitUntilStuck()
        let long = String(repeating: "x", count: 4000)
        for _ in 0..<100 { logger.info("\(long)") }
        journal.resume()
        #expect(queue.flush(timeout: .seconds(30)), "and what was dropped is said by then")
        let notice = "\(Self.notice) audit-dropped=0 dropped=96"
        #expect(journal.written == ["0"] + Array(repeating: long, count: 4) + [notice])
    }

    @Test("One record is taken however large it is, and each is bounded")
    func large() {
        let queue = queue(bytes: 10)
        journal.resume()
        logger(queue).info("\(String(repeating: "x", count: 100_000))")
        #expect(queue.flush(timeout: .seconds(30)))
        #expect(journal.written.map(\.utf8.count) == [8192])
    }

    @Test("A flush waits no longer than it is given, and loses nothing")
    func flush() {
        let queue = queue()
        logger(queue).info("0")
        journal.waitUntilStuck()
        logger(queue).info("1")
        let begin = ContinuousClock.now
        #expect(!queue.flush(timeout: .milliseconds(50)))
        #expect(begin.duration(to: .now) >= .milliseconds(50))
        #expect(journal.written.isEmpty)
        journal.resume()
        #expect(queue.flush(timeout: .seconds(30)))
        #expect(journal.written == ["0", "1"])
    }

    @Test("Many threads at once lose nothing, and each finds its own in order")
    func threads() {
        let queue = queue(records: 10_000)
        journal.resume()
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            let logger = logger(queue)
            for number in 0..<500 { logger.info("\(thread) \(number)") }
        }
        #expect(queue.flush(timeout: .seconds(30)))
        for thread in 0..<4 {
            let own = journal.written.filter { $0.hasPrefix("\(thread) ") }
            #expect(own == (0..<500).map { "\(thread) \($0)" })
        }
    }
}
