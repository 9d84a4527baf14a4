internal import PurserClient

/// The connected accounts as a table, oldest first.
func accountTable(_ accounts: [ConnectedAccount], now: Timestamp) -> TextTable {
    let columns = [
        TextTable.Column(heading: "CONNECTION", canBeCut: false), .init(heading: "USER"),
        .init(heading: "TOOLKIT", canBeCut: false), .init(heading: "ACCOUNT"), .init(heading: "NAME"),
        .init(heading: "ALIAS"), .init(heading: "STATUS", canBeCut: false),
        .init(heading: "TOKEN ENDS", canBeCut: false),
    ]
    return TextTable(columns, accounts.map { row($0, now) })
}

private func row(_ account: ConnectedAccount, _ now: Timestamp) -> [TextTable.Cell] {
    let first = account.accounts.first
    let more = account.accounts.count > 1 ? " +\(account.accounts.count - 1)" : ""
    let name = first?.displayName == first?.accountIdentifier ? nil : first?.displayName
    let reason = account.statusReason.map { " (\($0))" } ?? ""
    return [
        .init(account.id), .init(account.userID), .init(account.toolkit),
        .init((first?.accountIdentifier ?? "") + more), .init(name ?? ""), .init(account.alias ?? ""),
        .init(account.status.rawValue + reason, account.status.meaning),
        .init(account.expiresAt?.relative(to: now) ?? ""),
    ]
}

extension ConnectionStatus {
    /// How urgent it is.
    var meaning: Palette.Meaning? {
        switch self {
        case .active: .good
        case .initiated, .inactive, .expired: .attention
        case .failed, .revoked: .bad
        default: nil
        }
    }
}
