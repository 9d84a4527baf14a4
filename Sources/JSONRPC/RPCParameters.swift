package import JSON

/// The parameters of one call, by name or by position, checked against what the method knows. JSON `null` counts as absent.
///
/// The one way in which services read parameters. Each accessor throws INVALID_PARAMS with the parameter's name and what to
/// pass instead; no message holds a value.
package struct RPCParameters: Sendable {
    private let params: JSONValue?
    private let names: [StaticString]
    private let path: StaticString

    /// Checks `params`, an object, an array or nil, against the known `names`, in their order by position.
    ///
    /// `path` stands before the names in messages: `"config."` for the members of a parameter `config`. Throws INVALID_PARAMS
    /// that lists the names which nobody knows in `data.unknown`, and in `data.expected` those that are known.
    package init(_ params: JSONValue?, names: [StaticString], path: StaticString = "") throws(RPCError) {
        self.params = params
        self.names = names
        self.path = path
        switch params?.kind {
        case .object: try checkNames()
        case .array: try checkCount()
        default: break
        }
    }

    /// The value of a parameter of any type; nil if it is absent.
    package func value(_ name: StaticString) -> JSONValue? {
        guard let value = params?.kind == .array ? byPosition(name) : params?[name] else { return nil }
        return value.isNull ? nil : value
    }

    private func byPosition(_ name: StaticString) -> JSONValue? {
        names.firstIndex { $0.description == name.description }.flatMap { params?.element(at: $0) }
    }

    /// How messages call a parameter.
    func label(_ name: StaticString) -> String { "\(path)\(name)" }

    private var expected: JSONTree { .array(names.map { .string(label($0)) }) }

    private var expectedText: String {
        names.isEmpty ? "no parameters" : names.map { "'\(label($0))'" }.joined(separator: ", ")
    }

    private func checkCount() throws(RPCError) {
        guard let count = params?.count, count > names.count else { return }
        throw .invalidParams(
            "\(count) parameters were given by position; known are \(expectedText), in this order.",
            data: ["given": .int(count), "expected": expected])
    }

    private func checkNames() throws(RPCError) {
        guard let params else { return }
        if !params.hasOnlyKeys(names) { throw unknownNames(params) }
    }

    private func isKnown(_ key: JSONValue) -> Bool {
        for name in names where key.equals(name) { return true }
        return false
    }

    /// At most this many unknown names are listed.
    private static let maxListed = 8

    private func unknownNames(_ params: JSONValue) -> RPCError {
        var unknown: [String] = []
        for (key, _) in params.members where unknown.count < Self.maxListed && !isKnown(key) {
            unknown.append(key.string ?? "")
        }
        let descriptions = unknown.map { name in
            let near = names.first { isNear(name, $0.description) }
            let suggestion = near.map { " (did you mean '\(label($0))'?)" } ?? ""
            return "'\(path)\(shortened(name))'\(suggestion)"
        }
        return .invalidParams(
            "Unknown parameter \(descriptions.joined(separator: ", ")). Known are: \(expectedText).",
            data: ["unknown": .array(unknown.map { .string("\(path)\(shortened($0))") }), "expected": expected])
    }
}
