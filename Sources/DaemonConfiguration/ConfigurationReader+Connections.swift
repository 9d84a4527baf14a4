import ConnectedAccounts
import ProviderCatalog
import StrictYAML

extension ConfigurationReader {
    mutating func readConnections(_ node: YAMLNode) {
        var places = ConnectionPlaces()
        for element in node.elements(&problems) ?? [] {
            guard let connection = connection(element, &places) else { continue }
            configuration.connections.append(connection)
        }
    }

    private mutating func connection(
        _ node: YAMLNode, _ places: inout ConnectionPlaces
    ) -> ConnectionDefinition? {
        guard let fields = node.mapping(["id", "userId", "authConfig", "alias", "credentials"], &problems) else {
            return nil
        }
        let id = fields.required("id", &problems).flatMap { identifier($0, prefix: "con_") }
        let userID = fields.required("userId", &problems)?.nonEmptyString(maximumLength: 256, &problems)
        let authConfigID = fields.required("authConfig", &problems).flatMap { reference($0) }
        let alias = fields["alias"].flatMap { self.alias($0) }
        let credentials = fields["credentials"].flatMap { SecretReference.read($0, &problems) }
        let authConfig = authConfigID.flatMap { authConfigs[$0] }
        if let authConfig, authConfig.authScheme != .clientCredentials, fields["credentials"] == nil {
            problems.add(at: node, "credentials is missing")
        }
        guard let id, let userID, let authConfigID else { return nil }
        if let line = places.note(id: id, node.location.line) {
            problems.add(at: node, "the connection \(id) is already on line \(line)")
        }
        if let alias, let authConfig,
            let line = places.note(alias: alias, userID, authConfig.toolkit, node.location.line)
        {
            problems.add(
                at: node, "the alias is already on line \(line); it must be unique for its user and toolkit")
        }
        return ConnectionDefinition(
            id: id, userID: userID, authConfigID: authConfigID, alias: alias, credentials: credentials)
    }

    private mutating func reference(_ node: YAMLNode) -> String? {
        guard let id = node.nonEmptyString(maximumLength: 256, &problems) else { return nil }
        guard givenAuthConfigs.contains(id) else {
            let known = givenAuthConfigs
            problems.add(
                at: node, "there is no auth config of this id\(NearMiss.suggestion(for: id, among: known.sorted()))")
            return nil
        }
        return id
    }

    private mutating func alias(_ node: YAMLNode) -> String? {
        guard let alias = node.nonEmptyString(maximumLength: 128, &problems) else { return nil }
        guard !alias.hasPrefix("con_") else {
            problems.add(at: node, "an alias cannot look like a connection's id (con_…)")
            return nil
        }
        return alias
    }

    /// `prefix`, then 1 to 64 letters, digits, `_` and `-`.
    mutating func identifier(_ node: YAMLNode, prefix: String) -> String? {
        guard let id = node.nonEmptyString(maximumLength: 256, &problems) else { return nil }
        guard id.isIdentifier(prefix: prefix) else {
            problems.add(at: node, Self.identifierRule(prefix))
            return nil
        }
        return id
    }

    static func identifierRule(_ prefix: String) -> String {
        "an id begins with \(prefix) and goes on with 1 to 64 letters, digits, '_' and '-'"
    }
}

extension String {
    func isIdentifier(prefix: String) -> Bool {
        guard hasPrefix(prefix) else { return false }
        let rest = dropFirst(prefix.count)
        return (1...64).contains(rest.utf8.count)
            && rest.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

/// Where each id and each alias was met first.
private struct ConnectionPlaces {
    private struct AliasKey: Hashable {
        var alias: String
        var userID: String
        var toolkit: String
    }

    private var ids: [String: Int] = [:]
    private var aliases: [AliasKey: Int] = [:]

    /// The line of the first one, if this is not it.
    mutating func note(id: String, _ line: Int) -> Int? {
        if let first = ids[id] { return first }
        ids[id] = line
        return nil
    }

    mutating func note(alias: String, _ userID: String, _ toolkit: String, _ line: Int) -> Int? {
        let key = AliasKey(alias: alias, userID: userID, toolkit: toolkit)
        if let first = aliases[key] { return first }
        aliases[key] = line
        return nil
    }
}
