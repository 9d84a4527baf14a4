internal import PurserClient

/// What standard error says about a failed call, ended by a line's end.
func errorText(_ error: PurserError, isJSON: Bool, width: Int?) -> String {
    guard case .rpc(let answer) = error else { return "purser: \(error)".printable + "\n" }
    if isJSON { return "\(errorObject(answer))\n" }
    let candidates = answer.data["candidates"]?.array ?? []
    let table = TextTable(
        [
            .init(heading: "CONNECTION", canBeCut: false), .init(heading: "USER"), .init(heading: "ACCOUNT"),
            .init(heading: "ALIAS"), .init(heading: "STATUS", canBeCut: false),
        ],
        candidates.map { candidate in
            ["connectionId", "userId", "accountIdentifier", "alias", "status"].map { key in
                .init(candidate[key]?.string ?? "")
            }
        })
    return "purser: \(answer)\(hint(answer))".printable + "\n"
        + table.text(width: width, palette: Palette(isOn: false), indent: 2)
}

private func hint(_ error: RPCError) -> String {
    switch error.name {
    case .forbidden: return " See who the daemon takes you for: purser whoami"
    case .alreadyConnected:
        let known = error.data["connectionId"]?.string.map { " It is \($0)." } ?? ""
        return "\(known) To connect another one beside it: purser connect --another"
    default: return ""
    }
}

/// The `error` member as the daemon sent it.
private func errorObject(_ error: RPCError) -> JSONValue {
    var data = error.data
    data["code"] = .string(error.name.rawValue)
    return ["error": ["code": .int(error.code), "message": .string(error.message), "data": .object(data)]]
}
