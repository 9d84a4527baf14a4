internal import PurserClient

/// `daemon.explain` for people.
func whoamiText(_ answer: JSONValue, palette: Palette) -> String {
    var page = LabelledText()
    page.add("you are", answer["peer"].map(identityLine))
    page.add("agent", agentLine(answer, palette))
    let operations = answer["operations"]?.array?.compactMap(\.string) ?? []
    page.add("allowed", operations.isEmpty ? "nothing" : operations.joined(separator: ", ").printable)
    if let decision = answer["decision"], !decision.isNull { page.add("decision", decisionLine(decision, palette)) }
    return page.text
}

private func identityLine(_ peer: JSONValue) -> String {
    var parts = ["uid \(peer.number("uid"))\(named(peer["user"]))", "gid \(peer.number("gid"))\(named(peer["group"]))"]
    let groups = peer["groups"]?.array?.compactMap { $0.int.map(String.init) } ?? []
    if !groups.isEmpty { parts.append("groups \(groups.joined(separator: " "))") }
    parts.append("pid \(peer.number("pid"))")
    // What the daemon knows beside those, such as unit and executable.
    let shown: Set<String> = ["uid", "user", "gid", "group", "groups", "pid"]
    for (key, value) in peer.object ?? [:] where !shown.contains(key) && !value.isNull {
        parts.append("\(key) \(value.string ?? value.description)".printable)
    }
    return parts.joined(separator: ", ")
}

private func named(_ name: JSONValue?) -> String {
    name?.string.map { " (\($0.printable))" } ?? ""
}

private func agentLine(_ answer: JSONValue, _ palette: Palette) -> String {
    guard let agent = answer["agent"]?.string else {
        let none = palette.paint("none: no access", .bad)
        let uid = (answer["peer"] ?? nil).number("uid")
        return "\(none); the operator can add an agent whose match fits you, such as { uid: \(uid) }"
    }
    let rules = answer["matchedBy"]?.object?.map { "\($0.key) \($0.value.string ?? $0.value.description)" } ?? []
    let matched = rules.isEmpty ? "" : ", matched by \(rules.joined(separator: " and "))"
    return (agent + matched).printable
}

private func decisionLine(_ decision: JSONValue, _ palette: Palette) -> String {
    let isAllowed = decision["allowed"]?.bool == true
    let target = decision["connectionId"]?.string.map { " on \($0.printable)" } ?? ""
    let verdict = palette.paint(isAllowed ? "allowed" : "denied", isAllowed ? .good : .bad)
    let grant = decision["grant"]?.int.map { " by grant \($0)" } ?? ""
    return "\(decision.text("operation"))\(target): \(verdict)\(grant): \(decision.text("reason"))"
}
