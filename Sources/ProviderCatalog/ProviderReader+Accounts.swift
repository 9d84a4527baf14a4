import OAuth
import StrictYAML

// What differs between auth configs and accounts: variables, account fields, identity.
extension ProviderReader {
    mutating func readVariables() -> [TemplateVariable] {
        let own = fewMembers("variables").compactMap { member -> TemplateVariable? in
            guard
                let parts = member.value.mapping(["kind", "required", "default", "values", "hostSuffixes"], &problems),
                var variable = variable(member, parts, source: .authConfig)
            else { return nil }
            variable.isRequired = parts["required"]?.bool(&problems) ?? (variable.defaultValue == nil)
            if variable.isRequired, variable.defaultValue != nil {
                problems.add(at: member.value, "has a default, so nobody is required to say it")
            }
            if variable.kind == .json { problems.add(at: member.value, "a variable cannot be JSON") }
            return variable
        }
        variables += own
        return own
    }

    mutating func readAccountFields() -> [AccountField] {
        let own = fewMembers("accountFields").compactMap { accountField($0) }
        variables += own.map(\.variable)
        return own
    }

    private mutating func accountField(_ member: YAMLMember) -> AccountField? {
        guard
            let parts = member.value.mapping(["from", "url", "member", "kind", "values", "hostSuffixes"], &problems),
            let variable = variable(member, parts, source: .account),
            let pointer = parts.required("member", &problems).flatMap({ self.pointer($0) }),
            let origin = origin(parts, ["identity", "tokenAnswer", "callback", "request"])
        else { return nil }
        let source: AccountField.Source
        switch origin {
        case .named("tokenAnswer"): source = .tokenAnswer
        case .named("callback"): source = .callback
        case .named: source = .identity
        case .request(let url): source = .request(url)
        }
        if pointer.tokens.isEmpty, source == .tokenAnswer || source == .callback {
            problems.add(at: member.value, "member must name one, such as /name")
        }
        return AccountField(source: source, member: pointer, variable: variable)
    }

    mutating func identity() -> IdentityDescription? {
        guard
            let node = fields["identity"],
            let parts = node.mapping(["from", "url", "many", "selector", "stableId", "displayName"], &problems),
            let origin = origin(parts, ["userinfo", "request", "tokenAnswer", "callback"])
        else { return nil }
        let source: IdentityDescription.Source
        switch origin {
        case .named("tokenAnswer"): source = .tokenAnswer
        case .named("callback"): source = .callback
        case .named: source = .userinfo
        case .request(let url): source = .request(url)
        }
        if source == .userinfo, fields["userinfoURL"] == nil, fields["issuer"] == nil {
            problems.add(at: node, "needs userinfoURL, or issuer for OpenID discovery")
        }
        var identity = IdentityDescription(
            source: source, selector: pointers(parts, "selector"), stableID: pointers(parts, "stableId"),
            displayName: parts["displayName"] == nil ? [] : pointers(parts, "displayName"))
        identity.hasManyAccounts = parts["many"]?.bool(&problems) ?? false
        return identity
    }

    mutating func accountRevocation(_ node: YAMLNode) -> AccountRevocation? {
        guard
            let parts = node.mapping(["url", "method"], &problems),
            let url = parts.required("url", &problems).flatMap({ urlTemplate($0) })
        else { return nil }
        let methods: [(String, ProviderRequest.Method)] = [("POST", .post), ("DELETE", .delete)]
        return AccountRevocation(url: url, method: parts["method"]?.choice(among: methods, &problems) ?? .delete)
    }

    private enum Origin {
        case named(String)
        case request(Template)
    }

    /// `from`, and the `url` that a request needs and nothing else has.
    private mutating func origin(_ parts: YAMLMapping, _ words: [String]) -> Origin? {
        guard let word = parts.required("from", &problems)?.choice(among: words.map { ($0, $0) }, &problems) else {
            return nil
        }
        guard word == "request" else {
            parts.forbid(["url"], "only a request has an address", &problems)
            return .named(word)
        }
        return parts.required("url", &problems).flatMap { urlTemplate($0) }.map { .request($0) }
    }

    private mutating func variable(
        _ member: YAMLMember, _ parts: YAMLMapping, source: TemplateVariable.Source
    ) -> TemplateVariable? {
        if !member.key.isName { problems.add(at: member.value, "needs a name: a letter, then letters, digits and '_'") }
        if variables.contains(where: { $0.name == member.key }) {
            problems.add(at: member.value, "there is already a variable or account field of this name")
        }
        guard let kind = parts.required("kind", &problems)?.choice(of: TemplateVariable.Kind.self, &problems) else {
            return nil
        }
        var variable = TemplateVariable(name: member.key, kind: kind, source: source)
        variable.allowedValues = parts["values"]?.strings(maximumLength: 256, &problems) ?? []
        variable.hostSuffixes = (parts["hostSuffixes"]?.elements(&problems) ?? []).compactMap { hostSuffix($0) }
        if kind != .hostname, kind != .baseURL {
            parts.forbid(["hostSuffixes"], "only a hostname or a baseURL has them", &problems)
        }
        variable.defaultValue = parts["default"].flatMap { defaultValue($0, of: variable) }
        return variable
    }

    /// A registered domain at least: `com` would be everybody's.
    private mutating func hostSuffix(_ node: YAMLNode) -> String? {
        guard let text = node.nonEmptyString(maximumLength: 253, &problems) else { return nil }
        let domain = TemplateVariable(name: "domain", kind: .hostname, source: .authConfig)
        guard (try? domain.checked(text)) != nil, !text.utf8.contains(where: { (0x41...0x5A).contains($0) }) else {
            problems.add(at: node, "needs a domain in lower case, such as example.com")
            return nil
        }
        return text
    }

    private mutating func defaultValue(_ node: YAMLNode, of variable: TemplateVariable) -> String? {
        guard let text = node.nonEmptyString(maximumLength: 1024, &problems) else { return nil }
        do {
            return try variable.checked(text)
        } catch {
            problems.add(at: node, error.description)
            return nil
        }
    }

    /// One pointer, or several of which the first that leads somewhere counts.
    private mutating func pointers(_ parts: YAMLMapping, _ key: String) -> [JSONPointer] {
        guard let node = parts.required(key, &problems) else { return [] }
        guard case .sequence(let elements) = node.content else { return pointer(node).map { [$0] } ?? [] }
        if elements.isEmpty { problems.add(at: node, "needs at least one JSON pointer") }
        return elements.compactMap { pointer($0) }
    }

    private mutating func pointer(_ node: YAMLNode) -> JSONPointer? {
        guard let text = node.string(maximumLength: 256, &problems) else { return nil }
        guard let pointer = JSONPointer(text) else {
            problems.add(at: node, "needs a JSON pointer, such as /user/id")
            return nil
        }
        return pointer
    }
}
