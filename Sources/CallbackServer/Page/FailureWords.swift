/// What went wrong, and what the person can do about it: never one without the other.
extension CallbackPageWords {
    init(_ failure: CallbackPage.Failure) {
        let (message, nextStep) = Self.explanation(of: failure)
        let heading: [Piece]
        var mood = Mood.failed
        switch failure.reason {
        case .otherAccount:
            heading = [.text("This is another account")]
        case .alreadyConnected:
            heading = [.name(failure.provider), .text(" is connected already")]
            mood = .neutral
        case .replaced:
            heading = [.text("There is a newer link")]
            mood = .neutral
        default:
            heading = [.name(failure.provider), .text(" is not connected")]
        }
        self.init(mood: mood, heading: heading, message: message, nextStep: nextStep)
    }

    private typealias Explanation = (message: [Piece], nextStep: [Piece])

    private static let again = "go back to where you started and ask for a new link"

    private static func explanation(of failure: CallbackPage.Failure) -> Explanation {
        let provider = Piece.name(failure.provider)
        let user = Piece.key(failure.userID)
        return switch failure.reason {
        case .denied:
            (
                [
                    .text("Access was declined at "), provider, .text(", so nothing was connected for "), user,
                    .text("."),
                ],
                [.text("To connect it after all, \(again), and accept what "), provider, .text(" asks.")]
            )
        case .expired:
            (
                [
                    .text("The link to "), provider, .text(" for "), user,
                    .text(" was open for too long and has ended."),
                ],
                [.text("To connect it, \(again).")]
            )
        case .replaced:
            (
                [
                    .text("A newer link to "), provider, .text(" for "), user,
                    .text(" has taken the place of this one."),
                ],
                [.text("Use the newer link. If you do not have it, \(again).")]
            )
        case .interrupted:
            (
                [
                    .text("This service was restarted while the account of "), user,
                    .text(" was connected; an answer of "), provider, .text(" can be used once only."),
                ],
                [.text("Just \(again).")]
            )
        case .codeSpent:
            (
                [provider, .text(" says that its answer was used before, or is too old.")],
                [.text("Once more, \(again), and open that one only once.")]
            )
        case .otherAccount(let expected, let received):
            otherAccount(expected, received, provider)
        case .alreadyConnected(let account):
            (
                named(account, provider) + [.text(" is connected for "), user, .text(" already.")],
                [.text("There is nothing to do. For another account, sign in to that one before you accept.")]
            )
        default: failed(failure.reason, provider, user)
        }
    }

    /// What neither the person nor their account is the cause of, as far as is known.
    private static func failed(_ reason: CallbackPage.Reason, _ provider: Piece, _ user: Piece) -> Explanation {
        switch reason {
        case .providerRefused(let error):
            (
                [provider, .text(" ended it with the error "), .key(error), .text(".")],
                [
                    .text("Show this error to whoever set up "), provider,
                    .text(" here: the client, its redirect address or the scopes may need a change. Then \(again)."),
                ]
            )
        case .accountRefused(let error):
            (
                [provider, .text(" does not let this account be connected ("), .key(error), .text(").")],
                [.text("Sign in at "), provider, .text(" and follow what it asks; then \(again).")]
            )
        case .untrustedAnswer:
            (
                [.text("The answer did not prove that it comes from "), provider, .text(", so it was not used.")],
                [
                    .text("Close this window, then \(again). If it happens again, tell whoever runs this service.")
                ]
            )
        case .namelessAccount:
            (
                [provider, .text(" does not say whose account this is, so it cannot be told from another.")],
                [.text("Once more, \(again), and allow what "), provider, .text(" asks about your profile.")]
            )
        case .brokenSetup(let reason):
            (
                [
                    .text("What this service is registered with at "), provider, .text(" does not suffice ("),
                    .key(reason), .text("), so nothing was connected for "), user, .text("."),
                ],
                [.text("Show this to whoever set up "), provider, .text(" here. When it is mended, \(again).")]
            )
        case .noRoom:
            (
                [
                    .text("This service has no room for another account, so nothing was connected for "), user,
                    .text("."),
                ],
                [
                    .text("Tell whoever runs this service. Until you try again, you can withdraw the access at "),
                    provider, .text("."),
                ]
            )
        case .unexplained(let reason):
            (
                [
                    .text("The account of "), provider, .text(" could not be connected for "), user, .text(" ("),
                    .key(reason), .text(")."),
                ],
                [.text("Please \(again). If it happens once more, show this to whoever runs this service.")]
            )
        default:
            (
                [
                    provider, .text(" could not be reached, or failed, while the account of "), user,
                    .text(" was connected."),
                ],
                [.text("Wait a minute, then \(again).")]
            )
        }
    }

    private static func named(_ account: String?, _ provider: Piece) -> [Piece] {
        account.map { [provider, .text(" account "), .key($0)] } ?? [.text("This account of "), provider]
    }

    private static func otherAccount(_ expected: String?, _ received: String?, _ provider: Piece) -> Explanation {
        let owner: [Piece] = expected.map { [.key($0)] } ?? [.text("another account")]
        let right: [Piece] = expected.map { [.key($0)] } ?? [.text("the account that it belongs to")]
        let signedIn: [Piece] = received.map { [.text("You signed in as "), .key($0)] } ?? [.text("You signed in")]
        return (
            signedIn + [.text(", but this connection belongs to ")] + owner + [.text(". It was left as it is.")],
            [.text("Sign out at "), provider, .text(" first; then \(again), and sign in as ")] + right + [.text(".")]
        )
    }
}
