internal import ConnectedAccounts
internal import SecretBytes
internal import SecretVault

/// Keeps in the vault what a restart would lose otherwise: each change is there before anybody learns of it.
extension BrokerState {
    mutating func save() {
        if !directory.unsaved.isEmpty {
            for id in directory.unsaved.takeAll() { saveConnection(id) }
        }
        if !links.unsaved.isEmpty {
            for id in links.unsaved.takeAll() { saveLink(id) }
        }
        if !sessions.unsaved.isEmpty {
            for id in sessions.unsaved.takeAll() { saveSession(id) }
        }
    }

    private mutating func saveConnection(_ id: String) {
        guard let slot = directory.slot(id: id), let connection = directory[slot] else {
            return remove(.connection, key: id)
        }
        var record = ConnectionRecord(connection: connection)
        if let secrets = secrets[slot] {
            record.seed = secrets.seed
            record.rotates = secrets.rotates
            record.tokens = tokenLife(in: secrets.record)?.generation ?? 0
        }
        record.failures = scheduler.failures(slot)
        record.isConfigured = configuredConnections.contains(id)
        if !save(record.written(), .connection, key: id) { directory.noteUnsaved(id) }
    }

    private mutating func saveLink(_ id: String) {
        guard let link = links[id] else { return remove(.link, key: id) }
        if !save(LinkRecord(link: link, isClaimed: links.isClaimed(id)).written(), .link, key: id) {
            links.unsaved.note(id)
        }
    }

    private mutating func saveSession(_ id: String) {
        guard let session = sessions[id] else { return remove(.session, key: id) }
        if !save(session.written(), .session, key: id) { sessions.unsaved.note(id) }
    }

    /// Where there is no room, what was saved before stands until there is: a restart would go back to it.
    private mutating func save(_ record: borrowing SecretBuffer, _ kind: VaultKind, key: String) -> Bool {
        record.withBytes { put(kind, key: key, payload: $0) } != nil
    }

    /// Whether there is room for another connection, link or session, beside what those that there are may grow by.
    var hasRoomForMore: Bool { !vault.isInReserve }

    /// Whether changes wait for room in the vault.
    var hasUnsavedChanges: Bool {
        !directory.unsaved.isEmpty || !links.unsaved.isEmpty || !sessions.unsaved.isEmpty
    }

    borrowing func tokenLife(in record: RecordHandle) -> TokenLife? {
        (vault.withPayload(record) { TokenRecord.life(in: $0) } ?? nil)?.life
    }
}
