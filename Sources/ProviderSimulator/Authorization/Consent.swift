/// Who decides over a request for access, and how.
package enum Consent: Sendable, Equatable {
    /// At once, without a page: for tests and for programs without a person.
    case approve(Approval)
    /// The user declines, at once.
    case deny
    /// A page with a form for each user; a device code waits for its page or for
    /// ``AuthorizationServer/approveDevice(userCode:_:at:)``.
    case page

    /// Approves at once as that user.
    package static func approve(userID: String) -> Consent { .approve(Approval(userID: userID)) }
}

/// One user's yes.
package struct Approval: Sendable, Equatable {
    package var userID: String
    /// The organisation it is for, where there is a choice. Nil: all of the user's at Xero and Atlassian, and the user's first
    /// where a consent is for one.
    package var organisationID: String?
    /// Scopes that were asked for and not given: Google lets users untick them.
    package var withheldScopes: Set<String> = []

    package init(userID: String, organisationID: String? = nil, withheldScopes: Set<String> = []) {
        self.userID = userID
        self.organisationID = organisationID
        self.withheldScopes = withheldScopes
    }
}

extension AuthorizationServer {
    /// The approvals that a page offers: each user, and where a consent is for one organisation, each of the user's.
    var offeredApprovals: [(approval: Approval, label: String)] {
        users.values.sorted { $0.number < $1.number }.flatMap { user in
            let whole = [(approval: Approval(userID: user.id), label: user.name)]
            guard dialect.asksForOrganisation, !user.organisations.isEmpty else { return whole }
            return user.organisations.map { organisation in
                let approval = Approval(userID: user.id, organisationID: organisation.id)
                return (approval: approval, label: "\(user.name), \(organisation.name)")
            }
        }
    }

    /// What a form of the page says. Nil if it is neither a yes of a known user, for one of the user's organisations, nor a
    /// no.
    func decision(in incoming: IncomingRequest) -> Consent? {
        if incoming["decision"] == "deny" { return .deny }
        guard let user = incoming["user_id"].flatMap({ users[$0] }) else { return nil }
        let organisationID = incoming["organisation_id"]
        guard organisationID == nil || user.organisations.contains(where: { $0.id == organisationID }) else {
            return nil
        }
        return .approve(Approval(userID: user.id, organisationID: organisationID))
    }

    /// The organisations that an approval opens.
    func organisations(of approval: Approval) -> [Organisation] {
        guard let user = users[approval.userID] else { return [] }
        if let id = approval.organisationID { return user.organisations.filter { $0.id == id } }
        return dialect.asksForOrganisation ? Array(user.organisations.prefix(1)) : user.organisations
    }
}
