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
    let hint = answer.name == .forbidden ? " See who the daemon takes you for: purser whoami" : ""
    return "purser: \(answer)\(hint)".printable + "\n"
        + table.text(width: width, palette: Palette(isOn: false), indent: 2)
}

/// The `error` member as the daemon sent it.
private func errorObject(_ error: RPCError) -> JSONValue {
    var data = error.data
    data["code"] = .string(error.name.rawValue)
    return ["error": ["code": .int(error.code), "message": .string(error.message), "data": .object(data)]]
}
