import ConnectedAccounts
import DaemonConfiguration
import SecretBytes
import Testing

struct ImportedCredentialsTests {
    /// The parts of imported credentials, for a test that cannot hold what is noncopyable.
    private func summary(_ text: String, _ scheme: AuthScheme) throws(ImportedCredentialsError) -> String {
        let credentials = try ImportedCredentials.read(text.utf8.span, authScheme: scheme)
        let (expiry, scopes, accounts) = (credentials.expiresAt, credentials.scopes, credentials.accounts)
        var parts = parts(credentials.takeSecret())
        if let expiry { parts.append("until \(expiry.seconds)") }
        if let scopes { parts.append("scopes \(scopes)") }
        for account in accounts {
            parts.append(account.map { "\($0.name)=\($0.json)(\($0.text ?? "-"))" }.joined(separator: " "))
        }
        return parts.joined(separator: " | ")
    }

    private func parts(_ secret: consuming ImportedCredentials.Secret) -> [String] {
        switch consume secret {
        case .tokens(var accessToken, var refreshToken):
            var parts: [String] = []
            if let token = accessToken.take() { parts.append("access \(reveal(token))") }
            if let token = refreshToken.take() { parts.append("refresh \(reveal(token))") }
            return parts
        case .apiKey(let key): return ["key \(reveal(key))"]
        case .bearerToken(let token): return ["bearer \(reveal(token))"]
        case .basic(let username, let password): return ["user \(username)", "password \(reveal(password))"]
        case .signingKey(let key):
            let names = [
                key.keyID.map { "kid \($0)" }, key.issuer.map { "iss \($0)" }, key.subject.map { "sub \($0)" },
                key.audience.map { "aud \($0)" },
            ]
            return names.compactMap(\.self) + ["signs with \(reveal(key.takePrivateKey()))"]
        case .none: return []
        }
    }

    private func reveal(_ secret: borrowing SecretBytes) -> String {
        secret.withBytes { bytes in String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var scheme: AuthScheme
        var text: String
        var summary: String
        var testDescription: String { name }

        init(_ name: String, _ scheme: AuthScheme, _ text: String, _ summary: String) {
            self.name = name
            self.scheme = scheme
            self.text = text
            self.summary = summary
        }
    }

    static let rows: [Row] = [
        Row(
            "all of OAuth", .oauth2,
            #"{"refresh_token": "r", "access_token": "a", "expires_at": 1790000000, "scope": "x y", "account": {"login": "octocat"}}"#,
            #"access a | refresh r | until 1790000000 | scopes ["x", "y"] | login="octocat"(octocat)"#),
        Row("a refresh token alone", .oauth2, #"{"refresh_token":"r"}"#, "refresh r"),
        Row("an access token alone", .oauth2, #"{"access_token":"a"}"#, "access a"),
        Row(
            "null for what is not known", .oauth2, #"{"access_token":"a","refresh_token":null,"expires_at":null}"#,
            "access a"),
        Row(
            "a date", .oauth2, #"{"access_token":"a","expires_at":"2026-09-21T13:33:20Z"}"#,
            "access a | until 1789997600"),
        Row(
            "seconds in digits", .oauth2, #"{"access_token":"a","expires_at":"1790000000"}"#,
            "access a | until 1790000000"),
        Row(
            "scopes as GitHub writes them", .oauth2, #"{"access_token":"a","scope":"repo,read:org"}"#,
            #"access a | scopes ["repo", "read:org"]"#),
        Row(
            "scopes as an array", .oauth2, #"{"access_token":"a","scope":["x","y"]}"#, #"access a | scopes ["x", "y"]"#),
        Row("no scope at all", .oauth2, #"{"access_token":"a","scope":""}"#, "access a | scopes []"),
        Row(
            "several accounts", .oauth2,
            "{\"refresh_token\":\"r\",\"account\":[{\"tenantId\":\"1\"},{\"tenantId\":2,\"sites\":[ 1,\n 2 ]}]}",
            #"refresh r | tenantId="1"(1) | tenantId=2(-) sites=[1,2](-)"#),
        Row("space around an object", .oauth2, " \n{\"access_token\":\"a\"}\n\n", "access a"),
        Row("a bare token", .oauth2, "gho_abc\n", "access gho_abc"),
        Row("a bare token from Windows", .oauth2, "gho_abc\r\n", "access gho_abc"),
        Row("a bare key", .apiKey, "sk-1\n", "key sk-1"),
        Row("a key in JSON", .apiKey, #"{"api_key":"sk 1"}"#, "key sk 1"),
        Row("a bare bearer token", .bearerToken, "t", "bearer t"),
        Row("a bearer token in JSON", .bearerToken, #"{"token":"t"}"#, "bearer t"),
        Row("a user name and password", .basic, #"{"username":"u","password":"p:ä"}"#, "user u | password p:ä"),
        Row("a PEM alone", .jwtBearer, "-----BEGIN X-----\nAAAA\n", "signs with -----BEGIN X-----\nAAAA"),
        Row(
            "a key and its claims", .jwtBearer,
            #"{"private_key":"-----BEGIN X","issuer":"i","subject":"s","audience":"a","key_id":"k","account":{"id":"x"}}"#,
            #"kid k | iss i | sub s | aud a | signs with -----BEGIN X | id="x"(x)"#),
        Row(
            "a service account's key file, whatever else is in it", .serviceAccount,
            #"{"type":"service_account","private_key":"-----BEGIN X","private_key_id":"k","client_email":"r@p","token_uri":"https://x","new":[1]}"#,
            "kid k | iss r@p | signs with -----BEGIN X"),
        Row(
            "a service account for a user", .serviceAccount,
            #"{"service_account":{"type":"service_account","private_key":"-----BEGIN X","client_email":"r@p"},"subject":"ada@p"}"#,
            "iss r@p | sub ada@p | signs with -----BEGIN X"),
        Row("a machine's account", .clientCredentials, #"{"account":{"id":"x"}}"#, #"id="x"(x)"#),
    ]

    @Test("Credentials are read for their scheme", arguments: rows)
    func reads(_ row: Row) throws {
        #expect(try summary(row.text, row.scheme) == row.summary)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var name: String
        var scheme: AuthScheme
        var text: String
        var error: ImportedCredentialsError
        var testDescription: String { name }

        init(_ name: String, _ scheme: AuthScheme, _ text: String, _ error: ImportedCredentialsError) {
            self.name = name
            self.scheme = scheme
            self.text = text
            self.error = error
        }
    }

    private static let stringRule = "a string, not empty and without control characters"
    private static let timeRule = "Unix time in seconds (not milliseconds), or RFC 3339"
    private static let accountRule = "an object or an array of objects"

    static let refusals: [Refusal] = [
        Refusal("nothing", .oauth2, "", .empty),
        Refusal("only a line break", .apiKey, "\n", .empty),
        Refusal("far too much", .apiKey, String(repeating: "x", count: 256 * 1024 + 1), .tooLong),
        Refusal("two lines", .apiKey, "hunter2\nhunter2", .unprintable),
        Refusal("a space in a key", .apiKey, "hunter2 ", .unprintable),
        Refusal("no ASCII", .apiKey, "hunter2ä", .unprintable),
        Refusal(
            "broken JSON", .oauth2, #"{"access_token":"hunter2""#,
            .notJSON("the text ends before its value is complete, at byte 25")),
        Refusal(
            "a member twice", .oauth2, #"{"scope":"a","scope":"b"}"#,
            .notJSON("the object has this key twice; second time at byte 13")),
        Refusal("an unknown member", .oauth2, #"{"access_token":"a","hunter2":1}"#, .unknownMember(position: 2)),
        Refusal("neither token", .oauth2, "{}", .missing("access_token or refresh_token")),
        Refusal(
            "a token that is a number", .oauth2, #"{"access_token":1}"#,
            .wrongType(member: "access_token", expected: stringRule)),
        Refusal(
            "an empty token", .oauth2, #"{"refresh_token":""}"#,
            .wrongType(member: "refresh_token", expected: stringRule)),
        Refusal(
            "a token that ends a header", .oauth2, #"{"access_token":"a\r\nb"}"#,
            .wrongType(member: "access_token", expected: stringRule)),
        Refusal(
            "milliseconds", .oauth2, #"{"access_token":"a","expires_at":1790000000000}"#,
            .wrongType(member: "expires_at", expected: timeRule)),
        Refusal(
            "a fraction", .oauth2, #"{"access_token":"a","expires_at":1.5}"#,
            .wrongType(member: "expires_at", expected: timeRule)),
        Refusal(
            "a time before all tokens", .oauth2, #"{"access_token":"a","expires_at":-1}"#,
            .wrongType(member: "expires_at", expected: timeRule)),
        Refusal(
            "tomorrow", .oauth2, #"{"access_token":"a","expires_at":"tomorrow"}"#,
            .wrongType(member: "expires_at", expected: timeRule)),
        Refusal(
            "an expiry of nothing", .oauth2, #"{"refresh_token":"r","expires_at":1}"#,
            .missing("access_token with expires_at")),
        Refusal(
            "a scope that is a number", .oauth2, #"{"access_token":"a","scope":[1]}"#,
            .wrongType(member: "scope", expected: "a string or an array of strings")),
        Refusal(
            "an account that is a text", .oauth2, #"{"access_token":"a","account":"octocat"}"#,
            .wrongType(member: "account", expected: accountRule)),
        Refusal(
            "an account among texts", .oauth2, #"{"access_token":"a","account":["octocat"]}"#,
            .wrongType(member: "account", expected: accountRule)),
        Refusal(
            "a crowd", .oauth2,
            #"{"access_token":"a","account":["# + Array(repeating: "{}", count: 257).joined(separator: ",") + "]}",
            .tooManyAccounts),
        Refusal(
            "an OAuth token as a key", .apiKey, #"{"access_token":"a"}"#,
            .notForScheme(member: "access_token", scheme: .apiKey)),
        Refusal("a key without a key", .apiKey, #"{"account":{}}"#, .missing("api_key")),
        Refusal("a bare password", .basic, "hunter2", .missing("username and password, as JSON")),
        Refusal("a password alone", .basic, #"{"password":"p"}"#, .missing("username")),
        Refusal("a user name alone", .basic, #"{"username":"u"}"#, .missing("password")),
        Refusal(
            "a user name that holds its password", .basic, #"{"username":"u:p","password":"p"}"#,
            .wrongType(member: "username", expected: "a string without ':' and control characters")),
        Refusal(
            "a key for a machine", .clientCredentials, "hunter2",
            .notForScheme(member: "a bare key", scheme: .clientCredentials)),
        Refusal("a signer's password", .jwtBearer, "hunter2", .missing("a private key as PEM, or JSON")),
        Refusal("claims without a key", .jwtBearer, #"{"issuer":"i"}"#, .missing("private_key")),
        Refusal(
            "a private key that is none", .jwtBearer, #"{"private_key":"hunter2"}"#,
            .wrongType(member: "private_key", expected: "a private key as PEM, with its BEGIN and END lines")),
        Refusal(
            "a subject of two words", .jwtBearer, #"{"private_key":"-----BEGIN X","subject":"a b"}"#,
            .wrongType(member: "subject", expected: "a string without spaces, at most 1024 bytes")),
        Refusal(
            "a signer's scope", .jwtBearer, #"{"private_key":"-----BEGIN X","scope":"s"}"#,
            .notForScheme(member: "scope", scheme: .jwtBearer)),
        Refusal("a bare key of a service account", .serviceAccount, "hunter2", .notAServiceAccount),
        Refusal("no key file", .serviceAccount, #"{"subject":"s"}"#, .missing("service_account")),
        Refusal(
            "another kind of key file", .serviceAccount, #"{"service_account":{"type":"authorized_user"}}"#,
            .notAServiceAccount),
        Refusal(
            "a key file without a name", .serviceAccount,
            #"{"type":"service_account","private_key":"-----BEGIN X"}"#, .missing("client_email")),
    ]

    @Test("Credentials that cannot be used are refused, and not repeated", arguments: refusals)
    func refuses(_ row: Refusal) {
        let error = #expect(throws: ImportedCredentialsError.self) { try summary(row.text, row.scheme) }
        #expect(error == row.error)
        #expect(error?.description.contains("hunter2") == false)
    }
}
