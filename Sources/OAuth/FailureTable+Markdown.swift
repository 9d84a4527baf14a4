extension FailureTable {
    /// The table as the page `Protocol/FAILURES.md`, to the last byte.
    package static func markdown() -> String {
        var page = introduction
        page += section(
            "No answer", transportRows,
            note: "Whether the provider may have acted is known from how far the request got.")
        page += section("Said of the moment", momentRows, note: "These come before the codes: a limit ends nothing.")
        page += section(
            "Error codes", codeRows, note: "Compared without regard to case. A row that asks for more stands first.")
        page += section("Statuses, where no code above was read", statusRows, note: bodies)
        return page
    }

    private static let introduction = """
        # What each failure at a token endpoint means

        Written from the table in `Sources/OAuth`; a test holds the two together. The body is read before the status,
        a provider's own rules (its description in the catalogue) come before this table, and the first row that matches
        decides.

        - `dead_grant`: the provider rejected this grant. The connection is FAILED, or REVOKED where the row says so.
        - `broken_app`: the provider rejected the client registration. No connection is dead; mend the auth config.
        - `transient`: everything else. Tried again later; by itself it ends nothing.

        *Maybe applied*: the provider may have acted on the request and rotated the refresh token although no tokens
        came back. The provider's rule for lost answers (`lostAnswer` in its description) then decides whether the token is
        presented again, within which time, or never: EXPIRED `uncertain`, once the access token is over. Where a provider's
        rule and this table disagree on the class, the reason is `grant_rejected`, `client_rejected` or `try_later`.

        After an answer that is lost for good, after five failures in a row, or when it asks for a pause, the endpoint counts as
        failing: one attempt at a time, and where a token could be lost the attempt asks without one first. Whatever says
        that the server works (`invalid_request`, say) lets the token follow; the rows with *maybe applied*, silence and
        limits do not. Because some servers fail on whatever lacks a token, one token is presented after a dozen such answers,
        or two dozen that are silence, 408, 429, 502, 503 or 504; then after twice as many, up to eight times. Eight successes
        make up for one lost answer; until then, the more were lost, the longer nothing is presented: up to an hour.

        """

    private static let bodies = """
        Bodies: `error` an error object with a code unknown above or unreadable · `no_access_token` JSON or a form
        without either · `malformed_token` an access token that is no printable ASCII · `token` tokens under a status
        that denies them · `empty_answer` · `truncated` JSON that ends early · `not_json` HTML, text, or JSON that names
        a member twice.
        """

    private static func section(_ title: String, _ rows: [FailureRow], note: String) -> String {
        var text = "\n## \(title)\n\n\(note)\n\n"
        text += "| seen | class | reason | maybe applied | from |\n| --- | --- | --- | --- | --- |\n"
        for row in rows { text += line(row) }
        return text
    }

    private static func line(_ row: FailureRow) -> String {
        let failureClass = row.failureClass.rawValue + (row.isRevocation ? ", REVOKED" : "")
        let columns = [seen(row.cause), failureClass, "`\(row.reason)`", maybeApplied(row), row.source]
        return "| " + columns.joined(separator: " | ") + " |\n"
    }

    private static func maybeApplied(_ row: FailureRow) -> String {
        if case .transport(let kind) = row.cause { return kind == .withheld ? "no" : "if it was sent" }
        return row.mayHaveBeenApplied ? "yes" : "no"
    }

    private static func seen(_ cause: FailureRow.Cause) -> String {
        switch cause {
        case .transport(let kind):
            return "`\(kind.rawValue)`"
        case .code(let code, let status, let part):
            return "`\(code)`" + (status.map { ", status \($0)" } ?? "") + (part.map { ", says “\($0)”" } ?? "")
        case .says(let part):
            return "error that says “\(part)”"
        case .status(let range, let bodies):
            return statuses(range) + (bodies == RefusedAnswer.Body.allCases ? "" : ": " + names(bodies))
        }
    }

    private static func statuses(_ range: ClosedRange<Int>) -> String {
        if range == 0...999 { return "any other" }
        return range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)–\(range.upperBound)"
    }

    private static func names(_ bodies: [RefusedAnswer.Body]) -> String {
        let missing = RefusedAnswer.Body.allCases.filter { !bodies.contains($0) }
        return missing == [.token] ? "all but `token`" : bodies.map { "`\($0.rawValue)`" }.joined(separator: ", ")
    }
}
