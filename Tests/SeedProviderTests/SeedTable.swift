import JSON
import ProviderSimulator

// The table. In each row: how Ada connects, what her account looks like, how it is called, refreshed, and let go.

extension SeedProvider {
    static let all = [github, githubAppUser, google, xero, notion, atlassian, myob, salesforce, microsoft]
    /// Those whose access tokens end, which the daemon refreshes by itself.
    static let refreshedByItself = all.filter { $0.refreshing != .never && $0.lifetime != nil }
    static let refreshable = all.filter { $0.refreshing != .never }

    private static let analytical = "11111111-1111-4111-8111-111111111111"
    private static let difference = "22222222-2222-4222-8222-222222222222"
    private static let githubHeaders = [
        "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28",
    ]

    /// An OAuth app: one token without end. It says the scopes with commas.
    static let github = SeedProvider(
        provider: .github, accountsMethod: "getGithubAccounts", selector: "login",
        extraScopes: ["repo", "read:org"],
        asks: ["scope": "repo read:org"],
        accounts: [Account(identifier: "ada", displayName: "Ada Lovelace", headers: githubHeaders)],
        scopes: "repo read:org", lifetime: nil,
        apiBaseURL: api(.github), call: "/repos/ada/engine/issues",
        refreshing: .never,
        ends: ["access_token revoked"])

    /// The user token of a GitHub App: eight hours, no scopes, each refresh ends both old tokens at once.
    static let githubAppUser = SeedProvider(
        provider: .githubAppUser, accountsMethod: "getGithubAccounts", selector: "login",
        asks: [:],
        accounts: [Account(identifier: "ada", displayName: "Ada Lovelace", headers: githubHeaders)],
        scopes: "", lifetime: .seconds(28_800),
        apiBaseURL: api(.githubAppUser), call: "/repos/ada/engine/issues",
        refreshing: .refreshAccount, endsOldAccessToken: true,
        ends: ["access_token revoked"])

    /// A refresh token comes with `access_type=offline` and a page that is really shown; it stays the same. alfe's answer
    /// has the client registration in it.
    static let google = SeedProvider(
        provider: .google, accountsMethod: "getGoogleCredentials", selector: "email",
        extraScopes: ["https://www.googleapis.com/auth/calendar.readonly"],
        asks: [
            "scope": "openid email https://www.googleapis.com/auth/calendar.readonly", "access_type": "offline",
            "prompt": "consent", "include_granted_scopes": "true",
        ],
        accounts: [
            Account(
                identifier: "ada@example.com", displayName: "ada@example.com",
                fields: [
                    "clientId": .string(SimulatedWeb.clientID), "clientSecret": .string(SimulatedWeb.clientSecret),
                ])
        ],
        scopes: "openid email https://www.googleapis.com/auth/calendar.readonly", lifetime: .seconds(3600),
        apiBaseURL: api(.google), call: "/calendar/v3/users/me/calendarList",
        refreshing: .refreshAccount, rotates: false,
        ends: ["refresh_token revoked", "access_token already_dead"])

    /// One grant, an account for each organisation, each called with its tenant's header.
    static let xero = SeedProvider(
        provider: .xero, accountsMethod: "getXeroAccounts", selector: "organizationId",
        extraScopes: ["accounting.invoices.read"],
        asks: ["scope": "offline_access openid profile email accounting.invoices.read"],
        accounts: [
            Account(
                identifier: analytical, displayName: "Analytical Engines",
                fields: ["tenantId": .string(analytical), "tenantType": "ORGANISATION"],
                randomFields: ["xeroConnectionId"],
                headers: ["Accept": "application/json", "xero-tenant-id": analytical]),
            Account(
                identifier: difference, displayName: "Difference Engines",
                fields: ["tenantId": .string(difference), "tenantType": "ORGANISATION"],
                randomFields: ["xeroConnectionId"],
                headers: ["Accept": "application/json", "xero-tenant-id": difference]),
        ],
        scopes: "offline_access openid profile email accounting.invoices.read", lifetime: .seconds(1800),
        apiBaseURL: api(.xero), call: "/api.xro/2.0/Invoices",
        refreshing: .own("refreshXeroAccountToken"),
        ends: ["refresh_token revoked", "access_token revoked"])

    /// No scopes, no PKCE, no `expires_in`; the workspace is named in the token answer. Its bodies are JSON.
    static let notion = SeedProvider(
        provider: .notion, accountsMethod: "getNotionAccounts", selector: "workspaceId",
        asks: ["owner": "user"], usesPKCE: false,
        accounts: [
            Account(
                identifier: analytical, displayName: "Analytical Engines",
                fields: ["botId": "sim_bot_sim-client_ada-1815_\(analytical)"],
                headers: ["Notion-Version": "2025-09-03"])
        ],
        scopes: "", lifetime: nil,
        apiBaseURL: api(.notion), call: "/pages/1",
        refreshing: .refreshAccount,
        ends: ["access_token revoked"])

    /// `audience`, and a page that is really shown; one grant for all sites.
    static let atlassian = SeedProvider(
        provider: .atlassian, accountsMethod: "getAtlassianAccounts", selector: "email",
        extraScopes: ["read:jira-work"],
        asks: [
            "scope": "offline_access read:me read:jira-work", "audience": "api.atlassian.com", "prompt": "consent",
        ],
        accounts: [
            Account(
                identifier: "ada@example.com", displayName: "Ada Lovelace",
                fields: [
                    "availableSites": [
                        site(analytical, "Analytical Engines"), site(difference, "Difference Engines"),
                    ]
                ])
        ],
        scopes: "offline_access read:me read:jira-work", lifetime: .seconds(3600),
        apiBaseURL: api(.atlassian), call: "/ex/jira/\(analytical)/rest/api/3/myself",
        refreshing: .own("refreshAtlassianAccountToken"),
        ends: ["refresh_token revoked", "access_token revoked"])

    /// The company file is named in the redirect alone, and only after `prompt=consent`; `expires_in` is a text.
    static let myob = SeedProvider(
        provider: .myob, accountsMethod: "getMYOBAccounts", selector: "businessId",
        asks: ["scope": "sme-company-file", "prompt": "consent"], usesPKCE: false,
        redirectFields: ["businessId", "businessName"],
        accounts: [
            Account(
                identifier: analytical, displayName: "Analytical Engines",
                headers: ["x-myobapi-key": SimulatedWeb.clientID, "x-myobapi-version": "v2"])
        ],
        scopes: "sme-company-file", lifetime: .seconds(1200),
        apiBaseURL: api(.myob, "/accountright/\(analytical)"), call: "/Contact",
        refreshing: .own("refreshMYOBToken"),
        ends: ["refresh_token not_supported", "access_token not_supported"], outlivesDeletion: true)

    /// No `expires_in`: the catalogue's two hours. The API is where the token answer says.
    static let salesforce = SeedProvider(
        provider: .salesforce, accountsMethod: "getSalesforceAccounts", selector: "organizationId",
        asks: ["scope": "api refresh_token openid id", "prompt": "consent"],
        accounts: [
            Account(
                identifier: analytical, displayName: "ada@example.com",
                fields: [
                    "instanceUrl": .string(SimulatedWeb.salesforceInstance), "userId": "ada-1815",
                    "email": "ada@example.com",
                ])
        ],
        scopes: "api refresh_token openid id", lifetime: .seconds(7200),
        apiBaseURL: SimulatedWeb.salesforceInstance, call: "/services/data/v62.0/sobjects",
        refreshing: .own("refreshSalesforceAccountToken"),
        ends: ["refresh_token revoked", "access_token already_dead"])

    /// Each refresh brings another refresh token, and the old one stays valid. Nothing ends a grant.
    static let microsoft = SeedProvider(
        provider: .microsoft, accountsMethod: "getMicrosoftAccounts", selector: "email",
        extraScopes: ["Calendars.Read"],
        asks: [
            "scope": "offline_access openid profile email User.Read Calendars.Read", "response_mode": "query",
        ],
        accounts: [
            Account(
                identifier: "ada@example.com", displayName: "Ada Lovelace",
                fields: ["userId": "ada-1815", "userPrincipalName": "ada@simulated.onmicrosoft.com"])
        ],
        scopes: "offline_access openid profile email User.Read Calendars.Read", lifetime: .seconds(3599),
        apiBaseURL: api(.microsoft), call: "/me/messages",
        refreshing: .own("refreshMicrosoftAccountToken"),
        ends: ["refresh_token not_supported", "access_token not_supported"], outlivesDeletion: true)

    private static func site(_ id: String, _ name: String) -> JSONTree {
        [
            "id": .string(id), "url": "https://simulated.atlassian.net", "name": .string(name),
            "scopes": ["offline_access", "read:me", "read:jira-work"],
            "avatarUrl": "https://simulated.atlassian.net/avatar.png",
        ]
    }
}
