internal import ConnectedAccounts

// What each provider's token answer has besides the members of RFC 6749.
extension AuthorizationServer {
    /// The answer with tokens that were just issued.
    func issueAnswer(
        _ tokens: IssuedTokens, _ policy: ClientPolicy, isNew: Bool, nonce: String? = nil, to incoming: IncomingRequest,
        at now: Moment, _ fresh: FreshTokens
    ) -> Answer {
        var members = tokens.members(under: policy, refreshTokenIsNew: isNew)
        members += ownMembers(of: tokens, at: now, fresh)
        if dialect.signsIdentities, let token = idToken(for: tokens, nonce: nonce, at: now) {
            members.append(.init("id_token", .string(token)))
        }
        guard dialect.answersForms, !incoming.acceptsJSON else { return .json(.object(members)) }
        return .form(members)
    }

    private func ownMembers(of tokens: IssuedTokens, at now: Moment, _ fresh: FreshTokens) -> [JSONValue.Member] {
        let grant = store.grants[tokens.grantID]
        guard let user = grant.userID.flatMap({ users[$0] }) else { return [] }
        return switch dialect {
        case .notion: notionMembers(grant, user, fresh)
        case .myob:
            [.init("user", .object([.init("uid", .string(user.id)), .init("username", .string(user.email))]))]
        case .salesforce: salesforceMembers(grant, user, at: now)
        case .microsoft:
            tokens.expiresAt.map {
                [.init("ext_expires_in", .number(now.boot.duration(to: $0.boot).components.seconds))]
            } ?? []
        case .standard, .github, .google, .xero, .atlassian: []
        }
    }

    private func notionMembers(
        _ grant: SimulatedGrant, _ user: User, _ fresh: FreshTokens
    ) -> [JSONValue.Member] {
        let workspace = organisation(of: grant)
        return [
            .init("bot_id", .string(botID(of: grant))), .init("workspace_id", .string(workspace.id)),
            .init("workspace_name", .string(workspace.name)), .init("workspace_icon", .null),
            .init("owner", notionOwner(user)), .init("duplicated_template_id", .null),
            .init("request_id", .string(fresh.event)),
        ]
    }

    /// Names what one person allowed one client in one workspace: the same one however often the person consents.
    func botID(of grant: SimulatedGrant) -> String {
        "sim_bot_\(grant.clientID)_\(grant.userID ?? "")_\(organisation(of: grant).id)"
    }

    func notionOwner(_ user: User) -> JSONValue {
        let person = user.showsEmail ? [JSONValue.Member("email", .string(user.email))] : []
        return .object([
            .init("type", .string("user")),
            .init(
                "user",
                .object([
                    .init("object", .string("user")), .init("id", .string(user.id)),
                    .init("name", .string(user.name)), .init("type", .string("person")),
                    .init("person", .object(person)),
                ])),
        ])
    }

    /// `issued_at` is text, in milliseconds.
    private func salesforceMembers(_ grant: SimulatedGrant, _ user: User, at now: Moment) -> [JSONValue.Member] {
        [
            .init("id", .string(salesforceID(grant, user))),
            .init("issued_at", .string(String(now.wall.seconds * 1000))),
            .init("signature", .string("simulated")),
        ]
    }

    /// The address of a user's identity: the path ends in organisation and user.
    func salesforceID(_ grant: SimulatedGrant, _ user: User) -> String {
        "\(issuer)/id/\(organisation(of: grant).id)/\(user.id)"
    }

    /// The organisation of a grant for one; a made-up one where its user has none.
    func organisation(of grant: SimulatedGrant) -> Organisation {
        let all = grant.userID.flatMap { users[$0] }?.organisations ?? []
        let first = all.first { grant.organisationIDs.contains($0.id) } ?? all.first
        return first ?? Organisation(id: "sim_organisation", name: "Simulated organisation")
    }
}
