import OAuth
import ProviderCatalog
import Testing

struct ProviderRefusalTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        var problems: [String]
        var testDescription: String { name }

        init(_ name: String, _ text: String, _ problems: String...) {
            self.name = name
            self.text = text
            self.problems = problems
        }
    }

    private static func bearer(_ rest: String) -> String { "p: { displayName: P, authScheme: bearer, \(rest) }" }
    private static func oauth(_ rest: String) -> String {
        "p: { displayName: P, issuer: \"https://i.example\", \(rest) }"
    }

    static let refusals: [Row] = [
        Row("an unknown key", bearer("apiBaseUrl: x"), "t:1: p.apiBaseUrl: unknown key; did you mean apiBaseURL?"),
        Row("no name", "p: { authScheme: bearer }", "t:1: p: displayName is missing"),
        Row("another slug", bearer("slug: q"), "t:1: p.slug: must be p here, or be left out"),
        Row(
            "a slug in capitals", "P: { displayName: P, authScheme: bearer }",
            "t:1: P: a provider's slug has only lower-case letters, digits, '-' and '_', at most 64"),
        Row("no mapping", "p: https://x", "t:1: p: needs a mapping (key: value), not a text"),
        Row(
            "an unknown scheme", "p: { displayName: P, authScheme: oauth1 }",
            "t:1: p.authScheme: needs one of oauth2, oauth2_client_credentials, jwt_bearer, google_service_account, "
                + "api_key, bearer, basic",
            "t:1: p: needs tokenURL, or issuer for OpenID discovery",
            "t:1: p: needs authorizationURL, deviceAuthorizationURL or issuer"),
        Row(
            "OAuth without a token endpoint", "p: { displayName: P, authorizationURL: \"https://a.example/\" }",
            "t:1: p: needs tokenURL, or issuer for OpenID discovery"),
        Row(
            "OAuth without a beginning", "p: { displayName: P, tokenURL: \"https://a.example/\" }",
            "t:1: p: needs authorizationURL, deviceAuthorizationURL or issuer"),
        Row(
            "client credentials without a token endpoint",
            "p: { displayName: P, authScheme: oauth2_client_credentials }",
            "t:1: p: needs tokenURL, or issuer for OpenID discovery"),
        Row(
            "keys that go nowhere", "p: { displayName: P, authScheme: api_key }",
            "t:1: p: credentialPlacement is missing: where does the key go?"),
        Row(
            "an unencrypted address", oauth("tokenURL: \"http://a.example/\""),
            "t:1: p.tokenURL: \(EndpointAddressError.notSecure)"),
        Row(
            "userinfo", oauth("tokenURL: \"https://u@a.example/\""),
            "t:1: p.tokenURL: \(EndpointAddressError.hasUserinfo)"),
        Row(
            "a private address", bearer("apiBaseURL: \"https://10.0.0.1/\""),
            "t:1: p.apiBaseURL: \(EndpointAddressError.notPublic)"),
        Row(
            "an unknown placeholder", bearer("apiBaseURL: \"https://{tennant}.example/\""),
            "t:1: p.apiBaseURL: the placeholder {tennant} is none of this provider's variables and account fields"),
        Row(
            "half a placeholder", bearer("apiHeaders: { X-A: \"{b\" }"),
            "t:1: p.apiHeaders.X-A: has a brace without its partner"),
        Row("no header's name", bearer("apiHeaders: { \"X A\": b }"), "t:1: p.apiHeaders.X A: is no header's name"),
        Row(
            "a header that cannot be sent", bearer("apiHeaders: { X: ä }"),
            "t:1: p.apiHeaders.X: must be printable ASCII"),
        Row(
            "a variable without a kind", bearer("variables: { a: { default: b } }"),
            "t:1: p.variables.a: kind is missing"),
        Row(
            "a variable of an unknown kind", bearer("variables: { a: { kind: host } }"),
            "t:1: p.variables.a.kind: needs one of value, pathSegment, hostLabel, hostname, baseURL, json"),
        Row(
            "a variable that is JSON", bearer("variables: { a: { kind: json } }"),
            "t:1: p.variables.a: a variable cannot be JSON"),
        Row(
            "a variable with a name nobody can write", bearer("variables: { a-b: { kind: value } }"),
            "t:1: p.variables.a-b: needs a name: a letter, then letters, digits and '_'"),
        Row(
            "a variable named clientId", bearer("variables: { clientId: { kind: value } }"),
            "t:1: p.variables.clientId: there is already a variable or account field of this name"),
        Row(
            "a default that is not allowed", bearer("variables: { a: { kind: hostname, default: localhost } }"),
            "t:1: p.variables.a.default: a must be a host name, without scheme, port and path"),
        Row(
            "host suffixes of a segment", bearer("variables: { a: { kind: pathSegment, hostSuffixes: [x.example] } }"),
            "t:1: p.variables.a.hostSuffixes: only a hostname or a baseURL has them"),
        Row(
            "a top-level domain for everybody",
            bearer("variables: { a: { kind: hostname, hostSuffixes: [com, .x.example, X.example, 10.0.0.1] } }"),
            "t:1: p.variables.a.hostSuffixes[0]: needs a domain in lower case, such as example.com",
            "t:1: p.variables.a.hostSuffixes[1]: needs a domain in lower case, such as example.com",
            "t:1: p.variables.a.hostSuffixes[2]: needs a domain in lower case, such as example.com",
            "t:1: p.variables.a.hostSuffixes[3]: needs a domain in lower case, such as example.com"),
        Row(
            "a variable that is required and has a default",
            bearer("variables: { a: { kind: value, required: true, default: x } }"),
            "t:1: p.variables.a: has a default, so nobody is required to say it"),
        Row(
            "a label that chooses the domain",
            bearer("variables: { a: { kind: hostLabel } }, apiBaseURL: \"https://api.example.{a}\""),
            "t:1: p.apiBaseURL: the placeholder {a} would choose the whole domain: give it values"),
        Row(
            "a host from an answer without its domains",
            bearer(
                "accountFields: { a: { from: tokenAnswer, member: /a, kind: baseURL } }, apiBaseURL: \"{a}/api\""),
            "t:1: p.apiBaseURL: the placeholder {a} comes from outside and could name any host: give it hostSuffixes"),
        Row(
            "a default that leads to this machine",
            bearer("variables: { a: { kind: hostname, default: a.localhost } }"),
            "t:1: p.variables.a.default: a must not name this machine"),
        Row(
            "parameters that are the daemon's to fill in",
            oauth(
                "authorizationParameters: { state: x }, codeParameters: { code: y }, refreshParameters: { state: z }"),
            "t:1: p.authorizationParameters.state: is filled in by the daemon; remove it",
            "t:1: p.codeParameters.code: is filled in by the daemon; remove it"),
        Row(
            "a refresh address that is none", oauth("refreshURL: \"http://a.example/\""),
            "t:1: p.refreshURL: \(EndpointAddressError.notSecure)"),
        Row(
            "a revocation with its token in two places",
            oauth("revocation: { url: \"https://a.example/\", tokenIn: authorization, tokenParameter: t }"),
            "t:1: p.revocation.tokenParameter: has no place where the token stands in the header"),
        Row(
            "an account field twice",
            bearer(
                "variables: { a: { kind: value } }, accountFields: { a: { from: identity, member: /a, kind: value } }"),
            "t:1: p.accountFields.a: there is already a variable or account field of this name"),
        Row(
            "an account field from nowhere", bearer("accountFields: { a: { from: cookie, member: /a, kind: value } }"),
            "t:1: p.accountFields.a.from: needs one of identity, tokenAnswer, callback, request"),
        Row(
            "an account field that is the whole redirect",
            bearer("accountFields: { a: { from: callback, member: '', kind: json } }"),
            "t:1: p.accountFields.a: member must name one, such as /name"),
        Row(
            "a request without an address", bearer("accountFields: { a: { from: request, member: /a, kind: value } }"),
            "t:1: p.accountFields.a: url is missing"),
        Row(
            "an address without a request",
            bearer("accountFields: { a: { from: identity, url: x, member: /a, kind: value } }"),
            "t:1: p.accountFields.a.url: only a request has an address"),
        Row(
            "no pointer", bearer("accountFields: { a: { from: identity, member: a.b, kind: value } }"),
            "t:1: p.accountFields.a.member: needs a JSON pointer, such as /user/id"),
        Row(
            "an identity without an identifier", oauth("identity: { from: userinfo, selector: /a }"),
            "t:1: p.identity: stableId is missing"),
        Row(
            "an identity without any selector", oauth("identity: { from: userinfo, selector: [], stableId: /a }"),
            "t:1: p.identity.selector: needs at least one JSON pointer"),
        Row(
            "userinfo without an address", bearer("identity: { from: userinfo, selector: /a, stableId: /a }"),
            "t:1: p.identity: needs userinfoURL, or issuer for OpenID discovery"),
        Row("no toolkits", bearer("toolkits: {}"), "t:1: p.toolkits: needs at least one toolkit, or must be left out"),
        Row(
            "a toolkit in capitals", bearer("toolkits: { Mail: Mail }"),
            "t:1: p.toolkits.Mail: a toolkit's slug has only lower-case letters, digits, '-' and '_', at most 64"),
        Row(
            "a toolkit of another provider", bearer("toolkits: { gmail: Mail }"),
            "t:1: p: the toolkit gmail belongs to the provider google"),
        Row(
            "a placement with a prefix in a query", bearer("credentialPlacement: { in: query, name: key, prefix: x }"),
            "t:1: p.credentialPlacement.prefix: only a header has a prefix"),
        Row(
            "a placement in the body", bearer("credentialPlacement: { in: body, name: key }"),
            "t:1: p.credentialPlacement.in: needs one of header, query"),
        Row(
            "a rule that matches everything", oauth("failureRules: [{ class: transient }]"),
            "t:1: p.failureRules[0]: needs error, status or contains: it would match every failure"),
        Row(
            "a rule without a class", oauth("failureRules: [{ error: a }]"), "t:1: p.failureRules[0]: class is missing"),
        Row(
            "a revocation that is no end", oauth("failureRules: [{ error: a, class: transient, revoked: true }]"),
            "t:1: p.failureRules[0]: only a dead_grant can be revoked"),
        Row(
            "a status that is none", oauth("failureRules: [{ status: 42, class: transient }]"),
            "t:1: p.failureRules[0].status: needs a number from 100 to 599"),
        Row(
            "a lost answer's unknown rule", oauth("lostAnswer: maybe"), "t:1: p.lostAnswer: needs one of never, resend"),
        Row(
            "a grace without a length", oauth("lostAnswer: { resendWithin: soon }"),
            "t:1: p.lostAnswer.resendWithin: needs a length of time, such as 30s, 10m, 1h or 60d"),
        Row(
            "an endless life", oauth("accessTokenLifetime: 3651d"),
            "t:1: p.accessTokenLifetime: needs a length of time from 1s to 3650d"),
        Row(
            "an unknown rotation", oauth("rotation: sometimes"),
            "t:1: p.rotation: needs one of never, always, configurable"),
        Row(
            "a scope separator of its own", oauth("scopeSeparator: ';'"),
            "t:1: p.scopeSeparator: needs one of space, comma"),
        Row(
            "a revocation without an address", oauth("revocation: { method: POST }"),
            "t:1: p.revocation: url is missing"),
        Row(
            "a client authentication that is not spoken", oauth("clientAuthentication: private_key_jwt"),
            "t:1: p.clientAuthentication: needs one of client_secret_basic, client_secret_post, secret_as_user_name, none"
        ),
        Row(
            "a mistake over a built-in provider", "github:\n  tokenURL: nowhere\n",
            "t:2: github.tokenURL: \(EndpointAddressError.notHTTP)"),
    ]

    @Test("A wrong description is refused at its place", arguments: refusals)
    func refuses(_ row: Row) throws {
        #expect(try catalog(row.text).problems == row.problems)
    }
}
