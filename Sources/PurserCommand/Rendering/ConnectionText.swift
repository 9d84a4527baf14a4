internal import PurserClient

/// What a connection has come to, as sentences for people.
struct ConnectionSentence {
    let account: ConnectedAccount
    /// The provider as people call it; nil where only the toolkit is known.
    var providerName: String?

    /// Whose account is connected.
    var connected: String {
        let names = account.accounts.map(name)
        let place = "connected as \(account.id) for \(account.userID)"
        let alias = account.alias.map { ", alias \($0)" } ?? ""
        let provider = providerName ?? account.toolkit
        switch names.count {
        case 0: return "\(provider) is \(place)\(alias); it did not say whose account it is".printable
        case 1: return "\(provider) account \(names[0]) is \(place)\(alias)".printable
        default:
            let list = names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
            return "\(provider) accounts \(list) are \(place)\(alias)".printable
        }
    }

    /// Why there is no connection, and what to do.
    var failure: String {
        let reason = account.statusReason ?? ""
        let advice =
            switch reason {
            case "access_denied": "consent was refused at the provider; start again to ask once more"
            case "link_expired": "nobody completed the link in time; start again"
            case "link_replaced": "a newer link took the place of this one; use that one"
            case "callback_unavailable":
                "no browser could come back to this machine; tell the daemon's operator, and start again"
            case "link_rejected": "the provider's answer is not what was asked for; start again"
            case "another_account":
                "this is another account than the one connected before; sign in to that one at the provider and start "
                    + "again, or pass --another to connect this one beside it"
            case "already_connected":
                "this account is connected already; to connect another one, sign in to it at the provider and start "
                    + "again"
            case "not_refreshable": "the provider gave a token that ends and cannot be refreshed"
            default: "start again; if it happens once more, tell the daemon's operator"
            }
        let cause = reason.isEmpty ? "" : " (\(reason))"
        return "\(account.id) is \(account.status)\(cause): \(advice)".printable
    }

    private func name(_ identity: ConnectedAccount.Identity) -> String {
        let hasName = identity.displayName != identity.accountIdentifier && !identity.displayName.isEmpty
        return identity.accountIdentifier + (hasName ? " (\(identity.displayName))" : "")
    }
}

/// What became of the tokens of a deleted connection; a line each.
func deletionText(_ deletion: Deletion, connection: String, keepsGrant: Bool, palette: Palette) -> String {
    var text = "\(connection.printable) is deleted here, with its tokens.\n"
    if let account = deletion.account {
        text = "\(account.accountIdentifier.printable) is deleted here; the other accounts of its connection stay.\n"
        if let outcome = account.outcome {
            text += "  at the provider: \(palette.paint(outcome.sentence, outcome.meaning))\n"
        }
    }
    for end in deletion.tokens {
        let token = end.token.replacing("_", with: " ").printable
        text += "  \(token): \(palette.paint(end.outcome.sentence, end.outcome.meaning))\n"
    }
    if keepsGrant { text += "  The provider was not asked to end anything; what it gave out lives on there.\n" }
    return text
}

extension TokenEnd.Outcome {
    fileprivate var sentence: String {
        switch self {
        case .revoked: "dead; the provider has revoked it"
        case .alreadyDead: "was dead already"
        case .unreachable: "may live on, since the provider could not be reached; end the access there"
        case .refused: "may live on, since the provider refused to revoke it; end the access there"
        case .notSupported: "lives until it runs out, since the provider has no way to revoke it"
        case .keptForOtherConnection: "lives, since another connection uses the same grant"
        default: rawValue.printable
        }
    }

    fileprivate var meaning: Palette.Meaning? {
        switch self {
        case .revoked, .alreadyDead: .good
        case .unreachable, .refused: .bad
        default: .attention
        }
    }
}
