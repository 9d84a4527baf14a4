/// A mapping whose keys have been checked against those that are allowed.
package struct YAMLMapping: Sendable {
    package let node: YAMLNode
    private let members: [String: YAMLNode]

    fileprivate init(node: YAMLNode, members: [String: YAMLNode]) {
        self.node = node
        self.members = members
    }

    /// The value of a key, if it is there.
    package subscript(_ key: String) -> YAMLNode? { members[key] }

    /// The value of a key; a problem where it is missing.
    package func required(_ key: String, _ problems: inout YAMLProblems) -> YAMLNode? {
        guard let value = members[key] else {
            problems.add(at: node, "\(key) is missing")
            return nil
        }
        return value
    }

    /// A problem for each of these keys that is there, with the reason why it must not be.
    package func forbid(_ keys: [String], _ reason: String, _ problems: inout YAMLProblems) {
        for key in keys {
            if let value = members[key] { problems.add(at: value, reason) }
        }
    }
}

extension YAMLNode {
    /// The value as a mapping of known keys. A key that is not in `allowed` is a problem, and what was probably meant
    /// is named.
    ///
    /// With `secretive`, the keys may be a secret that somebody wrote as `{value}`, and are not repeated.
    package func mapping(
        _ allowed: [String], secretive: Bool = false, _ problems: inout YAMLProblems
    ) -> YAMLMapping? {
        guard let members = members(&problems) else { return nil }
        var known: [String: YAMLNode] = [:]
        for member in members {
            if allowed.contains(member.key) {
                known[member.key] = member.value
            } else if secretive {
                problems.add(at: self, "unknown key; allowed is \(allowed.joined(separator: " or "))")
            } else {
                problems.add(at: member.value, Self.unknownKey(member.key, allowed))
            }
        }
        return YAMLMapping(node: self, members: known)
    }

    /// The members of a mapping with keys of any name, in the order of the text.
    package func members(_ problems: inout YAMLProblems) -> [YAMLMember]? {
        guard case .mapping(let members) = content else {
            problems.add(at: self, "needs a mapping (key: value), not \(kind)")
            return nil
        }
        return members
    }

    /// The elements of a sequence.
    package func elements(_ problems: inout YAMLProblems) -> [YAMLNode]? {
        guard case .sequence(let elements) = content else {
            problems.add(at: self, "needs a list, not \(kind)")
            return nil
        }
        return elements
    }

    private static func unknownKey(_ key: String, _ allowed: [String]) -> String {
        if let nearest = NearMiss.nearest(to: key, among: allowed) { return "unknown key; did you mean \(nearest)?" }
        return "unknown key; allowed are \(allowed.joined(separator: ", "))"
    }
}
