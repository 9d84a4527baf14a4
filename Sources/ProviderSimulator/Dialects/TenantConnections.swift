internal import ConnectedAccounts

/// That one user let one client into one organisation: what Xero calls a connection. It belongs to no single grant.
struct TenantConnection: Sendable {
    var id: String
    var clientID: String
    var userID: String
    var organisationID: String
    /// The consent that chose it last.
    var authenticationEventID: String
    var createdAt: WallInstant
    var updatedAt: WallInstant
}

extension AuthorizationServer {
    /// Adds a grant, and a connection for each of its organisations; one that there is keeps its id.
    mutating func open(_ grant: SimulatedGrant, at now: Moment, _ fresh: FreshTokens) -> Int {
        for (index, organisationID) in grant.organisationIDs.enumerated() {
            guard let userID = grant.userID else { continue }
            let known = tenants.firstIndex {
                $0.clientID == grant.clientID && $0.userID == userID && $0.organisationID == organisationID
            }
            if let known {
                tenants[known].authenticationEventID = grant.authenticationEventID
                tenants[known].updatedAt = now.wall
            } else {
                tenants.append(
                    TenantConnection(
                        id: "sim_connection_\(fresh.event)_\(index)", clientID: grant.clientID, userID: userID,
                        organisationID: organisationID, authenticationEventID: grant.authenticationEventID,
                        createdAt: now.wall, updatedAt: now.wall))
            }
        }
        return store.add(grant)
    }

    /// The connections of a grant's user at its client, those of other consents included.
    func tenants(of grant: SimulatedGrant) -> [TenantConnection] {
        tenants.filter { $0.clientID == grant.clientID && $0.userID == grant.userID }
    }

    mutating func endTenants(of grant: SimulatedGrant) {
        tenants.removeAll { $0.clientID == grant.clientID && $0.userID == grant.userID }
    }

    /// `GET /connections`, perhaps of one consent; `DELETE /connections/ID`, which leaves the tokens alone.
    mutating func xeroConnectionsAnswer(
        to incoming: IncomingRequest, _ route: Route, at now: Moment
    ) throws(RequestError) -> Answer {
        let grant = try bearerGrant(incoming, at: now)
        let own = tenants(of: grant)
        if incoming.request.method == "DELETE" {
            guard own.contains(where: { $0.id == route.argument }) else { return .html("Not Found", status: 404) }
            tenants.removeAll { $0.id == route.argument }
            ledger.noteRevocation()
            return .empty(status: 204)
        }
        let eventID = incoming.query?["authEventId"]
        let listed = own.filter { eventID == nil || $0.authenticationEventID == eventID }
        return .json(.array(listed.map(json)))
    }

    private func json(_ tenant: TenantConnection) -> JSONValue {
        let organisation = users[tenant.userID]?.organisations.first { $0.id == tenant.organisationID }
        return .object([
            .init("id", .string(tenant.id)), .init("authEventId", .string(tenant.authenticationEventID)),
            .init("tenantId", .string(tenant.organisationID)), .init("tenantType", .string("ORGANISATION")),
            .init("tenantName", .string(organisation?.name ?? "")),
            .init("createdDateUtc", .string(xeroDate(tenant.createdAt))),
            .init("updatedDateUtc", .string(xeroDate(tenant.updatedAt))),
        ])
    }
}
