internal import PurserClient

/// The auth config that an account is to be connected with.
struct AuthConfigChoice {
    let id: String
    /// What people call the provider; nil where that was not asked for.
    let providerName: String?

    /// Finds the auth config that `name` stands for: an id is taken as it is; anything else is a provider or a toolkit
    /// of which there is just one auth config.
    ///
    /// - Throws: ``CommandFailure`` with the candidates where there are none or several; nothing is chosen silently.
    static func find(_ name: String, _ client: PurserClient) async throws -> AuthConfigChoice {
        if name.hasPrefix("ac_") { return AuthConfigChoice(id: name, providerName: nil) }
        let known = (try await client.call("listIntegrations")["integrations"]?.array ?? []).compactMap(Known.init)
        let fitting = known.filter { [$0.id, $0.provider, $0.toolkit].contains(name) }
        guard fitting.count != 1 else { return AuthConfigChoice(id: fitting[0].id, providerName: fitting[0].name) }
        let candidates = fitting.isEmpty ? known : fitting
        let list = candidates.map { "\n  \("\($0.id)  \($0.name), provider \($0.provider)".printable)" }.joined()
        if !fitting.isEmpty {
            throw CommandFailure(
                .usage, "several auth configs fit '\(name.printable)'; name one of them:\(list)")
        }
        throw CommandFailure(
            .usage,
            "no auth config for '\(name.printable)' is known to you; "
                + (known.isEmpty
                    ? "name one by its id, ac_…, from the daemon's configuration" : "name one by its id:\(list)"))
    }

    private struct Known {
        let id: String
        let provider: String
        let toolkit: String
        let name: String

        init?(_ integration: JSONValue) {
            guard let id = integration["authConfigId"]?.string, let provider = integration["provider"]?.string else {
                return nil
            }
            self.id = id
            self.provider = provider
            toolkit = integration["toolkit"]?.string ?? provider
            name = integration["displayName"]?.string ?? provider
        }
    }
}
