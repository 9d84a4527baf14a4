extension AuthorizationServer {
    /// The authorization endpoint (RFC 6749 section 4.1). A GET asks; a POST is a form of the page.
    mutating func authorizationAnswer(to incoming: IncomingRequest, at now: Moment, _ fresh: FreshTokens) -> Answer {
        do throws(AuthorizationProblem) {
            let request = try authorizationRequest(incoming)
            ledger.noteAuthorization(request.parameters)
            let isForm = incoming.request.method == "POST"
            guard let decision = isForm ? decision(in: incoming) : consent else {
                throw .shown("This form says neither yes nor no.")
            }
            return try answer(to: request, decision, incoming, at: now, fresh)
        } catch {
            return answer(to: error, at: .authorization, incoming)
        }
    }

    private mutating func answer(
        to request: AuthorizationRequest, _ decision: Consent, _ incoming: IncomingRequest, at now: Moment,
        _ fresh: FreshTokens
    ) throws(AuthorizationProblem) -> Answer {
        let target = AuthorizationRequest.Target(redirectURI: request.redirectURI, state: request.state)
        switch decision {
        case .page where request.prompts == ["none"]:
            throw .told(RequestError(code: "login_required", description: "nobody is signed in"), target)
        case .page:
            return consentPage(for: request, query: incoming.request.query)
        case .deny:
            throw .told(RequestError(code: "access_denied", description: "the user declined"), target)
        case .approve(let approval):
            guard users[approval.userID] != nil else { throw .shown("There is no such user.") }
            let code = issueCode(for: request, approval, at: now, fresh)
            events.append(.approved(account: login(approval.userID), clientID: request.client.id))
            return redirect(
                to: target, [Field("code", code)] + ownParameters(of: request, approval))
        }
    }

    private func answer(to problem: AuthorizationProblem, at endpoint: Endpoint, _ incoming: IncomingRequest) -> Answer
    {
        switch problem {
        case .shown(let text): Page(title: "This request cannot be answered", lines: [text]).answer(status: 400)
        case .told(let error, let target):
            redirect(to: target, [Field("error", error.code), Field("error_description", error.description)])
        }
    }

    /// 302 with the parameters, the client's state as it was (RFC 6749 section 4.1.2) and the issuer (RFC 9207).
    private func redirect(to target: AuthorizationRequest.Target, _ parameters: [Field]) -> Answer {
        var parameters = parameters
        if let state = target.state { parameters.append(Field("state", state)) }
        switch issuerParameter {
        case .own: parameters.append(Field("iss", issuer))
        case .other(let other): parameters.append(Field("iss", other))
        case .missing: break
        }
        return .empty(
            status: 302,
            headers: [
                Field("Location", RedirectURI.appending(parameters, to: target.redirectURI)),
                Field("Cache-Control", "no-store"), Field("Referrer-Policy", "no-referrer"),
            ])
    }

    /// MYOB names the company file in the redirect and nowhere else, and only where the page was shown for certain.
    private func ownParameters(of request: AuthorizationRequest, _ approval: Approval) -> [Field] {
        guard dialect == .myob, request.prompts.contains("consent"),
            let business = organisations(of: approval).first
        else { return [] }
        return [Field("businessId", business.id), Field("businessName", business.name)]
    }

    private func consentPage(for request: AuthorizationRequest, query: String) -> Answer {
        let action = "authorize?\(query)"
        let yes = offeredApprovals.map { offer in
            Page.Form(action: action, fields: offer.approval.fields, button: "Allow as \(offer.label)")
        }
        let no = Page.Form(action: action, fields: [Field("decision", "deny")], button: "Deny")
        let scopes = request.scopes.isEmpty ? "no scope by name" : request.scopes.joined(separator: ", ")
        return Page(
            title: "Simulated \(dialect.rawValue) sign-in",
            lines: ["The application \(request.client.id) asks for: \(scopes).", "Nothing here is real."],
            forms: yes + [no]
        ).answer()
    }

    func login(_ userID: String) -> String { users[userID]?.login ?? userID }
}

extension Approval {
    /// As the hidden fields of a form.
    var fields: [AuthorizationServer.Field] {
        [AuthorizationServer.Field("user_id", userID)]
            + (organisationID.map { [AuthorizationServer.Field("organisation_id", $0)] } ?? [])
    }
}

extension AuthorizationServer {
    /// What the answer to an authorization request says of who gives it (RFC 9207).
    package enum IssuerParameter: Sendable, Equatable {
        case own
        case missing
        /// Somebody else: the mix-up that the parameter is there against.
        case other(String)
    }
}
