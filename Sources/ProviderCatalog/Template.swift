package import OAuth

/// Why a template cannot be read or filled. It names the placeholder, never a value.
package enum TemplateProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// A brace without its partner.
    case unbalanced
    /// A placeholder of a name that nobody gives a value.
    case unknown(String)
    /// A placeholder where its kind of value makes no sense.
    case misplaced(String, String)
    /// No value was given for the variable, and it has no default.
    case missing(String)
    /// The variable has a value that may not stand there.
    case unacceptable(String, String)
    /// The filled text is no address that a credential may go to.
    case address(EndpointAddressError)

    package var description: String {
        switch self {
        case .unbalanced: "has a brace without its partner"
        case .unknown(let name): "the placeholder {\(name)} is none of this provider's variables and account fields"
        case .misplaced(let name, let rule): "the placeholder {\(name)} \(rule)"
        case .missing(let name): "\(name) has no value"
        case .unacceptable(let name, let rule): "\(name) \(rule)"
        case .address(let error): error.description
        }
    }
}

/// A text with placeholders, such as `https://{tenant}.example.com/v1`, whose variables are known and checked.
package struct Template: Sendable, Equatable {
    /// What the filled text will be; it decides which variables may stand in it.
    package enum Use: Sendable {
        case url
        case header
        /// A parameter of a request, encoded when the request is made.
        case parameter
    }

    private enum Part: Sendable, Equatable {
        case literal(String)
        case variable(TemplateVariable)
    }

    private let parts: [Part]

    /// The variables in it, in order of appearance.
    package var variables: [TemplateVariable] {
        parts.compactMap { part in
            if case .variable(let variable) = part { variable } else { nil }
        }
    }

    /// Reads the text and looks each placeholder up.
    package init(_ text: String, use: Use, variables: [TemplateVariable]) throws(TemplateProblem) {
        var parts: [Part] = []
        var rest = text[...]
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[brace] == "{", let end = rest[brace...].firstIndex(of: "}") else { throw .unbalanced }
            if brace != rest.startIndex { parts.append(.literal(String(rest[..<brace]))) }
            let name = String(rest[brace..<end].dropFirst())
            guard let variable = variables.first(where: { $0.name == name }) else { throw .unknown(name) }
            try Self.check(variable, in: use, isFirst: parts.isEmpty)
            parts.append(.variable(variable))
            rest = rest[end...].dropFirst()
        }
        if !rest.isEmpty || parts.isEmpty { parts.append(.literal(String(rest))) }
        if use == .url { try Self.checkDomain(parts) }
        self.parts = parts
    }

    /// The text with each placeholder replaced by the value that `value` gives, or the variable's default.
    package func filled(_ value: (TemplateVariable) -> String?) throws(TemplateProblem) -> String {
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal
            case .variable(let variable):
                guard let value = value(variable) ?? variable.defaultValue else { throw .missing(variable.name) }
                text += try variable.checked(value)
            }
        }
        return text
    }

    private static func check(_ variable: TemplateVariable, in use: Use, isFirst: Bool) throws(TemplateProblem) {
        switch (variable.kind, use) {
        case (.json, _): throw .misplaced(variable.name, "is JSON and can stand in no template")
        case (.value, .url): throw .misplaced(variable.name, "has no place in an address: its kind is value")
        case (.baseURL, _) where use != .url || !isFirst:
            throw .misplaced(variable.name, "can only begin an address: its kind is baseURL")
        case (.hostname, .url), (.baseURL, .url):
            // What an answer or a redirect says must not send a token to a host of its choice.
            guard variable.source != .account || variable.isConfined else {
                throw .misplaced(variable.name, "comes from outside and could name any host: give it hostSuffixes")
            }
        default: break
        }
    }

    /// A label that anybody may choose has to stand inside of a domain, of which two labels are fixed at least.
    private static func checkDomain(_ parts: [Part]) throws(TemplateProblem) {
        for (index, part) in parts.enumerated() {
            guard case .variable(let variable) = part, variable.kind == .hostLabel, variable.allowedValues.isEmpty
            else {
                continue
            }
            var domain = ""
            for case .literal(let literal) in parts[index...].dropFirst() {
                let isWhole = literal.contains { "/?:".contains($0) }
                domain += literal.prefix { !"/?:".contains($0) }
                if isWhole { break }
            }
            guard domain.count(where: { $0 == "." }) > 1 else {
                throw .misplaced(variable.name, "would choose the whole domain: give it values")
            }
        }
    }
}
