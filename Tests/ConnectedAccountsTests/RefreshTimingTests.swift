import Testing

@testable import ConnectedAccounts

@Suite("R5: when a token is due")
struct RefreshTimingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var lifetime: Duration
        var override: Duration?
        /// The margin in seconds at jitter 0, 0.5 and just below 1.
        var margins: [Double]

        var testDescription: String { name }
    }

    static let rows = [
        Row(name: "1 s: half the life", lifetime: .seconds(1), margins: [0.5, 0.5, 0.5]),
        Row(name: "10 s: half the life", lifetime: .seconds(10), margins: [5, 5, 5]),
        Row(name: "59 s: half the life", lifetime: .seconds(59), margins: [29.5, 29.5, 29.5]),
        Row(name: "60 s: half the life is the floor", lifetime: .seconds(60), margins: [30, 30, 30]),
        Row(name: "61 s: between floor and half", lifetime: .seconds(61), margins: [30, 30.25, 30.4995]),
        Row(name: "100 s: the floor, jitter above it", lifetime: .seconds(100), margins: [30, 31.5, 32.997]),
        Row(name: "5 min: a fifth", lifetime: .seconds(300), margins: [54, 60, 65.988]),
        Row(name: "1 h: a fifth", lifetime: .seconds(3600), margins: [648, 720, 791.856]),
        Row(name: "8 h: a fifth", lifetime: .seconds(28_800), margins: [5184, 5760, 6334.848]),
        Row(name: "5 d: a fifth is the ceiling", lifetime: .seconds(432_000), margins: [77_760, 82_080, 86_391.36]),
        Row(name: "30 d: a day", lifetime: .seconds(2_592_000), margins: [77_760, 82_080, 86_391.36]),
        Row(name: "90 d: a day", lifetime: .seconds(7_776_000), margins: [77_760, 82_080, 86_391.36]),
        Row(
            name: "1 h, 5 min asked for", lifetime: .seconds(3600), override: .seconds(300),
            margins: [270, 300, 329.94]),
        Row(
            name: "1 h, 1 s asked for: the floor", lifetime: .seconds(3600), override: .seconds(1),
            margins: [30, 31.5, 32.997]),
        Row(
            name: "1 h, 2 h asked for: half", lifetime: .seconds(3600), override: .seconds(7200),
            margins: [1620, 1710, 1799.82]),
        Row(
            name: "20 s, 10 min asked for: half", lifetime: .seconds(20), override: .seconds(600),
            margins: [10, 10, 10]),
        Row(
            name: "90 d, 3 d asked for: a day", lifetime: .seconds(7_776_000), override: .seconds(259_200),
            margins: [77_760, 82_080, 86_391.36]),
        Row(
            name: "an override below nothing: the floor", lifetime: .seconds(3600), override: .seconds(-5),
            margins: [30, 31.5, 32.997]),
        Row(name: "no life at all", lifetime: .zero, margins: [0, 0, 0]),
    ]

    @Test(
        "R5: the margin is a fifth of the life, at least 30 s but at most half, at most a day, with jitter",
        arguments: rows)
    func margin(row: Row) {
        let timing = RefreshTiming(margin: row.override)
        for (jitter, expected) in zip([0, 0.5, 0.999], row.margins) {
            let margin = timing.margin(for: row.lifetime, jitter: jitter)
            #expect(abs((margin - .seconds(expected)).nanoseconds) < 1000, "jitter \(jitter): \(margin)")
        }
    }

    @Test("R5: every lifetime from 1 s to 90 d is due in its second half and before its end, within the bounds")
    func bounds() {
        var random = SeededRandom(seed: 1)
        for lifetime in lifetimes() {
            let override: Duration? = random.chance(50) ? nil : .seconds(random.below(200_000))
            let timing = RefreshTiming(margin: override)
            let margin = timing.margin(for: lifetime, jitter: random.unit())
            #expect(margin >= min(.seconds(30), lifetime / 2) && margin <= min(.seconds(86_400), lifetime / 2))
            #expect(margin > .zero)
        }
    }

    @Test(
        "R5: of tokens longer than a minute no two with different jitter are due at once",
        arguments: [61, 300, 3600, 7_776_000])
    func jitterSpreads(seconds: Int) {
        let margins = [0, 0.25, 0.5, 0.75, 0.999].map { RefreshTiming().margin(for: .seconds(seconds), jitter: $0) }
        #expect(Set(margins).count == margins.count)
    }

    @Test("R5: the life counts from when the request was sent")
    func countsFromSending() {
        let life = TokenLife(generation: 1, obtainedAt: .seconds(5), lifetime: .seconds(3600), isRefreshable: true)
        #expect(RefreshTiming().due(life, jitter: 0.5) == .seconds(5 + 2880))
        #expect(life.expiresAt == .seconds(3605))
    }

    @Test("R5: without a known lifetime, and without a refresh token, nothing is due")
    func nothingDue() {
        let endless = TokenLife(generation: 1, obtainedAt: .zero, lifetime: nil, isRefreshable: true)
        let final = TokenLife(generation: 1, obtainedAt: .zero, lifetime: .seconds(60), isRefreshable: false)
        #expect(RefreshTiming().due(endless, jitter: 0.5) == nil)
        #expect(RefreshTiming(idleLimit: .seconds(60)).due(final, jitter: 0.5) == nil)
    }

    @Test("R10: a grant that ends when unused is used at about 0.8 of its idle limit, even if its token does not end")
    func keepsAlive() throws {
        let day = 86_400.0
        let timing = RefreshTiming(idleLimit: .seconds(60 * day))
        let endless = TokenLife(generation: 1, obtainedAt: .zero, lifetime: nil, isRefreshable: true)
        for jitter in [0, 0.5, 0.999] {
            let due = try #require(timing.due(endless, jitter: jitter))
            #expect(due >= .seconds(0.78 * 60 * day) && due <= .seconds(0.82 * 60 * day))
        }
        let hourly = TokenLife(generation: 1, obtainedAt: .zero, lifetime: .seconds(3600), isRefreshable: true)
        #expect(timing.due(hourly, jitter: 0.5) == .seconds(2880))
        let idle = RefreshTiming(idleLimit: .seconds(1000))
        #expect(try #require(idle.due(hourly, jitter: 0.5)) < .seconds(821))
    }

    @Test(
        "R5: short tokens never cause a refresh per request: at most one per half life, and never two within a second",
        arguments: [0, 1, 2, 5, 10, 30, 60, 300, 600])
    func notPerRequest(lifetime: Int) {
        let bench = Bench()
        bench.logIn(0, lifetime: .seconds(lifetime))
        var life = TokenLife(generation: 1, obtainedAt: .zero, lifetime: .seconds(lifetime), isRefreshable: true)
        let whole = max(10 * lifetime, 20)
        var sent = 0
        // A request every 50 ms; the provider answers at once.
        for _ in 0..<(whole * 20) {
            if life.hasEnded(at: bench.now) { _ = bench.demand(0) }
            for ticket in bench.due() {
                sent += 1
                bench.succeed(ticket, lifetime: .seconds(lifetime))
                life = TokenLife(
                    generation: ticket.generation + 1, obtainedAt: bench.now, lifetime: .seconds(lifetime),
                    isRefreshable: true)
            }
            bench.pass(.milliseconds(50))
        }
        let spacing = max(Double(lifetime) / 2, 1)
        #expect(sent >= 1 && Double(sent) <= Double(whole) / spacing + 1)
    }

    @Test("R5: a provider slower than its tokens live is asked at most once a second, not without end")
    func slowProvider() {
        let bench = Bench()
        bench.logIn(0, lifetime: .seconds(4))
        var sent = 0
        for _ in 0..<100 {
            for ticket in bench.due() {
                sent += 1
                bench.pass(.seconds(3))
                bench.succeed(ticket, lifetime: .seconds(4))
            }
            bench.pass(.milliseconds(250))
        }
        // 25 s and 3 s for each: with a rest of 1 s after each success.
        #expect(sent <= 25)
    }

    /// From 1 s to 90 d, a few per cent apart.
    private func lifetimes() -> [Duration] {
        var result: [Duration] = []
        var seconds = 1.0
        while seconds < 7_776_000 {
            result.append(.seconds(seconds))
            seconds *= 1.03
        }
        return result + [.seconds(7_776_000)]
    }
}

@Suite("R6: back-off")
struct BackoffTests {
    @Test(
        "R6: the ceiling doubles from 1 s to 5 min and stays there",
        arguments: [
            (-1, 1), (0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 64), (8, 128), (9, 256), (10, 300),
            (11, 300),
            (1000, 300), (Int.max, 300),
        ])
    func ceiling(failures: Int, seconds: Int) {
        #expect(Backoff.ceiling(failures: failures) == .seconds(seconds))
    }

    @Test(
        "R6: full jitter lies between 1 s and 5 min, and reaches the whole ceiling above its floor", arguments: 1...20)
    func fullJitter(failures: Int) {
        let ceiling = Backoff.ceiling(failures: failures)
        var random = SeededRandom(seed: UInt64(failures))
        for jitter in [0, 0.999_999] + (0..<200).map({ _ in random.unit() }) {
            let pause = Backoff.fullJitter(failures: failures, jitter: jitter)
            #expect(pause >= .seconds(1) && pause <= min(.seconds(1) + ceiling, .seconds(300)))
        }
        #expect(Backoff.fullJitter(failures: failures, jitter: 0) == .seconds(1))
        #expect(Backoff.fullJitter(failures: failures, jitter: 0.999_999) > ceiling * 0.99)
    }

    @Test("R6: equal jitter is never less than half the ceiling, nor more than it", arguments: 1...20)
    func equalJitter(failures: Int) {
        let ceiling = Backoff.ceiling(failures: failures)
        #expect(Backoff.equalJitter(failures: failures, jitter: 0) == ceiling / 2)
        let most = Backoff.equalJitter(failures: failures, jitter: 0.999_999)
        #expect(most <= ceiling && most > ceiling * 0.99)
    }

    @Test(
        "R6: what a provider asks for is kept within a day",
        arguments: [
            (-1, 0), (0, 0), (1, 1), (86_400, 86_400), (86_401, 86_400), (Int.max / 2_000_000_000, 86_400),
        ])
    func retryAfter(asked: Int, kept: Int) {
        #expect(Backoff.bounded(retryAfter: .seconds(asked)) == .seconds(kept))
    }
}

@Suite("Instants and lives")
struct InstantTests {
    @Test("An instant moves as far as it can and never wraps")
    func saturates() {
        let last = BootInstant(nanoseconds: .max)
        let first = BootInstant(nanoseconds: .min)
        #expect(last.advanced(by: .seconds(1)) == last)
        #expect(first.advanced(by: .seconds(-1)) == first)
        #expect(BootInstant.zero.advanced(by: .seconds(Int64.max)) == last)
        #expect(BootInstant.zero.advanced(by: .seconds(Int64.min)) == first)
        #expect(first.duration(to: last) > .seconds(9_000_000_000))
        #expect(last.duration(to: first) < .seconds(-9_000_000_000))
        #expect(Duration.seconds(-1.5).nanoseconds == -1_500_000_000)
    }

    @Test("A token lives up to the instant at which it ends, and not in it")
    func lastNanosecond() throws {
        let life = TokenLife(generation: 1, obtainedAt: .seconds(10), lifetime: .seconds(60), isRefreshable: true)
        let end = try #require(life.expiresAt)
        #expect(end == .seconds(70))
        #expect(!life.hasEnded(at: BootInstant(nanoseconds: end.nanoseconds - 1)))
        #expect(life.hasEnded(at: end))
        #expect(life.remaining(at: .seconds(40)) == .seconds(30))
        #expect(life.remaining(at: .seconds(100)) == .zero)
    }

    @Test("A token without an end has none, and one from before the boot counts from there")
    func oddLives() {
        let endless = TokenLife(generation: 1, obtainedAt: .zero, lifetime: nil, isRefreshable: false)
        #expect(!endless.hasEnded(at: BootInstant(nanoseconds: .max)) && endless.remaining(at: .zero) == nil)
        let old = TokenLife(generation: 1, obtainedAt: .seconds(-100), lifetime: .seconds(60), isRefreshable: true)
        #expect(old.hasEnded(at: .zero) && old.remaining(at: .zero) == .zero)
        let long = TokenLife(
            generation: 1, obtainedAt: .seconds(-100), lifetime: .seconds(Int64.max), isRefreshable: true)
        #expect(long.remaining(at: .seconds(-200)) ?? .zero > .seconds(9_000_000_000))
    }
}
