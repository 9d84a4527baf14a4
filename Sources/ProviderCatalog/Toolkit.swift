/// What an agent asks for: a provider, or a part of one.
package struct Toolkit: Sendable, Equatable {
    package var slug: String
    package var displayName: String
    /// Where its calls go, if not to the provider's own ``ProviderDescription/apiBaseURL``.
    package var apiBaseURL: Template?

    package init(slug: String, displayName: String, apiBaseURL: Template? = nil) {
        self.slug = slug
        self.displayName = displayName
        self.apiBaseURL = apiBaseURL
    }
}

/// Where a call carries its credential.
package enum CredentialPlacement: Sendable, Equatable {
    /// A header with this name; the prefix stands before the credential.
    case header(name: String, prefix: String)
    /// A query parameter with this name.
    case query(name: String)
    /// `Authorization: Basic` with user name and password (RFC 7617).
    case basic

    /// RFC 6750 section 2.1.
    package static let bearer = CredentialPlacement.header(name: "Authorization", prefix: "Bearer ")
}

/// A header whose value may depend on auth config and account.
package struct TemplateHeader: Sendable, Equatable {
    package var name: String
    package var value: Template

    package init(name: String, value: Template) {
        self.name = name
        self.value = value
    }
}

/// A request parameter whose value may depend on the auth config.
package struct TemplateParameter: Sendable, Equatable {
    package var name: String
    package var value: Template

    package init(name: String, value: Template) {
        self.name = name
        self.value = value
    }
}
