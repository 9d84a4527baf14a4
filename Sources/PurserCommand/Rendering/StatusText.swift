internal import PurserClient

/// `daemon.status` for people. A part that a daemon of another version does not send is left out.
func statusText(_ status: JSONValue, now: Timestamp, palette: Palette) -> String {
    var page = LabelledText()
    page.add("purserd", daemonLine(status, palette))
    page.add("accounts", accountsLine(status["accounts"]?.object, palette))
    page.add(
        "next refresh", status.time("nextRefreshAt").map { "\($0.relative(to: now)) (\($0))" } ?? "none is planned")
    page.add(
        "refreshes",
        status["refreshes"].map { refreshes in
            "\(refreshes.number("inFlight")) in flight, \(refreshes.number("queued")) queued; "
                + "\(refreshes.number("succeeded")) succeeded, \(refreshes.number("failed")) failed"
        })
    page.add(
        "vault",
        status["vault"].map { vault in
            "\(vault.text("protection")), \(vault.number("records")) records, \(vault.number("bytes")) bytes, "
                + "\(vault.number("droppedRecords")) dropped" + keepingText(vault)
        })
    page.add(
        "handed over",
        status["vault"]?.time("exportedAt").map { time in
            palette.paint("by an export, \(time.relative(to: now)): nothing is refreshed until a restart", .bad)
        })
    page.add("configuration", status["configuration"].map { configurationLine($0, now) })
    for warning in status["configuration"]?["warnings"]?.array ?? [] {
        page.add("", palette.paint("warning: \((warning.string ?? "").printable)", .attention))
    }
    for (index, endpoint) in (status["endpoints"]?.array ?? []).enumerated() {
        page.add(index == 0 ? "providers" : "", endpointLine(endpoint, now, palette))
    }
    page.add(
        "audit", status["audit"].map { "\($0.number("written")) written, \($0.number("dropped")) dropped" })
    return page.text
}

private func daemonLine(_ status: JSONValue, _ palette: Palette) -> String {
    let health = status.text("health")
    let uptime = status["uptimeSeconds"]?.int.map { ", up \(timeText(seconds: Int64($0)))" } ?? ""
    return "\(status.text("version")), pid \(status.number("pid"))\(uptime): "
        + palette.paint(health, health == "ok" ? .good : .bad)
}

private func accountsLine(_ counts: JSONObject?, _ palette: Palette) -> String? {
    guard let counts else { return nil }
    let parts = counts.filter { $0.value != 0 }.map { status, count in
        palette.paint(
            "\(count.int ?? 0) \(status.lowercased().printable)", ConnectionStatus(rawValue: status).meaning)
    }
    return parts.isEmpty ? "none" : parts.joined(separator: ", ")
}

private func keepingText(_ vault: JSONValue) -> String {
    let keeping = vault["isKept"]?.bool.map { $0 ? ", kept across restarts" : ", lost at a restart" } ?? ""
    let setAside = vault["setAside"]?.int ?? 0
    return keeping + (setAside > 0 ? ", \(setAside) earlier set aside" : "")
}

private func configurationLine(_ configuration: JSONValue, _ now: Timestamp) -> String {
    let path = configuration["path"]?.string?.printable ?? "none"
    let loaded = configuration.time("loadedAt").map { ", loaded \($0.relative(to: now))" } ?? ""
    return path + loaded
}

private func endpointLine(_ endpoint: JSONValue, _ now: Timestamp, _ palette: Palette) -> String {
    let url = endpoint.text("tokenURL")
    let state = endpoint.text("state")
    guard state != "healthy" else { return "\(url): \(palette.paint(state, .good))" }
    let retry = endpoint.time("retryAt").map { ", tried again \($0.relative(to: now))" } ?? ""
    return "\(url): \(palette.paint(state, .bad)), \(endpoint.number("consecutiveFailures")) failures in a row\(retry)"
}

extension JSONValue {
    /// A string member for a terminal; "?" where there is none.
    func text(_ key: String) -> String { self[key]?.string?.printable ?? "?" }

    /// A number member as text; "?" where there is none.
    func number(_ key: String) -> String { self[key]?.int.map(String.init) ?? "?" }

    /// A member that is a timestamp.
    func time(_ key: String) -> Timestamp? { self[key]?.string.flatMap(Timestamp.init(rfc3339:)) }
}
