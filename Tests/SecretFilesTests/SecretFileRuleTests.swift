import Glibc
import SecretFiles
import Testing

@Suite("Who may own a secret's file")
struct SecretFileRuleTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let owner: uid_t
        let mode: mode_t
        let refusal: SecretFileError.Reason?
        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(name: "the daemon's own", owner: 990, mode: S_IFREG | 0o600, refusal: nil),
        Row(name: "root's", owner: 0, mode: S_IFREG | 0o600, refusal: nil),
        Row(name: "another user's", owner: 1000, mode: S_IFREG | 0o600, refusal: .foreignOwner(1000, daemon: 990)),
        Row(name: "nobody's", owner: 65_534, mode: S_IFREG | 0o600, refusal: .foreignOwner(65_534, daemon: 990)),
        Row(name: "a device of root's", owner: 0, mode: S_IFCHR | 0o600, refusal: .notARegularFile),
        Row(name: "set-user-id, but closed", owner: 0, mode: S_IFREG | 0o4700, refusal: nil),
        Row(name: "set-group-id and open", owner: 0, mode: S_IFREG | 0o2711, refusal: .openToOthers(mode: 0o2711)),
    ]

    @Test("Only the daemon's user and root may", arguments: rows)
    func owners(_ row: Row) {
        #expect(SecretFileRule.ownerOnly.objection(mode: row.mode, owner: row.owner, daemon: 990) == row.refusal)
    }
}
