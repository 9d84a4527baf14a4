extension AuthorizationServer {
    /// The page where a person enters a user code and decides (RFC 8628 section 3.3).
    mutating func deviceVerificationAnswer(to incoming: IncomingRequest, at now: Moment) -> Answer {
        if incoming.request.method == "POST" { return decidedPage(for: incoming, at: now) }
        guard let code = incoming.query?["user_code"] else {
            return askingPage(["Enter the code that the device shows."])
        }
        guard let record = devices.deviceCode(forUserCode: code).flatMap({ devices[$0] }), record.standing == .pending
        else { return askingPage(["This code is unknown or was used before. Enter another one."], status: 400) }
        let field = Field("user_code", record.userCode)
        let yes = offeredApprovals.map { offer in
            Page.Form(action: "device", fields: [field] + offer.approval.fields, button: "Allow as \(offer.label)")
        }
        let no = Page.Form(action: "device", fields: [field, Field("decision", "deny")], button: "Deny")
        return Page(
            title: "Simulated \(dialect.rawValue) device",
            lines: ["The application \(record.clientID) asks for access with the code \(record.userCode)."],
            forms: yes + [no]
        ).answer()
    }

    private func askingPage(_ lines: [String], status: Int = 200) -> Answer {
        let form = Page.Form(action: "device", input: Field("user_code", "Code"), button: "Go on", method: "get")
        return Page(title: "Simulated \(dialect.rawValue) device", lines: lines, forms: [form]).answer(status: status)
    }

    private mutating func decidedPage(for incoming: IncomingRequest, at now: Moment) -> Answer {
        let code = incoming["user_code"] ?? ""
        let isDecided =
            switch decision(in: incoming) {
            case .approve(let approval): approveDevice(userCode: code, approval, at: now)
            case .deny: denyDevice(userCode: code, at: now)
            case .page, nil: false
            }
        guard isDecided else { return askingPage(["This code is unknown, too old or was used before."], status: 400) }
        return Page(title: "Done", lines: ["The device goes on by itself. You can close this page."]).answer()
    }
}
