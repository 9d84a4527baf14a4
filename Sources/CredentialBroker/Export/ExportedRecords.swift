internal import ConnectedAccounts
internal import SecretBytes
internal import SecretVault
internal import VaultExport

/// What of the vault goes into an export: all that the next process could not read elsewhere.
extension BrokerState {
    /// With the configuration: a key that cannot be read this time is kept, one that is configured no more is not.
    mutating func take(exportKey given: SecretBox?, isConfigured: Bool) {
        guard isConfigured else {
            if let exportKey { _ = vault.remove(exportKey) }
            exportKey = nil
            return
        }
        guard let given, !holds(exportKey, given) else { return }
        exportKey = given.bytes.withBytes { put(.exportKey, key: "", payload: $0) }
    }

    /// Nil where there is no key that can be used.
    borrowing func sealedRecords(salt: [UInt8], now: BootInstant) -> [String]? {
        guard let exportKey,
            let secret = vault.withPayload(exportKey, { SecretBytes(copying: $0) }),
            let key = try? ExportKey(secret)
        else { return nil }
        var writer = ExportWriter(key: key, salt: salt)
        ExportMoment(wall: wall(now), boot: now).written().withBytes {
            writer.append(kind: ExportMoment.kind, key: Span(), payload: $0)
        }
        vault.forEachRecord { _, kind, key, payload in
            guard VaultKind(rawValue: kind)?.isExported != false else { return }
            writer.append(kind: kind, key: key, payload: payload)
        }
        return writer.finish()
    }
}

extension VaultKind {
    /// What the configuration gives again is left out. Records of a newer version are not ours to judge.
    fileprivate var isExported: Bool {
        switch self {
        case .clientSecret, .exportKey: false
        case .tokens, .sentMark, .pendingLink, .connection, .link, .session, .fingerprintKey, .deletedSeed,
            .mergedConnection, .exportSalt:
            true
        }
    }
}

/// When an export was made, on both clocks: boot time begins anew with each boot.
struct ExportMoment {
    /// Of its record, which stands first.
    static let kind: UInt8 = 0

    var wall: WallInstant
    var boot: BootInstant

    func written() -> SecretBuffer {
        var payload = SecretBuffer()
        payload.append(littleEndian: UInt64(bitPattern: wall.seconds &* 1_000_000_000))
        payload.append(littleEndian: UInt64(bitPattern: boot.nanoseconds))
        return payload
    }

    init(wall: WallInstant, boot: BootInstant) {
        self.wall = wall
        self.boot = boot
    }

    /// Nil if it is not what ``written()`` writes.
    init?(reading payload: Span<UInt8>) {
        guard payload.count == 16 else { return nil }
        let nanoseconds = Int64(bitPattern: payload.littleEndian(at: 0))
        self.init(
            wall: WallInstant(seconds: nanoseconds.floorDivided(by: 1_000_000_000)),
            boot: BootInstant(nanoseconds: Int64(bitPattern: payload.littleEndian(at: 8))))
    }
}
