import ConnectedAccounts
import ProviderCatalog
import StrictYAML

extension ConfigurationReader {
    mutating func readAgents(_ node: YAMLNode) {
        guard let elements = node.elements(&problems) else { return }
        if elements.isEmpty { warn(at: node, "there are no agents, so nobody has access") }
        var lines: [String: Int] = [:]
        for element in elements {
            guard let agent = agent(element) else { continue }
            if let line = lines[agent.name] {
                problems.add(at: element, "there is already an agent of this name on line \(line)")
            }
            lines[agent.name] = element.location.line
            configuration.agents.append(agent)
        }
    }

    private mutating func agent(_ node: YAMLNode) -> Agent? {
        guard let fields = node.mapping(["name", "match", "grants"], &problems) else { return nil }
        let name = fields.required("name", &problems)?.nonEmptyString(maximumLength: 64, &problems)
        let match = fields.required("match", &problems).flatMap { self.match($0) }
        let grants = fields.required("grants", &problems)?.elements(&problems)?.compactMap { grant($0) }
        guard let name, let match, let grants else { return nil }
        return Agent(name: name, match: match, grants: grants)
    }

    private mutating func grant(_ node: YAMLNode) -> Grant? {
        guard
            let fields = node.mapping(["users", "toolkits", "connections", "operations"], &problems),
            let users = fields.required("users", &problems)?.strings(maximumLength: 256, &problems),
            let toolkits = fields.required("toolkits", &problems)?.elements(&problems),
            let connections = fields.required("connections", &problems)?.elements(&problems),
            let operations = fields.required("operations", &problems)?.elements(&problems)
        else { return nil }
        return Grant(
            users: NameSet(users), toolkits: NameSet(toolkits.compactMap { grantedToolkit($0) }),
            connections: NameSet(connections.compactMap { grantedConnection($0) }),
            operations: grantedOperations(operations))
    }

    private mutating func grantedToolkit(_ node: YAMLNode) -> String? {
        guard let toolkit = node.nonEmptyString(maximumLength: 256, &problems) else { return nil }
        // The common case first: the whole catalogue is only read for a name that no auth config has.
        guard toolkit != "*", !toolkitsInUse.contains(toolkit) else { return toolkit }
        do {
            if try configuration.catalog.provider(ofToolkit: toolkit) != nil {
                warn(at: node, "no auth config has this toolkit, so nothing is granted by it")
                return toolkit
            }
            let catalog = configuration.catalog
            guard !catalog.hasRefusals else {
                warn(at: node, "no provider that was not refused has this toolkit, so nothing is granted by it")
                return toolkit
            }
            // A hint: without the list there is none.
            func hint() -> String { NearMiss.suggestion(for: toolkit, among: (try? catalog.toolkitSlugs()) ?? []) }
            problems.add(at: node, "there is no toolkit of this name\(hint())")
        } catch {
            problems.add(error)
        }
        return nil
    }

    private mutating func grantedConnection(_ node: YAMLNode) -> String? {
        if case .scalar("*", _) = node.content { return "*" }
        return identifier(node, prefix: "con_")
    }

    private mutating func grantedOperations(_ nodes: [YAMLNode]) -> OperationSet {
        let words = Operation.allCases.map(\.rawValue)
        return nodes.reduce(into: OperationSet()) { operations, node in
            guard let word = node.nonEmptyString(maximumLength: 64, &problems) else { return }
            if word == "*" {
                operations.formUnion(.all)
            } else if let operation = Operation(rawValue: word) {
                operations.formUnion(OperationSet([operation]))
            } else {
                let hint = NearMiss.nearest(to: word, among: words).map { "did you mean \($0)?" }
                problems.add(
                    at: node, "unknown operation; \(hint ?? "there are \(words.joined(separator: ", ")) and \"*\"")")
            }
        }
    }

    // MARK: - Match

    /// The facts about a peer that this version does not look at yet. A rule that needs one matches nobody.
    private static var unsupportedKeys: [String] { ["unit", "userUnit", "slice", "executable"] }

    private mutating func match(_ node: YAMLNode) -> PeerMatch? {
        guard let fields = node.mapping(["user", "uid", "group", "gid"] + Self.unsupportedKeys, &problems) else {
            return nil
        }
        var match = PeerMatch()
        let ids = 0...Int(UInt32.max - 1)
        match.uid = fields["uid"]?.int(in: ids, &problems).map(UInt32.init)
        match.gid = fields["gid"]?.int(in: ids, &problems).map(UInt32.init)
        resolveNames(fields, &match)
        for key in Self.unsupportedKeys {
            guard let value = fields[key], let name = value.nonEmptyString(&problems) else { continue }
            warn(at: value, "\(key) is not supported by this version, so the rule matches nobody")
            match.unresolvedName = "\(key) \(name)"
        }
        if case .mapping(let members) = node.content, members.isEmpty {
            problems.add(at: node, "matches nobody; give user, uid, group or gid")
        }
        return match
    }

    private mutating func resolveNames(_ fields: YAMLMapping, _ match: inout PeerMatch) {
        if let node = fields["user"], let name = node.nonEmptyString(maximumLength: 256, &problems) {
            let uid = resolved(node, "user", name, &match) { (names) throws(NameLookupFailure) in
                try names.uid(ofUser: name)
            }
            narrow(\.uid, to: uid, node, "user", name, &match)
        }
        if let node = fields["group"], let name = node.nonEmptyString(maximumLength: 256, &problems) {
            let gid = resolved(node, "group", name, &match) { (names) throws(NameLookupFailure) in
                try names.gid(ofGroup: name)
            }
            narrow(\.gid, to: gid, node, "group", name, &match)
        }
    }

    private mutating func resolved(
        _ node: YAMLNode, _ kind: String, _ name: String, _ match: inout PeerMatch,
        _ lookUp: (Names) throws(NameLookupFailure) -> UInt32?
    ) -> UInt32? {
        do {
            if let number = try lookUp(names) { return number }
            warn(
                at: node, "this machine has no \(kind) of this name, so the rule matches nobody until a reload finds it"
            )
        } catch {
            warn(
                at: node,
                "the \(kind) cannot be looked up (errno \(error.code)), so the rule matches nobody until a reload")
        }
        match.unresolvedName = "\(kind) \(name)"
        return nil
    }

    /// A name and a number for the same thing must both hold.
    private mutating func narrow(
        _ number: WritableKeyPath<PeerMatch, UInt32?>, to found: UInt32?, _ node: YAMLNode, _ kind: String,
        _ name: String,
        _ match: inout PeerMatch
    ) {
        guard let found else { return }
        if let given = match[keyPath: number], given != found {
            warn(at: node, "this \(kind) has another number than the one given beside it, so the rule matches nobody")
            match.unresolvedName = "\(kind) \(name)"
        } else {
            match[keyPath: number] = found
        }
    }
}
