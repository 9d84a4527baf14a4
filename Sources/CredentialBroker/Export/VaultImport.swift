package import ConnectedAccounts
internal import SecretBytes
package import SecretVault
package import VaultExport

/// Brings what `daemon.export` has sealed into a fresh vault, its instants moved to this boot's clock.
package enum VaultImport {
    /// What was brought in.
    package struct Report: Sendable, Equatable {
        /// Records, of all kinds.
        package var records = 0
        /// How long ago the export was made, by the wall clock; never below zero.
        package var age: Duration = .zero
    }

    /// Why nothing was brought in. The export is as good as before.
    package enum Failure: Error, CustomStringConvertible {
        /// The configuration names none, or what it names cannot be used.
        case noKey
        case export(ExportError)
        case vault(VaultError)

        package var description: String {
            switch self {
            case .noKey: "the configuration has no usable key for it under export"
            case .export(let error): "\(error)"
            case .vault(let error): "\(error)"
            }
        }
    }

    /// Whether the text is the newest export that was made of this vault.
    package static func isExport(_ text: Span<UInt8>, of vault: borrowing SecretVault) -> Bool {
        guard let salt = try? ExportReader.salt(of: text),
            let record = vault.handle(kind: VaultKind.exportSalt.rawValue, key: Span())
        else { return false }
        return vault.withPayload(record) { known in known.indices.map { known[$0] } == salt } ?? false
    }

    /// Fills `vault`, which is empty, and of no use if this throws. Among `secrets` is what the export was sealed with.
    package static func read(
        _ text: Span<UInt8>, secrets: ConfiguredSecrets, into vault: inout SecretVault, now: BootInstant,
        wall: WallInstant
    ) throws(Failure) -> Report {
        guard let secret = secrets.exportKey else { throw .noKey }
        var report = Report()
        var shift: Duration?
        var failure: VaultError?
        do throws(ExportError) {
            try ExportReader.read(text, key: try ExportKey(secret.bytes)) { kind, key, payload in
                guard failure == nil else { return }
                guard let known = shift else {
                    guard kind == ExportMoment.kind, let moment = ExportMoment(reading: payload) else { return }
                    report.age = .seconds(max(0, wall.seconds - moment.wall.seconds))
                    shift = moment.boot.duration(to: now) - report.age
                    return
                }
                do throws(VaultError) {
                    let moved = MovedRecord(kind, payload, by: known)
                    _ = try moved.withBytes { bytes throws(VaultError) in
                        try vault.put(kind: kind, key: key, payload: bytes)
                    }
                    report.records += 1
                } catch {
                    failure = error
                }
            }
        } catch {
            throw .export(error)
        }
        if let failure { throw .vault(failure) }
        guard shift != nil else { throw .export(.malformed) }
        return report
    }
}

/// A record as it was, but for its instants.
private struct MovedRecord: ~Copyable {
    private let payload: SecretBuffer

    init(_ kind: UInt8, _ payload: Span<UInt8>, by shift: Duration) {
        switch VaultKind(rawValue: kind) {
        case .tokens: self.payload = Self.tokens(payload, shift)
        case .sentMark: self.payload = Self.sentMark(payload)
        case .connection: self.payload = Self.connection(payload, shift) ?? Self.copy(payload)
        case .link: self.payload = Self.link(payload, shift) ?? Self.copy(payload)
        case .session: self.payload = Self.session(payload, shift) ?? Self.copy(payload)
        case .clientSecret, .pendingLink, .fingerprintKey, .deletedSeed, .exportKey, .mergedConnection, .exportSalt,
            nil:
            self.payload = Self.copy(payload)
        }
    }

    func withBytes<Result, Failure>(_ body: (Span<UInt8>) throws(Failure) -> Result) throws(Failure) -> Result {
        try payload.withBytes(body)
    }

    private static func copy(_ payload: Span<UInt8>) -> SecretBuffer {
        var copy = SecretBuffer(minimumCapacity: payload.count)
        copy.append(payload)
        return copy
    }

    private static func tokens(_ payload: Span<UInt8>, _ shift: Duration) -> SecretBuffer {
        guard let place = TokenRecord.placeOfObtainedAt(in: payload) else { return copy(payload) }
        return replacingInstant(at: place, in: payload, shift)
    }

    /// However long ago it seems: a clock that is wrong at boot must not make a provider's grace out of hours.
    private static func sentMark(_ payload: Span<UInt8>) -> SecretBuffer {
        guard payload.count == 16 else { return copy(payload) }
        var mark = SecretBuffer()
        mark.append(payload.extracting(first: 8))
        mark.append(littleEndian: UInt64(bitPattern: Int64.min))
        return mark
    }

    private static func replacingInstant(at place: Int, in payload: Span<UInt8>, _ shift: Duration) -> SecretBuffer {
        let instant = BootInstant(nanoseconds: Int64(bitPattern: payload.littleEndian(at: place)))
        var moved = SecretBuffer(minimumCapacity: payload.count)
        moved.append(payload.extracting(first: place))
        moved.append(littleEndian: UInt64(bitPattern: instant.advanced(by: shift).nanoseconds))
        moved.append(payload.extracting((place + 8)...))
        return moved
    }

    private static func connection(_ payload: Span<UInt8>, _ shift: Duration) -> SecretBuffer? {
        guard var record = ConnectionRecord(reading: payload) else { return nil }
        if let life = record.connection.standing.life {
            record.connection.standing.life?.obtainedAt = life.obtainedAt.advanced(by: shift)
        }
        return record.written()
    }

    private static func link(_ payload: Span<UInt8>, _ shift: Duration) -> SecretBuffer? {
        guard var record = LinkRecord(reading: payload) else { return nil }
        record.link.expiresAt = record.link.expiresAt.advanced(by: shift)
        return record.written()
    }

    private static func session(_ payload: Span<UInt8>, _ shift: Duration) -> SecretBuffer? {
        guard var session = Session(reading: payload) else { return nil }
        session.expiresAt = session.expiresAt.advanced(by: shift)
        return session.written()
    }
}
