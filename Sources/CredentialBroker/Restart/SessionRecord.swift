internal import ConnectedAccounts
internal import JSON
internal import SecretBytes

/// What the vault keeps of a session.
extension Session {
    func written() -> SecretBuffer {
        var json = JSONWriter()
        json.object { json in
            json.member("id", id)
            json.member("agent", agent)
            json.member("userId", userID)
            json.member("requiresExplicitSelection", requiresExplicitSelection)
            json.member("createdAt", createdAt.seconds)
            json.member("expiresAt", expiresAt.nanoseconds)
            json.memberArray("pinned") { json in
                for (toolkit, ids) in pinned.sorted(by: { $0.key < $1.key }) {
                    json.array { json in
                        json.value(toolkit)
                        for id in ids { json.value(id) }
                    }
                }
            }
        }
        return json.finish()
    }

    /// Nil if it is not what ``written()`` writes.
    init?(reading payload: Span<UInt8>) {
        guard let root = RecordJSON.parse(payload), let id = root["id"]?.string, let agent = root["agent"]?.string,
            let userID = root["userId"]?.string, let expiresAt = root["expiresAt"]?.int
        else { return nil }
        var pinned: [String: [String]] = [:]
        if let entries = root["pinned"] {
            for entry in entries.elements {
                let words = entry.elements.compactMap(\.string)
                if let toolkit = words.first { pinned[toolkit] = Array(words.dropFirst()) }
            }
        }
        self.init(
            id: id, agent: agent, userID: userID, pinned: pinned,
            requiresExplicitSelection: root["requiresExplicitSelection"]?.bool ?? false,
            createdAt: WallInstant(seconds: Int64(root["createdAt"]?.int ?? 0)),
            expiresAt: BootInstant(nanoseconds: Int64(expiresAt)))
    }
}
