internal import SecretBytes
internal import SecretVault

/// What a pending link must keep to itself, as one vault record: a version byte, then tagged fields.
enum LinkSecret: UInt8 {
    /// RFC 7636 section 4.1.
    case verifier = 1
    /// OpenID Connect Core section 3.1.2.1.
    case nonce = 2
    /// RFC 8628 section 3.2.
    case deviceCode = 3

    fileprivate static let version: UInt8 = 1
}

extension BrokerState {
    /// Keeps a link's secrets in the vault, in place of those of an earlier link of the connection. False if there is
    /// no room.
    mutating func storeLink(_ connectionID: String, _ secrets: [(LinkSecret, SecretBox)]) -> Bool {
        var record = SecretBuffer()
        record.append(LinkSecret.version)
        for (field, secret) in secrets {
            secret.bytes.withBytes { TaggedFields.append(field.rawValue, $0, to: &record) }
        }
        return record.withBytes { put(.pendingLink, key: connectionID, payload: $0) } != nil
    }

    borrowing func linkSecret(_ field: LinkSecret, of connectionID: String) -> SecretBox? {
        guard let record = linkRecord(connectionID) else { return nil }
        let found = vault.withPayload(record) { bytes -> SecretBox? in
            guard bytes.count > 0, bytes[0] == LinkSecret.version else { return nil }
            return TaggedFields.range(of: field.rawValue, in: bytes).map {
                SecretBox(SecretBytes(copying: bytes.extracting($0)))
            }
        }
        return found ?? nil
    }

    /// Wipes what the link kept: from now on nothing can be exchanged for it.
    mutating func wipeLink(_ connectionID: String) {
        if let record = linkRecord(connectionID) { _ = vault.remove(record) }
    }

    private borrowing func linkRecord(_ connectionID: String) -> RecordHandle? {
        let key = SecretBytes(utf8: connectionID)
        return key.withBytes { vault.handle(kind: VaultKind.pendingLink.rawValue, key: $0) }
    }
}
