internal import ConnectedAccounts
internal import Crypto
internal import SecretBytes
internal import SecretVault

/// What a vault record holds, and by which key; part of the vault's contents, so numbers are never reused.
enum VaultKind: UInt8 {
    /// A connection's secrets and their life, by its id; see ``TokenRecord``.
    case tokens = 1
    /// "Sent with generation N, first at T", by the connection's id: two numbers of 8 bytes, the lowest first.
    case sentMark = 2
    /// By the auth config's id.
    case clientSecret = 3
    /// What a link must keep to itself, by its connection's id; see ``LinkSecret``.
    case pendingLink = 4
    /// All else of a connection, by its id; see ``ConnectionRecord``.
    case connection = 5
    /// A link that waits for its user, by its connection's id; see ``LinkRecord``.
    case link = 6
    /// By its id.
    case session = 7
    /// Under which seeds, fingerprints and states were hashed; its key is empty.
    case fingerprintKey = 8
    /// The seed of a configured connection that was deleted, by its id.
    case deletedSeed = 9
    /// What exports are sealed with; its key is empty.
    case exportKey = 10
    /// The id of the connection that a link's account turned out to be, by the link's.
    case mergedConnection = 11
    /// Of the last export that was made of this vault, to know it by; its key is empty.
    case exportSalt = 12
}

/// Carries a secret where only copyable values go; one owner at a time reads it.
final class SecretBox: Sendable {
    let bytes: SecretBytes

    init(_ bytes: consuming SecretBytes) {
        self.bytes = bytes
    }
}

extension BrokerState {
    /// Commits a connection's secrets to the vault; nil if there is no room.
    mutating func store(
        _ tokens: consuming TokenSet, _ life: TokenLife?, isUnverified: Bool = false, of connection: Connection
    ) -> (record: RecordHandle, fingerprint: String)? {
        var tokens = tokens
        if let life { tokens.set(life, isUnverified: isUnverified) }
        guard let record = put(.tokens, key: connection.id, payload: tokens) else { return nil }
        return (record, fingerprint(of: record))
    }

    /// Of the secret in a connection's record that is handed out.
    func fingerprint(of record: RecordHandle) -> String {
        let fingerprint = vault.withPayload(record) { bytes -> String? in
            for field in TokenRecord.Field.shownFirst {
                guard let range = TokenRecord.range(of: field, in: bytes) else { continue }
                return self.fingerprint(of: bytes.extracting(range))
            }
            return nil
        }
        return (fingerprint ?? nil) ?? ""
    }

    private mutating func put(_ kind: VaultKind, key: String, payload: consuming TokenSet) -> RecordHandle? {
        payload.withRecord { put(kind, key: key, payload: $0) }
    }

    mutating func storeClientSecret(_ secret: borrowing SecretBytes, of authConfigID: String) -> RecordHandle? {
        secret.withBytes { put(.clientSecret, key: authConfigID, payload: $0) }
    }

    mutating func remove(_ kind: VaultKind, key: String) {
        let key = SecretBytes(utf8: key)
        let record = key.withBytes { vault.handle(kind: kind.rawValue, key: $0) }
        if let record { _ = vault.remove(record) }
    }

    /// Nil if there is no room.
    mutating func put(_ kind: VaultKind, key: String, payload: Span<UInt8>) -> RecordHandle? {
        let key = SecretBytes(utf8: key)
        return try? key.withBytes { key throws(VaultError) in
            try vault.put(kind: kind.rawValue, key: key, payload: payload)
        }
    }

    /// Lends one of a connection's secrets.
    borrowing func withSecret<Result>(
        _ field: TokenRecord.Field, of slot: Int, _ body: (Span<UInt8>) -> Result
    ) -> Result? {
        guard let record = secrets[slot]?.record else { return nil }
        let result = vault.withPayload(record) { bytes in
            TokenRecord.range(of: field, in: bytes).map { range in
                isDrawing ? body(standIns.bytes(for: field).span) : body(bytes.extracting(range))
            }
        }
        return result ?? nil
    }

    /// A short keyed hash: tells tokens apart, tells nothing of them, and nothing across restarts.
    borrowing func fingerprint(of secret: Span<UInt8>, bytes: Int = 8) -> String {
        let key = SymmetricKey(data: settings.fingerprintKey)
        let code = unsafe secret.withUnsafeBytes { unsafe HMAC<SHA256>.authenticationCode(for: $0, using: key) }
        return code.prefix(bytes).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}

extension TokenRecord.Field {
    /// Of these the first there is is the one handed out.
    fileprivate static var shownFirst: [TokenRecord.Field] {
        [.accessToken, .apiKey, .bearerToken, .password, .refreshToken, .privateKey]
    }
}

extension SecretBuffer {
    mutating func append(littleEndian value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}

extension Span<UInt8> {
    /// Eight bytes as a number, the lowest first.
    func littleEndian(at offset: Int) -> UInt64 {
        (0..<8).reduce(UInt64(0)) { $0 | UInt64(self[offset + $1]) << (8 * UInt64($1)) }
    }
}
