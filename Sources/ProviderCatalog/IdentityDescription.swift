/// Where a provider says whose grant it is, and which members say it.
package struct IdentityDescription: Sendable, Equatable {
    package enum Source: Sendable, Equatable {
        /// A GET request with the access token to the OpenID userinfo endpoint.
        case userinfo
        /// A GET request with the access token and the provider's API headers to this address.
        case request(Template)
        /// The answer of the token endpoint.
        case tokenAnswer
        /// The query parameters with which the browser came back.
        case callback
    }

    package var source: Source
    /// Whether one grant has several accounts: the answer is then an array with one element for each, and the pointers
    /// start at the element.
    package var hasManyAccounts = false
    /// Where the account's selector stands; the first of these that is there and not null.
    package var selector: [JSONPointer]
    /// Where the identifier stands that outlives a change of the selector. Compared after each reconnect.
    package var stableID: [JSONPointer]
    package var displayName: [JSONPointer]

    package init(source: Source, selector: [JSONPointer], stableID: [JSONPointer], displayName: [JSONPointer] = []) {
        self.source = source
        self.selector = selector
        self.stableID = stableID
        self.displayName = displayName
    }

    /// OpenID Connect Core section 5.1, for a provider of which nothing else is known.
    package static let openID = IdentityDescription(
        source: .userinfo, selector: pointers("/email", "/preferred_username", "/sub"), stableID: pointers("/sub"),
        displayName: pointers("/name", "/preferred_username", "/email"))

    private static func pointers(_ texts: String...) -> [JSONPointer] { texts.compactMap(JSONPointer.init) }
}

/// A member of an account besides those that all providers have, such as `instanceUrl`.
package struct AccountField: Sendable, Equatable {
    package enum Source: Sendable, Equatable {
        /// What the identity is read from; with many accounts, the account's own element.
        case identity
        /// The answer of the token endpoint.
        case tokenAnswer
        /// The query parameters with which the browser came back.
        case callback
        /// A GET request of its own with the access token and the provider's API headers.
        case request(Template)
    }

    package var source: Source
    package var member: JSONPointer
    /// Its name, and what its value must be wherever a template uses it.
    package var variable: TemplateVariable

    package var name: String { variable.name }

    package init(source: Source, member: JSONPointer, variable: TemplateVariable) {
        self.source = source
        self.member = member
        self.variable = variable
    }
}
