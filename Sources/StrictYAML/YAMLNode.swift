/// A value of a YAML text that has passed the checks of ``YAMLDocument``.
package struct YAMLNode: Sendable {
    package let location: YAMLLocation
    package let content: Content

    package enum Content: Sendable {
        /// Text, and whether it stood there without quotes, where it may also be a number, a boolean or nothing.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        /// In the order of the text, with no key twice.
        case mapping([YAMLMember])
    }

    package init(location: YAMLLocation, content: Content) {
        self.location = location
        self.content = content
    }
}

/// One key of a mapping with its value; the value's location is that of the key.
package struct YAMLMember: Sendable {
    package let key: String
    package let value: YAMLNode

    package init(key: String, value: YAMLNode) {
        self.key = key
        self.value = value
    }
}

extension YAMLNode {
    /// This value with `other` laid over it: mappings are merged key by key, anything else is replaced.
    ///
    /// Each part keeps its own location, so that a problem in the result points to the file it came from.
    package func overlaid(with other: YAMLNode) -> YAMLNode {
        guard case .mapping(var members) = content, case .mapping(let overlay) = other.content else { return other }
        let places = Dictionary(members.indices.map { (members[$0].key, $0) }) { first, _ in first }
        for member in overlay {
            if let place = places[member.key] {
                let merged = members[place].value.overlaid(with: member.value)
                members[place] = YAMLMember(key: member.key, value: merged)
            } else {
                members.append(member)
            }
        }
        return YAMLNode(location: other.location, content: .mapping(members))
    }
}
