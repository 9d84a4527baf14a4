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

    init(mood: Mood, heading: [Piece], message: [Piece], nextStep: [Piece]) {
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

extension CallbackPageWords {
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
