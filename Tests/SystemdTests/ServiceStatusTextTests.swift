import Systemd
import Testing

@Suite("The STATUS line")
struct ServiceStatusTextTests {
    typealias Counts = ServiceStatusText.Counts

    struct Row: Sendable, CustomTestStringConvertible {
        let line: String
        let counts: Counts
        var nextRefresh: Duration?
        var notes: [String] = []
        var testDescription: String { line }
    }

    static let rows: [Row] = [
        Row(line: "no connections", counts: Counts()),
        Row(line: "1 active", counts: Counts(active: 1)),
        Row(
            line: "12 active, 1 needs reauthorization; next refresh in 4 min",
            counts: Counts(active: 12, needReauthorization: 1), nextRefresh: .seconds(240)),
        Row(
            line: "2 need reauthorization; next refresh now", counts: Counts(needReauthorization: 2),
            nextRefresh: .zero),
        Row(line: "1 expired, 1 inactive, 1 open link", counts: Counts(expired: 1, inactive: 1, openLinks: 1)),
        Row(
            line: "3 active, 2 expired, 2 need reauthorization, 4 inactive, 2 open links",
            counts: Counts(active: 3, expired: 2, needReauthorization: 2, inactive: 4, openLinks: 2)),
        Row(
            line: "1 active; next refresh in 1 h; the vault is not secret memory", counts: Counts(active: 1),
            nextRefresh: .seconds(3600), notes: ["the vault is not secret memory"]),
        Row(line: "no connections; reloading", counts: Counts(), notes: ["reloading"]),
    ]

    @Test("Counts, the next refresh, notes", arguments: rows)
    func lines(_ row: Row) {
        #expect(ServiceStatusText.line(row.counts, nextRefresh: row.nextRefresh, notes: row.notes) == row.line)
    }

    @Test(
        "A time has at most two units, none of them 0",
        arguments: [
            (Duration.seconds(-3), "now"),
            (.zero, "now"),
            (.nanoseconds(1), "in 1 s"),
            (.seconds(1), "in 1 s"),
            (.milliseconds(58_001), "in 59 s"),
            (.milliseconds(59_001), "in 1 min"),
            (.seconds(60), "in 1 min"),
            (.seconds(89), "in 1 min"),
            (.seconds(90), "in 2 min"),
            (.seconds(3569), "in 59 min"),
            (.seconds(3570), "in 1 h"),
            (.seconds(3600), "in 1 h"),
            (.seconds(3660), "in 1 h 1 min"),
            (.seconds(86_369), "in 23 h 59 min"),
            (.seconds(86_370), "in 1 d"),
            (.seconds(86_400), "in 1 d"),
            (.seconds(90_000), "in 1 d 1 h"),
            (.seconds(60 * 86_400), "in 60 d"),
            (.seconds(Int64.max), "in 106751991167300 d 16 h"),
        ])
    func times(time: Duration, words: String) {
        #expect(ServiceStatusText.line(Counts(active: 1), nextRefresh: time) == "1 active; next refresh \(words)")
    }
}
