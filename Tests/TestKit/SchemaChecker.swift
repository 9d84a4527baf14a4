package import JSON
internal import RFC3339

/// Checks values against the JSON schemas of an OpenRPC document, for the keywords that it uses; any other is a problem itself.
package struct SchemaChecker {
    private let document: JSONTree

    package init(document: JSONTree) {
        self.document = document
    }

    /// What is wrong with the value, each with where in it; empty if nothing is.
    package func problems(_ value: JSONTree, _ schema: JSONTree, at path: String = "$") -> [String] {
        schema.members.flatMap { keyword -> [String] in
            check(value, keyword.key, keyword.value, schema).map { "\(path): \($0)" }
                + nested(value, keyword.key, keyword.value, schema, path)
        }
    }

    /// The schema that a reference leads to.
    package func resolve(_ reference: String) -> JSONTree? {
        guard reference.hasPrefix("#/") else { return nil }
        return reference.dropFirst(2).split(separator: "/").reduce(document as JSONTree?) { $0?[String($1)] }
    }

    private func check(_ value: JSONTree, _ keyword: String, _ rule: JSONTree, _ schema: JSONTree) -> [String] {
        switch keyword {
        case "description", "title", "default", "$ref", "allOf", "properties", "items", "additionalProperties":
            return []
        case "type": return typeProblem(value, rule)
        case "const": return value == rule ? [] : ["is not \(rule.json)"]
        case "enum": return rule.elements.contains(value) ? [] : ["\(value.json) is not one of \(rule.json)"]
        case "required":
            return rule.elements.compactMap(\.string).filter { isObject(value) && value[$0] == nil }.map {
                "lacks \($0)"
            }
        case "pattern", "format", "maxLength", "minLength": return textProblem(value, keyword, rule)
        default: return boundProblem(value, keyword, rule)
        }
    }

    private func typeProblem(_ value: JSONTree, _ rule: JSONTree) -> [String] {
        let allowed = rule.string.map { [$0] } ?? rule.elements.compactMap(\.string)
        let types = types(of: value)
        return allowed.contains { types.contains($0) }
            ? [] : ["\(value.json) is no \(allowed.joined(separator: " or "))"]
    }

    private func types(of value: JSONTree) -> [String] {
        switch value {
        case .null: ["null"]
        case .bool: ["boolean"]
        case .int: ["integer", "number"]
        case .double: ["number"]
        case .string: ["string"]
        case .array: ["array"]
        case .object: ["object"]
        }
    }

    private func isObject(_ value: JSONTree) -> Bool {
        if case .object = value { true } else { false }
    }

    private func textProblem(_ value: JSONTree, _ keyword: String, _ rule: JSONTree) -> [String] {
        guard let text = value.string else { return [] }
        switch keyword {
        case "maxLength": return text.unicodeScalars.count <= rule.int ?? -1 ? [] : ["is longer than \(rule.json)"]
        case "minLength": return text.unicodeScalars.count >= rule.int ?? .max ? [] : ["is shorter than \(rule.json)"]
        case "format":
            switch rule.string {
            case "date-time": return RFC3339.unixSeconds(text) == nil ? ["\(text) is no date-time"] : []
            case "uri": return text.contains("://") ? [] : ["\(text) is no URI"]
            default: return ["the format \(rule.json) is not known to the checker"]
            }
        default:
            guard let pattern = rule.string, let expression = try? Regex(pattern) else {
                return ["a bad pattern: \(rule.json)"]
            }
            return text.firstMatch(of: expression) == nil ? ["\(text) does not match \(pattern)"] : []
        }
    }

    private func boundProblem(_ value: JSONTree, _ keyword: String, _ rule: JSONTree) -> [String] {
        let size: Int?
        switch keyword {
        case "minimum", "maximum": size = value.int
        case "minItems", "maxItems": if case .array(let elements) = value { size = elements.count } else { size = nil }
        case "minProperties", "maxProperties": size = isObject(value) ? value.members.count : nil
        default: return ["the keyword \(keyword) is not known to the checker"]
        }
        guard let size, let bound = rule.int else { return [] }
        let holds = keyword.hasPrefix("min") ? size >= bound : size <= bound
        return holds ? [] : ["breaks \(keyword) \(bound)"]
    }

    private func nested(
        _ value: JSONTree, _ keyword: String, _ rule: JSONTree, _ schema: JSONTree, _ path: String
    ) -> [String] {
        switch keyword {
        case "$ref":
            guard let target = resolve(rule.string ?? "") else { return ["\(path): \(rule.json) leads nowhere"] }
            return problems(value, target, at: path)
        case "allOf": return rule.elements.flatMap { problems(value, $0, at: path) }
        case "items": return value.elements.enumerated().flatMap { problems($1, rule, at: "\(path)[\($0)]") }
        case "properties":
            return rule.members.flatMap { member in
                value[member.key].map { problems($0, member.value, at: "\(path).\(member.key)") } ?? []
            }
        case "additionalProperties":
            let others = value.members.filter { schema["properties"]?[$0.key] == nil }
            if rule == .bool(true) { return [] }
            if rule == .bool(false) { return others.map { "\(path): \($0.key) is not described" } }
            return others.flatMap { problems($0.value, rule, at: "\(path).\($0.key)") }
        default: return []
        }
    }
}
