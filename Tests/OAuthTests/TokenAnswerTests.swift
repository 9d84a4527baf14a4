import OAuth
import SecretBytes
import Testing

@Suite("Answers that grant tokens")
struct TokenAnswerTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var body: String
        var contentType: String? = "application/json"
        var status = 200
        var reading: Reading

        init(
            _ name: String, _ body: String, contentType: String? = "application/json", status: Int = 200,
            _ reading: Reading
        ) {
            self.testDescription = name
            self.body = body
            self.contentType = contentType
            self.status = status
            self.reading = reading
        }
    }

    @Test(
        "A granting answer is read whatever its dialect",
        arguments: [
            Row(
                "RFC 6749 section 5.1",
                #"""
                {"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"example","expires_in":3600,
                "refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA","example_parameter":"v"}
                """#,
                Reading(
                    accessToken: "2YotnFZFEjr1zCsicMWpAA", refreshToken: "tGzv3JOkF0XG5Qx2TlKWIA", tokenType: "example",
                    expiresIn: .seconds(3600))),
            Row("no refresh token keeps the old one", #"{"access_token":"a"}"#, Reading(accessToken: "a")),
            Row(
                "a refresh token that is null (Notion)", #"{"access_token":"a","refresh_token":null}"#,
                Reading(accessToken: "a")),
            Row(
                "an empty refresh token", #"{"access_token":"a","refresh_token":""}"#, Reading(accessToken: "a")),
            Row(
                "a refresh token that is a number", #"{"access_token":"a","refresh_token":5}"#,
                Reading(accessToken: "a")),
            Row("an error that is null", #"{"access_token":"a","error":null}"#, Reading(accessToken: "a")),
            Row("an error that is empty", #"{"access_token":"a","error":""}"#, Reading(accessToken: "a")),
            Row("an error that is false", #"{"access_token":"a","error":false}"#, Reading(accessToken: "a")),
            Row("a code beside a token", #"{"access_token":"a","errorCode":"0"}"#, Reading(accessToken: "a")),
            Row("Slack's ok", #"{"ok":true,"access_token":"a"}"#, Reading(accessToken: "a")),
            Row("created", #"{"access_token":"a"}"#, status: 201, Reading(accessToken: "a")),
            Row(
                "JSON under a wrong type", #" {"access_token":"a"}"#, contentType: "text/html",
                Reading(accessToken: "a")),
            Row("JSON under no type", #"{"access_token":"a"}"#, contentType: nil, Reading(accessToken: "a")),
            Row("JSON behind a byte-order mark", "\u{FEFF}{\"access_token\":\"a\"}", Reading(accessToken: "a")),
            Row("escapes", #"{"access_token":"a\/\u0062","scope":"\u00e9"}"#, Reading(accessToken: "a/b", scope: "é")),
            Row(
                "scope as a list (Twitch)", #"{"access_token":"a","scope":["x","y:z"]}"#,
                Reading(accessToken: "a", scope: "x y:z")),
            Row("scope as a list of numbers", #"{"access_token":"a","scope":["x",1]}"#, Reading(accessToken: "a")),
            Row(
                "OpenID", #"{"access_token":"a","id_token":"h.p.s"}"#, Reading(accessToken: "a", idToken: "h.p.s")),
            Row(
                "a form (GitHub)",
                "access_token=gho_1&expires_in=28800&refresh_token=ghr%5F2&refresh_token_expires_in=15811200"
                    + "&scope=repo%2Cgist+x&token_type=bearer",
                contentType: "application/x-www-form-urlencoded; charset=utf-8",
                Reading(
                    accessToken: "gho_1", refreshToken: "ghr_2", tokenType: "bearer", expiresIn: .seconds(28800),
                    refreshTokenExpiresIn: .seconds(15_811_200), scope: "repo,gist x")),
            Row(
                "a form with empty fields", "access_token=a&scope=&error=&",
                contentType: "Application/X-WWW-Form-URLEncoded",
                Reading(accessToken: "a", scope: "")),
            Row(
                "a refresh token's life (QuickBooks)", #"{"access_token":"a","x_refresh_token_expires_in":8726400}"#,
                Reading(accessToken: "a", refreshTokenExpiresIn: .seconds(8_726_400))),
            Row(
                "a refresh token's life (Keycloak: 0 is none)", #"{"access_token":"a","refresh_expires_in":0}"#,
                Reading(accessToken: "a")),
        ])
    func grants(row: Row) {
        let reading = granted(outcome(response(row.body, status: row.status, contentType: row.contentType)))
        #expect(reading == row.reading)
    }

    @Test(
        "A lifetime is a number in any dress, or none",
        arguments: [
            ("3600", Duration.seconds(3600)),
            ("\"3600\"", .seconds(3600)),
            ("\" 1200 \"", .seconds(1200)),
            ("3599.75", .milliseconds(3_599_750)),
            ("\"3599.5\"", .milliseconds(3_599_500)),
            ("3.6e3", .seconds(3600)),
            ("315360000", .seconds(315_360_000)),
            ("315360001", nil),
            ("1763683200", nil),
            ("1e400", nil),
            ("99999999999999999999999", nil),
            ("\"99999999999999999999999999999999999999999\"", nil),
            ("0", nil),
            ("0.0001", nil),
            ("-1", nil),
            ("\"-3600\"", nil),
            ("\"\"", nil),
            ("\"soon\"", nil),
            ("\"inf\"", nil),
            ("\"0x10\"", nil),
            ("null", nil),
            ("true", nil),
            ("[3600]", nil),
            ("{}", nil),
        ])
    func lifetimes(value: String, expected: Duration?) {
        let reading = granted(outcome(response(#"{"access_token":"a","expires_in":\#(value)}"#)))
        #expect(reading?.accessToken == "a")
        #expect(reading?.expiresIn == expected)
    }

    @Test("Milliseconds are a matter of the description")
    func milliseconds() {
        var description = TokenEndpointDescription(url: "https://id.example/t")
        description.expiresInMilliseconds = true
        let reading = granted(outcome(response(#"{"access_token":"a","expires_in":3600500}"#), description))
        #expect(reading?.expiresIn == .milliseconds(3_600_500))
    }

    @Test("The members that a description names are kept as text, secrets never")
    func fields() {
        var description = TokenEndpointDescription(url: "https://id.example/t")
        description.answerFields = [
            "instance_url", "team.id", "a.b", "owner.user.person.email", "bot_id", "active", "n", "missing", "list",
            "nothing",
            "refresh_token", "authed_user.access_token", "long",
        ]
        let long = String(repeating: "x", count: 16_385)
        let reading = granted(
            outcome(
                response(
                    #"""
                    {"access_token":"a","refresh_token":"r","instance_url":"https://x","team":{"id":7},"a.b":"flat",
                    "owner":{"user":{"person":{"email":"e@x"}}},"active":true,"n":1.50,"list":[1],"nothing":null,
                    "authed_user":{"access_token":"s"},"long":"\#(long)"}
                    """#), description))
        #expect(
            reading?.fields == [
                NamedValue("instance_url", "https://x"), NamedValue("team.id", "7"), NamedValue("a.b", "flat"),
                NamedValue("owner.user.person.email", "e@x"), NamedValue("active", "true"), NamedValue("n", "1.50"),
            ])
    }

    @Test(
        "Tokens are taken from a member where the description says so and the top level has none",
        arguments: [
            (#"{"authed_user":{"id":"U1","access_token":"u","refresh_token":"r","expires_in":9},"n":"x"}"#, "u"),
            (#"{"ok":true,"access_token":"bot","authed_user":{"id":"U1","access_token":"u"},"n":"x"}"#, "bot"),
            (#"{"ok":true,"authed_user":"u","n":"x"}"#, nil), (#"{"ok":true,"authed_user":{"id":"U1"},"n":"x"}"#, nil),
            (#"{"ok":false,"error":"bad","authed_user":{"access_token":"u"},"n":"x"}"#, nil),
        ] as [(String, String?)])
    func alternateMember(_ body: String, _ token: String?) {
        var description = TokenEndpointDescription(url: "https://id.example/t")
        description.answerFields = ["n"]
        #expect(granted(outcome(response(#"{"authed_user":{"access_token":"u"}}"#), description)) == nil)
        description.alternateTokenMember = "authed_user"
        let reading = granted(outcome(response(body), description))
        #expect(reading?.accessToken == token)
        #expect(reading?.refreshToken == (token == "u" ? "r" : nil))
        #expect(reading?.expiresIn == (token == "u" ? .seconds(9) : nil))
        if token != nil { #expect(reading?.fields == [NamedValue("n", "x")]) }
    }

    @Test("A JWT's own lifetime is read against the server's clock")
    func ownLifetime() {
        // {"alg":"none"} . {"iat":1763683200,"exp":1763685000} . x
        let token = "eyJhbGciOiJub25lIn0.eyJpYXQiOjE3NjM2ODMyMDAsImV4cCI6MTc2MzY4NTAwMH0.x"
        let body = #"{"access_token":"\#(token)"}"#
        let atOurs = granted(outcome(response(body)))
        #expect(atOurs?.accessTokenExpiry == .seconds(1800))
        let atServers = granted(outcome(response(body, date: "Fri, 21 Nov 2025 00:10:00 GMT")))
        #expect(atServers?.accessTokenExpiry == .seconds(1200))
    }
}
