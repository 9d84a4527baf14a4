/// What a page says, without its markup.
struct CallbackPageWords: Sendable, Equatable {
    enum Mood: String {
        case connected
        case failed
        case neutral
    }

    /// A run of text. What others chose is kept apart, so that it cannot change how the words around it read.
    enum Piece: Sendable, Equatable {
        case text(String)
        case name(String)
        /// A name that matters here.
        case key(String)
    }

    struct Row: Sendable, Equatable {
        var name: String
        var value: String
    }

    var mood: Mood
    var heading: [Piece]
    var message: [Piece]
    var rows: [Row] = []
    /// What to do next.
    var nextStep: [Piece]

    /// The most details that a page has room for.
    private static let maximumRows = 8

    init(_ content: CallbackPage.Content) {
        switch content {
        case .connected(let connection): self.init(connection)
        case .failed(let failure): self.init(failure)
        case .unknownState: self = .unknownState
        case .refused(let refusal): self.init(refusal)
        }
    }

    private init(mood: Mood, heading: [Piece], message: [Piece], nextStep: [Piece]) {
        self.mood = mood
        self.heading = heading
        self.message = message
        self.nextStep = nextStep
    }

    private init(_ connection: CallbackPage.Connection) {
        let user = Piece.key(connection.userID)
        self.init(
            mood: .connected,
            heading: [.name(connection.provider), .text(" is connected")],
            message: connection.account.map {
                [
                    .name(connection.provider), .text(" account "), .key($0), .text(" is connected for "), user,
                    .text("."),
                ]
            } ?? [.text("Your "), .name(connection.provider), .text(" account is connected for "), user, .text(".")],
            nextStep: [.text("You can close this window.")])
        let alias = connection.alias.map { [Row(name: "Alias", value: $0)] } ?? []
        let details = connection.details.map { Row(name: $0.name, value: $0.value) }
        rows = Array((alias + details).prefix(Self.maximumRows))
    }

    private static let unknownState = CallbackPageWords(
        mood: .neutral,
        heading: [.text("This link is not open")],
        message: [
            .text("It was used already, is older than ten minutes, or a newer link has taken its place. "),
            .text("Nothing was changed by opening it."),
        ],
        nextStep: [
            .text("If your account is not connected yet, go back to where you started and ask for a new link.")
        ])
}

// MARK: - What went wrong

extension CallbackPageWords {
    private init(_ failure: CallbackPage.Failure) {
        let (message, nextStep) = Self.explanation(of: failure)
        let heading: [Piece] =
            switch failure.reason {
            case .otherAccount: [.text("This is another account")]
            case .alreadyConnected: [.name(failure.provider), .text(" is connected already")]
            default: [.name(failure.provider), .text(" is not connected")]
            }
        let isHarmless = if case .alreadyConnected = failure.reason { true } else { false }
        self.init(mood: isHarmless ? .neutral : .failed, heading: heading, message: message, nextStep: nextStep)
    }

    private static func explanation(of failure: CallbackPage.Failure) -> (message: [Piece], nextStep: [Piece]) {
        let provider = Piece.name(failure.provider)
        let user = Piece.key(failure.userID)
        let again = "go back to where you started and ask for a new link"
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
                [.text("The link for "), user, .text(" was open for longer than ten minutes and has ended.")],
                [.text("To connect it, \(again).")]
            )
        case .providerRefused(let error):
            (
                [provider, .text(" ended it with the error "), .key(error), .text(".")],
                [
                    .text("Show this error to whoever set up "), provider,
                    .text(" here: the client, its redirect address or the scopes may need a change. Then \(again)."),
                ]
            )
        case .providerUnavailable:
            (
                [
                    provider, .text(" could not be reached, or failed, while the account of "), user,
                    .text(" was connected."),
                ],
                [.text("Wait a minute, then \(again).")]
            )
        case .untrustedAnswer:
            (
                [.text("The answer did not prove that it comes from "), provider, .text(", so it was not used.")],
                [
                    .text("Close this window, then \(again). If it happens again, tell whoever runs this service.")
                ]
            )
        case .otherAccount(let expected, let received):
            (
                [
                    .text("You signed in as "), .key(received), .text(", but this connection belongs to "),
                    .key(expected), .text(". It was left as it is."),
                ],
                [
                    .text("Sign out at "), provider, .text(" first; then \(again), and sign in as "), .key(expected),
                    .text("."),
                ]
            )
        case .alreadyConnected(let account):
            (
                [provider, .text(" account "), .key(account), .text(" is connected for "), user, .text(" already.")],
                [.text("There is nothing to do. For another account, sign in to that one before you accept.")]
            )
        case .other(let explanation, let nextStep):
            ([.text(explanation)], [.text(nextStep)])
        }
    }

    private init(_ refusal: CallbackPage.Refusal) {
        let (heading, message, nextStep) = Self.explanation(of: refusal)
        self.init(
            mood: .neutral, heading: [.text(heading)], message: [.text(message)], nextStep: [.text(nextStep)])
    }

    private static func explanation(
        of refusal: CallbackPage.Refusal
    ) -> (heading: String, message: String, nextStep: String) {
        switch refusal {
        case .notFound:
            (
                "There is nothing here", "Pages like this can be read for a few minutes only.",
                "If you were connecting an account, ask there whether it is connected."
            )
        case .wrongHost:
            (
                "This is not the address", "This service answers to 127.0.0.1 and localhost only.",
                "Open the link that you were given, unchanged."
            )
        case .unanswered:
            (
                "This takes longer than usual", "The provider has not confirmed the connection yet.",
                "Go back to where you started in a minute and look there; nothing has to be done here."
            )
        case .malformed, .methodNotAllowed, .hasBody, .tooSlow, .headTooLarge:
            (
                "This request cannot be answered", "It is not what a browser sends that comes back from a provider.",
                "Go back to where you started and open the link from there."
            )
        }
    }
}
