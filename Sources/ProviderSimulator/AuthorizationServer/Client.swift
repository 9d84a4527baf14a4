extension AuthorizationServer {
    /// How a client may prove itself (RFC 6749 section 2.3).
    package enum AuthenticationMethod: String, Sendable, CaseIterable {
        case basic = "client_secret_basic"
        case post = "client_secret_post"
        /// A public client: `client_id` alone.
        case none
    }

    /// A registered client.
    package struct Client: Sendable, Equatable {
        package var id: String
        package var secret: String
        package var authentication: Set<AuthenticationMethod>
        /// What `client_credentials` may ask for, and gets if it asks for nothing.
        package var scopes: [String]
        /// Where browsers may be sent back to. At a loopback address the port is free (RFC 8252 section 7.3); all else is
        /// compared letter by letter.
        package var redirectURIs: [String]
        /// Whether it may use the device flow (RFC 8628).
        package var usesDeviceFlow = true
        package var policy: ClientPolicy

        package init(
            id: String, secret: String, authentication: Set<AuthenticationMethod> = [.basic, .post],
            scopes: [String] = [], redirectURIs: [String] = ["http://127.0.0.1/callback"],
            policy: ClientPolicy = ClientPolicy()
        ) {
            self.id = id
            self.secret = secret
            self.authentication = authentication
            self.scopes = scopes
            self.redirectURIs = redirectURIs
            self.policy = policy
        }
    }

    /// A person at the provider, and what the provider says about them.
    package struct User: Sendable, Equatable {
        /// The stable identifier: OpenID's `sub`.
        package var id: String
        /// GitHub's number, which survives a rename.
        package var number: Int
        package var login: String
        package var email: String
        package var name: String
        package var organisations: [Organisation]
        /// Whether the provider tells the e-mail address. If not, Microsoft's `mail` and GitHub's `email` are null, and
        /// Atlassian's is missing.
        package var showsEmail = true

        package init(
            id: String, number: Int, login: String, email: String, name: String, organisations: [Organisation] = []
        ) {
            self.id = id
            self.number = number
            self.login = login
            self.email = email
            self.name = name
            self.organisations = organisations
        }
    }

    /// What one grant reaches besides its user: a Xero tenant, a Notion workspace, an Atlassian site, a MYOB company file
    /// (the id is the `businessId`), a Salesforce organisation.
    package struct Organisation: Sendable, Equatable {
        package var id: String
        package var name: String

        package init(id: String, name: String) {
            self.id = id
            self.name = name
        }
    }
}
