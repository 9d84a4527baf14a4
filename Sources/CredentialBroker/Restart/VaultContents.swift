internal import ConnectedAccounts
internal import SecretBytes
internal import SecretVault

/// What an earlier process left in the vault, sorted by what it is.
struct VaultContents {
    struct Tokens {
        var record: RecordHandle
        var life: TokenLife?
        /// Whether all that there is of their connection can be read.
        var isLegible = true
        /// They were stored before it was known whose they are.
        var isUnverified = false
        /// When the refresh token among them was presented, if no answer to that is known.
        var sentAt: BootInstant?
    }

    /// "Sent with generation N at T".
    struct SentMark {
        var generation: UInt64
        var sentAt: BootInstant
    }

    var fingerprintKey: [UInt8]?
    var connections: [ConnectionRecord] = []
    var links: [LinkRecord] = []
    var sessions: [Session] = []
    /// By the connection's id.
    var tokens: [String: Tokens] = [:]
    var sentMarks: [String: SentMark] = [:]
    var deletedSeeds: [String: String] = [:]
    /// Connections whose own record cannot be read.
    var unreadableConnections: Set<String> = []
    /// The connections for whose links there are secrets.
    var linkSecrets: Set<String> = []
    /// The auth configs of which there is a secret.
    var clientSecrets: Set<String> = []
    var exportKey: RecordHandle?
    var mergedConnections: [String: String] = [:]
    /// Records that this version cannot read.
    var unreadable = 0

    init(of vault: borrowing SecretVault) {
        vault.forEachRecord { handle, kind, key, payload in
            let key = String(publicText: key)
            switch VaultKind(rawValue: kind) {
            case .tokens:
                let known = TokenRecord.life(in: payload)
                tokens[key] = Tokens(record: handle, life: known?.life, isUnverified: known?.isUnverified ?? false)
            case .sentMark: readMark(payload, key)
            case .connection:
                guard let record = ConnectionRecord(reading: payload) else {
                    unreadableConnections.insert(key)
                    return unreadable += 1
                }
                connections.append(record)
            case .link:
                let record = LinkRecord(reading: payload)
                if let record { links.append(record) } else { unreadable += 1 }
            case .session:
                let session = Session(reading: payload)
                if let session { sessions.append(session) } else { unreadable += 1 }
            case .fingerprintKey: fingerprintKey = payload.indices.map { payload[$0] }
            case .deletedSeed: deletedSeeds[key] = String(publicText: payload)
            case .clientSecret: clientSecrets.insert(key)
            case .pendingLink: linkSecrets.insert(key)
            case .exportKey: exportKey = handle
            case .mergedConnection: mergedConnections[key] = String(publicText: payload)
            case .exportSalt: break
            case nil: unreadable += 1
            }
        }
    }

    private mutating func readMark(_ payload: Span<UInt8>, _ key: String) {
        guard payload.count == 16 else { return unreadable += 1 }
        sentMarks[key] = SentMark(
            generation: payload.littleEndian(at: 0),
            sentAt: BootInstant(nanoseconds: Int64(bitPattern: payload.littleEndian(at: 8))))
    }
}

extension String {
    /// Of what is no secret.
    fileprivate init(publicText bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
