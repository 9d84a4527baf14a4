import StrictYAML
import Testing

struct NearMissTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var typed: String
        var nearest: String?
        var testDescription: String { typed }
    }

    static let names = ["github", "github-app-user", "google", "xero", "accounts:read", "tools:execute", "uid", "gid"]

    static let rows: [Row] = [
        Row(typed: "githbu", nearest: "github"),
        Row(typed: "GitHub", nearest: "github"),
        Row(typed: "gogle", nearest: "google"),
        Row(typed: "zero", nearest: "xero"),
        Row(typed: "account:read", nearest: "accounts:read"),
        Row(typed: "tool:exec", nearest: nil),
        Row(typed: "uidd", nearest: "uid"),
        Row(typed: "gids", nearest: "gid"),
        Row(typed: "", nearest: nil),
        Row(typed: "salesforce", nearest: nil),
        Row(typed: String(repeating: "g", count: 1000), nearest: nil),
    ]

    @Test("The nearest name is found if few letters differ", arguments: rows)
    func nearest(_ row: Row) {
        #expect(NearMiss.nearest(to: row.typed, among: Self.names) == row.nearest)
    }
}
