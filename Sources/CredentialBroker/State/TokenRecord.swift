internal import ConnectedAccounts
package import SecretBytes

/// The secrets of a connection as one vault record: a version byte, then fields of tag, length and bytes.
///
/// A reader skips tags it does not know, so a newer writer may add some without a new version.
package enum TokenRecord {
    static let version: UInt8 = 1

    /// Which secret a field holds.
    package enum Field: UInt8, CaseIterable, Sendable {
        case accessToken = 1
        case refreshToken = 2
        case apiKey = 3
        case username = 4
        case password = 5
        case bearerToken = 6
        /// What assertions are signed with, and what they say; see ``SigningKey``.
        case privateKey = 7
        case issuer = 8
        case subject = 9
        case audience = 10
        case keyID = 11

        /// Those that outlive the access tokens that are got with them.
        static var lasting: [Field] { [.privateKey, .issuer, .subject, .audience, .keyID] }

        /// Whether it is no secret, only kept beside one.
        var isPublic: Bool {
            switch self {
            case .username, .issuer, .subject, .audience, .keyID: true
            case .accessToken, .refreshToken, .apiKey, .password, .bearerToken, .privateKey: false
            }
        }

        /// Whether it leaves the daemon by no method.
        var staysInside: Bool { self == .refreshToken || self == .privateKey }
    }

    /// The tag of the tokens' life, which is no secret and no field of its own.
    private static let lifeTag: UInt8 = 32

    static func append(_ life: TokenLife, isUnverified: Bool, to record: inout SecretBuffer) {
        var field = SecretBuffer(minimumCapacity: 25)
        field.append(littleEndian: life.generation)
        field.append(littleEndian: UInt64(bitPattern: life.obtainedAt.nanoseconds))
        field.append(littleEndian: UInt64(bitPattern: life.lifetime?.nanoseconds ?? -1))
        field.append((life.isRefreshable ? 1 : 0) | (isUnverified ? 2 : 0))
        field.withBytes { TaggedFields.append(lifeTag, $0, to: &record) }
    }

    /// The life of the tokens in a record, and whether it was not known yet whose they are; nil where none was written.
    static func life(in record: Span<UInt8>) -> (life: TokenLife, isUnverified: Bool)? {
        guard let range = rangeOfLife(in: record) else { return nil }
        let field = record.extracting(range)
        let lifetime = Int64(bitPattern: field.littleEndian(at: 16))
        let life = TokenLife(
            generation: min(field.littleEndian(at: 0), UInt64(Int64.max) / 2),
            obtainedAt: BootInstant(nanoseconds: Int64(bitPattern: field.littleEndian(at: 8))),
            lifetime: lifetime < 0 ? nil : .nanoseconds(lifetime), isRefreshable: field[24] & 1 != 0)
        return (life, field[24] & 2 != 0)
    }

    /// Where the eight bytes of ``TokenLife/obtainedAt`` are, or nil.
    static func placeOfObtainedAt(in record: Span<UInt8>) -> Int? {
        rangeOfLife(in: record).map { $0.lowerBound + 8 }
    }

    private static func rangeOfLife(in record: Span<UInt8>) -> Range<Int>? {
        guard record.count > 0, record[0] == version, let range = TaggedFields.range(of: lifeTag, in: record),
            range.count == 25
        else { return nil }
        return range
    }

    /// Begins a record.
    static func begin(_ record: inout SecretBuffer) {
        record.append(version)
    }

    static func append(_ field: Field, _ secret: Span<UInt8>, to record: inout SecretBuffer) {
        TaggedFields.append(field.rawValue, secret, to: &record)
    }

    /// Where the field's bytes are in the record, or nil.
    static func range(of field: Field, in record: Span<UInt8>) -> Range<Int>? {
        guard record.count > 0, record[0] == version else { return nil }
        return TaggedFields.range(of: field.rawValue, in: record)
    }
}

/// A connection's secrets on their way into the vault.
package struct TokenSet: ~Copyable {
    private var record = SecretBuffer()

    package init() {
        TokenRecord.begin(&record)
    }

    mutating func set(_ life: TokenLife, isUnverified: Bool) {
        TokenRecord.append(life, isUnverified: isUnverified, to: &record)
    }

    package mutating func set(_ field: TokenRecord.Field, _ secret: borrowing SecretBytes) {
        secret.withBytes { TokenRecord.append(field, $0, to: &record) }
    }

    mutating func set(_ field: TokenRecord.Field, ifThere secret: borrowing SecretBytes?) {
        switch secret {
        case .some(let secret): set(field, secret)
        case .none: break
        }
    }

    package borrowing func has(_ field: TokenRecord.Field) -> Bool {
        record.withBytes { TokenRecord.range(of: field, in: $0) != nil }
    }

    /// Lends one secret, or nil if there is none of that kind.
    package borrowing func with<Result>(_ field: TokenRecord.Field, _ body: (Span<UInt8>) -> Result) -> Result? {
        record.withBytes { bytes in
            TokenRecord.range(of: field, in: bytes).map { body(bytes.extracting($0)) }
        }
    }

    borrowing func withRecord<Result: ~Copyable, Failure>(_ body: (Span<UInt8>) throws(Failure) -> Result)
        throws(Failure)
        -> Result
    {
        try record.withBytes(body)
    }
}
