// Who a token belongs to, in the words of each provider's API.
extension AuthorizationServer {
    func identityMembers(of user: User, _ grant: SimulatedGrant) throws(RequestError) -> [JSONValue.Member] {
        switch dialect {
        case .standard, .xero, .myob: standardIdentity(of: user)
        case .github: githubIdentity(of: user)
        case .google: try googleIdentity(of: user, grant)
        case .notion: notionIdentity(of: user, grant)
        case .atlassian: try atlassianIdentity(of: user, grant)
        case .salesforce: salesforceIdentity(of: user, grant)
        case .microsoft: try microsoftIdentity(of: user, grant)
        }
    }

    /// The members of OpenID's userinfo, and GitHub's number and login beside them.
    private func standardIdentity(of user: User) -> [JSONValue.Member] {
        [
            .init("sub", .string(user.id)), .init("id", .number(Int64(user.number))),
            .init("login", .string(user.login)), .init("name", .string(user.name)),
            .init("email", .string(user.email)), .init("email_verified", .bool(true)),
        ]
    }

    private func githubIdentity(of user: User) -> [JSONValue.Member] {
        [
            .init("login", .string(user.login)), .init("id", .number(Int64(user.number))),
            .init("type", .string("User")), .init("name", .string(user.name)),
            .init("email", user.showsEmail ? .string(user.email) : .null),
        ]
    }

    /// Needs `openid`; the address comes with `email` only.
    private func googleIdentity(
        of user: User, _ grant: SimulatedGrant
    ) throws(RequestError) -> [JSONValue.Member] {
        guard grant.scopes.contains("openid") else { throw .insufficientScope }
        var members: [JSONValue.Member] = [.init("sub", .string(user.id))]
        if grant.scopes.contains("profile") { members.append(.init("name", .string(user.name))) }
        if grant.scopes.contains("email") {
            members += [.init("email", .string(user.email)), .init("email_verified", .bool(true))]
        }
        return members
    }

    /// The bot, and its owner inside.
    private func notionIdentity(of user: User, _ grant: SimulatedGrant) -> [JSONValue.Member] {
        let workspace = organisation(of: grant)
        return [
            .init("object", .string("user")), .init("id", .string(botID(of: grant))), .init("type", .string("bot")),
            .init("name", .string(grant.clientID)),
            .init(
                "bot",
                .object([
                    .init("owner", notionOwner(user)), .init("workspace_name", .string(workspace.name)),
                ])),
        ]
    }

    private func atlassianIdentity(
        of user: User, _ grant: SimulatedGrant
    ) throws(RequestError) -> [JSONValue.Member] {
        guard grant.scopes.contains("read:me") else { throw .insufficientScope }
        let email = user.showsEmail ? [JSONValue.Member("email", .string(user.email))] : []
        return [
            .init("account_type", .string("atlassian")), .init("account_id", .string(user.id)),
            .init("name", .string(user.name)), .init("account_status", .string("active")),
        ] + email
    }

    private func salesforceIdentity(of user: User, _ grant: SimulatedGrant) -> [JSONValue.Member] {
        [
            .init("sub", .string(salesforceID(grant, user))), .init("user_id", .string(user.id)),
            .init("organization_id", .string(organisation(of: grant).id)),
            .init("preferred_username", .string(user.email)), .init("name", .string(user.name)),
            .init("email", .string(user.email)), .init("email_verified", .bool(true)),
        ]
    }

    /// Microsoft Graph; `mail` is null without a mailbox.
    private func microsoftIdentity(
        of user: User, _ grant: SimulatedGrant
    ) throws(RequestError) -> [JSONValue.Member] {
        guard grant.scopes.contains("User.Read") else { throw .insufficientScope }
        return [
            .init("@odata.context", .string("https://graph.microsoft.com/v1.0/$metadata#users/$entity")),
            .init("id", .string(user.id)), .init("displayName", .string(user.name)),
            .init("mail", user.showsEmail ? .string(user.email) : .null),
            .init("userPrincipalName", .string("\(user.login)@simulated.onmicrosoft.com")),
        ]
    }
}
