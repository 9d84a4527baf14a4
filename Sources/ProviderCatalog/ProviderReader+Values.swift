import OAuth
import StrictYAML

// How the kinds of value are read that a description is made of.
extension ProviderReader {
    static let longestLifetime: Duration = .seconds(3650 * 86_400)

    /// What the safety of the authorization code flow depends on.
    private static let authorizationRequestParameters: Set<String> = [
        "client_id", "code_challenge", "code_challenge_method", "nonce", "redirect_uri", "response_type", "state",
    ]
    /// What a token request says in secret.
    private static let secretParameters: Set<String> = [
        "assertion", "client_secret", "code", "code_verifier", "device_code", "refresh_token",
    ]

    mutating func duration(_ key: String) -> Duration? {
        fields[key]?.duration(in: .seconds(1)...Self.longestLifetime, &problems)
    }

    mutating func bool(_ key: String, default value: Bool) -> Bool {
        fields[key]?.bool(&problems) ?? value
    }

    /// An address without placeholders.
    mutating func address(_ node: YAMLNode) -> String? {
        guard let text = node.nonEmptyString(&problems) else { return nil }
        do {
            return try EndpointAddress.validate(text).url
        } catch {
            problems.add(at: node, error.description)
            return nil
        }
    }

    mutating func urlTemplate(_ key: String) -> Template? {
        fields[key].flatMap { urlTemplate($0) }
    }

    /// An address with placeholders: it must be acceptable when they are filled with what they allow.
    mutating func urlTemplate(_ node: YAMLNode) -> Template? {
        guard let text = node.nonEmptyString(&problems) else { return nil }
        do {
            let template = try Template(text, use: .url, variables: variables)
            _ = try template.filledAddress(\.sample)
            return template
        } catch {
            problems.add(at: node, error.description)
            return nil
        }
    }

    mutating func templateHeaders(_ key: String) -> [TemplateHeader] {
        members(key).compactMap { member in
            check(headerName: member)
            return template(member.value, .header).map { TemplateHeader(name: member.key, value: $0) }
        }
    }

    mutating func templateParameters(_ key: String) -> [TemplateParameter] {
        let reserved = key == "authorizationParameters" ? Self.authorizationRequestParameters : Self.secretParameters
        return members(key).compactMap { member in
            if reserved.contains(member.key) { problems.add(at: member.value, "is filled in by the daemon; remove it") }
            return template(member.value, .parameter).map { TemplateParameter(name: member.key, value: $0) }
        }
    }

    /// Header fields without placeholders.
    mutating func headers(_ node: YAMLNode?) -> [NamedValue] {
        (node?.members(&problems) ?? []).compactMap { member in
            check(headerName: member)
            return member.value.nonEmptyString(&problems).map { NamedValue(member.key, $0) }
        }
    }

    /// The members of a mapping that has few, because it is searched again and again.
    mutating func fewMembers(_ key: String) -> [YAMLMember] {
        guard let node = fields[key], let members = node.members(&problems) else { return [] }
        guard members.count <= 64 else {
            problems.add(at: node, "has more than 64 keys")
            return []
        }
        return members
    }

    mutating func name(_ node: YAMLNode) -> String? {
        guard let text = node.nonEmptyString(maximumLength: 64, &problems) else { return nil }
        guard text.isName else {
            problems.add(at: node, "needs a name: a letter, then letters, digits and '_'")
            return nil
        }
        return text
    }

    private mutating func members(_ key: String) -> [YAMLMember] {
        fields[key]?.members(&problems) ?? []
    }

    private mutating func check(headerName member: YAMLMember) {
        if !member.key.isHeaderName { problems.add(at: member.value, "is no header's name") }
    }

    private mutating func template(_ node: YAMLNode, _ use: Template.Use) -> Template? {
        guard let text = node.string(&problems) else { return nil }
        guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            problems.add(at: node, "must be printable ASCII")
            return nil
        }
        do {
            return try Template(text, use: use, variables: variables)
        } catch {
            problems.add(at: node, error.description)
            return nil
        }
    }
}

extension TemplateVariable {
    /// Some acceptable value, to see whether an address works with one.
    fileprivate var sample: String {
        let host = hostSuffixes.first.map { "sample.\($0)" } ?? "sample.example.com"
        if let value = defaultValue ?? allowedValues.first { return value }
        return switch kind {
        case .value, .pathSegment, .hostLabel, .json: "sample"
        case .hostname: host
        case .baseURL: "https://\(host)"
        }
    }
}

extension String {
    /// A letter, then letters, digits and `_`.
    var isName: Bool {
        guard let first = utf8.first, isAlphanumeric(first), !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= first) else {
            return false
        }
        return utf8.count <= 64 && utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
    }

    /// Lower-case letters, digits, `-` and `_`; at most 64.
    package var isSlug: Bool {
        (1...64).contains(utf8.count)
            && utf8.allSatisfy { byte in
                "-_".utf8.contains(byte) || (isAlphanumeric(byte) && !(UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte))
            }
    }

    /// A field name (RFC 9110 section 5.1).
    var isHeaderName: Bool {
        (1...64).contains(utf8.count) && utf8.allSatisfy { isAlphanumeric($0) || "!#$%&'*+-.^_`|~".utf8.contains($0) }
    }
}
