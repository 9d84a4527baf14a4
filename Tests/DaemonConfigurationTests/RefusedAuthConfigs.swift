extension ConfigurationRefusalTests {
    private static func github(_ rest: String) -> String { "authConfigs: { ac_a: { provider: github, \(rest) } }" }

    static let authConfigs: [Row] = [
        Row(
            "an id without its prefix", "authConfigs: { github: { provider: github, clientId: c } }",
            "1: authConfigs.github: an id begins with ac_ and goes on with 1 to 64 letters, digits, '_' and '-'"),
        Row(
            "an id with a space", "authConfigs: { ac_a b: { provider: github, clientId: c } }",
            "1: authConfigs.ac_a b: an id begins with ac_ and goes on with 1 to 64 letters, digits, '_' and '-'"),
        Row(
            "an id that is only a prefix", "authConfigs: { ac_: { provider: github, clientId: c } }",
            "1: authConfigs.ac_: an id begins with ac_ and goes on with 1 to 64 letters, digits, '_' and '-'"),
        Row(
            "an id that is too long",
            "authConfigs: { ac_\(String(repeating: "x", count: 65)): { provider: github, clientId: c } }",
            "1: authConfigs.ac_\(String(repeating: "x", count: 65)): "
                + "an id begins with ac_ and goes on with 1 to 64 letters, digits, '_' and '-'"),
        Row(
            "an id twice",
            "authConfigs:\n  ac_a: { provider: github, clientId: c }\n  ac_a: { provider: github, clientId: d }",
            "3: authConfigs.ac_a: duplicate key; it is already on line 2"),
        Row("no provider", "authConfigs: { ac_a: { clientId: c } }", "1: authConfigs.ac_a: provider is missing"),
        Row(
            "an unknown provider", "authConfigs: { ac_a: { provider: gihtub, clientId: c } }",
            "1: authConfigs.ac_a.provider: there is no provider of this name; did you mean github?"),
        Row(
            "a provider that was refused above",
            "providers: { acme: { issuer: 'https://a.example' } }\nauthConfigs: { ac_a: { provider: acme, clientId: c } }",
            "1: providers.acme: displayName is missing"),
        Row(
            "a toolkit of another provider", github("toolkit: gmail, clientId: c"),
            "1: authConfigs.ac_a.toolkit: is no toolkit of github, which has github"),
        Row(
            "no toolkit where none is the default",
            "providers: { p: { displayName: P, issuer: 'https://p.example', toolkits: { a: A, b: B } } }\n"
                + "authConfigs: { ac_a: { provider: p, clientId: c } }",
            "2: authConfigs.ac_a: toolkit is missing: one of a, b"),
        Row("no client id", "authConfigs: { ac_a: { provider: github } }", "1: authConfigs.ac_a: clientId is missing"),
        Row("an empty client id", github("clientId: ''"), "1: authConfigs.ac_a.clientId: is empty"),
        Row(
            "a misspelt secret", github("clientId: c, clientSecert: { file: /x }"),
            "1: authConfigs.ac_a.clientSecert: unknown key; did you mean clientSecret?"),
        Row(
            "an inline secret", github("clientId: c, clientSecret: hunter2"),
            "1: authConfigs.ac_a.clientSecret: a secret is not written here; put it into a file and write { file: PATH }, or "
                + "{ credential: NAME }"),
        Row(
            "an inline secret in braces", github("clientId: c, clientSecret: {hunter2}"),
            "1: authConfigs.ac_a.clientSecret: unknown key; allowed is credential or file",
            "1: authConfigs.ac_a.clientSecret: needs either credential or file"),
        Row(
            "a secret from two places", github("clientId: c, clientSecret: { file: /x, credential: x }"),
            "1: authConfigs.ac_a.clientSecret: needs either credential or file"),
        Row(
            "a secret from nowhere", github("clientId: c, clientSecret: {}"),
            "1: authConfigs.ac_a.clientSecret: needs either credential or file"),
        Row(
            "a secret from a relative path", github("clientId: c, clientSecret: { file: hunter2 }"),
            "1: authConfigs.ac_a.clientSecret.file: needs an absolute path"),
        Row(
            "a credential with a path", github("clientId: c, clientSecret: { credential: ../hunter2 }"),
            "1: authConfigs.ac_a.clientSecret.credential: "
                + "needs the name of a credential: printable ASCII without spaces, '/', ':' and '..'"),
        Row(
            "scopes in one text", github("clientId: c, scopes: 'repo user'"),
            "1: authConfigs.ac_a.scopes: needs a list, not a text"),
        Row(
            "two scopes in one", github("clientId: c, scopes: ['repo user']"),
            "1: authConfigs.ac_a.scopes[0]: is no scope: printable ASCII without spaces, '\"' and '\\'; write one a line"
        ),
        Row(
            "variables of a provider without any", github("clientId: c, variables: { tenant: t }"),
            "1: authConfigs.ac_a.variables: github has no variables; remove it"),
        Row(
            "an unknown variable",
            "authConfigs: { ac_a: { provider: microsoft, clientId: c, variables: { tennant: t } } }",
            "1: authConfigs.ac_a.variables.tennant: unknown key; did you mean tenant?"),
        Row(
            "a variable that leads elsewhere",
            "authConfigs: { ac_a: { provider: salesforce, clientId: c, variables: { hostname: evil.example } } }",
            "1: authConfigs.ac_a.variables.hostname: hostname must end in salesforce.com or salesforce.mil or sfcrmproducts.cn"
        ),
        Row(
            "an unknown scheme", github("authScheme: oauth1, clientId: c"),
            "1: authConfigs.ac_a.authScheme: needs one of oauth2, oauth2_client_credentials, jwt_bearer, google_service_account, "
                + "api_key, bearer, basic"),
        Row(
            "a client secret without a client", github("authScheme: oauth2_client_credentials, clientId: c"),
            "1: authConfigs.ac_a: clientSecret is missing"),
        Row(
            "a client secret without its client", github("authScheme: jwt_bearer, clientSecret: { credential: s }"),
            "1: authConfigs.ac_a.clientSecret: a client secret without clientId says nothing; add it"),
        Row(
            "a client of a service account", github("authScheme: google_service_account, clientId: c"),
            "1: authConfigs.ac_a.clientId: the key file says all that the scheme google_service_account needs; remove it"
        ),
        Row(
            "a redirect address that anybody can read", github("clientId: c, redirectUri: \"http://purser.example/\""),
            "1: authConfigs.ac_a.redirectUri: cannot be a redirect address: a credential would travel unencrypted; "
                + "use https:// (http:// is for localhost, 127.0.0.0/8 and [::1])"),
        Row(
            "a redirect address of a key", github("authScheme: bearer, redirectUri: \"https://purser.example/\""),
            "1: authConfigs.ac_a.redirectUri: the scheme bearer has no use for it; remove it"),
        Row(
            "a client of a key", github("authScheme: bearer, clientId: c, scopes: [repo]"),
            "1: authConfigs.ac_a.clientId: the scheme bearer has no use for it; remove it",
            "1: authConfigs.ac_a.scopes: the scheme bearer has no use for it; remove it"),
        Row(
            "OAuth at a provider of keys",
            "providers: { k: { displayName: K, authScheme: bearer } }\n"
                + "authConfigs: { ac_a: { provider: k, authScheme: oauth2, clientId: c } }",
            "2: authConfigs.ac_a: k has no token endpoint, so oauth2 cannot be its scheme"),
    ]
}
