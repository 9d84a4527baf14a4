internal import ConnectedAccounts
internal import JSON
internal import ProviderCatalog
internal import SecretBytes
internal import SecretVault

/// The answer of `getConnectionCredentials` for one account, all but its secrets: drawn once, filled from the vault at each call.
///
/// Good as long as the connection, the configuration and the clock's offset are what they were. It holds no secret.
final class AnswerTemplate: Sendable {
    /// Where a secret goes: before the byte at `offset`.
    struct Gap: Sendable {
        let offset: Int
        let field: TokenRecord.Field
    }

    /// What the template was drawn from.
    struct Basis: Sendable, Equatable {
        let connection: UInt64
        let epoch: UInt64
        let clockOffset: Int64
    }

    let basis: Basis
    /// Callers that may read the client's secret get it as well, and so no answer from here.
    let lacksClient: Bool
    let text: [UInt8]
    /// In the order of their offsets.
    let gaps: [Gap]

    init(basis: Basis, lacksClient: Bool, text: [UInt8], gaps: [Gap]) {
        self.basis = basis
        self.lacksClient = lacksClient
        self.text = text
        self.gaps = gaps
    }
}

/// What stands for the secrets while a template is drawn: text that nothing else contains.
struct StandIns: Sendable {
    private let texts: [TokenRecord.Field: [UInt8]]

    init(randomBytes: (Int) -> [UInt8]) {
        texts = Dictionary(
            uniqueKeysWithValues: TokenRecord.Field.allCases.map { field in
                (field, randomBytes(32).map { UInt8(ascii: "a") + $0 % 26 })
            })
    }

    func bytes(for field: TokenRecord.Field) -> [UInt8] { texts[field] ?? [] }

    /// Takes the stand-ins out of a text that was written with them.
    func gaps(in text: [UInt8]) -> (text: [UInt8], gaps: [AnswerTemplate.Gap]) {
        var rest: [UInt8] = []
        var gaps: [AnswerTemplate.Gap] = []
        var position = 0
        while position < text.count {
            if let field = texts.first(where: { text[position...].starts(with: $0.value) })?.key {
                gaps.append(AnswerTemplate.Gap(offset: rest.count, field: field))
                position += bytes(for: field).count
            } else {
                rest.append(text[position])
                position += 1
            }
        }
        return (rest, gaps)
    }
}

extension BrokerState {
    /// Writes the answer from its template, drawing that first if need be; false, and nothing written, where there can be none.
    mutating func writeByTemplate(
        _ place: AccountPlace, scope: Scope, now: BootInstant, into result: inout JSONWriter
    ) -> Bool {
        guard let template = template(place, scope: scope, now: now), let record = secrets[place.slot]?.record else {
            return false
        }
        return vault.withPayload(record) { secrets in
            result.assembled { template.fill(from: secrets, into: &$0) }
            return true
        } ?? false
    }

    private mutating func template(_ place: AccountPlace, scope: Scope, now: BootInstant) -> AnswerTemplate? {
        let basis = AnswerTemplate.Basis(
            connection: directory.version(place.slot), epoch: epoch, clockOffset: clockOffset)
        if let known = templates[place], known.basis == basis, !known.lacksClient { return known }
        guard let connection = directory[place.slot], isTemplatable(connection, place.slot, scope: scope) else {
            return nil
        }
        if templates.count > 2 * directory.count + 16 { templates.removeAll() }
        if let known = templates[place], known.basis == basis { return known }
        let lacksClient = Self.providersWithClientInAccount.contains(connection.provider)
        let template = draw(place, scope: scope, basis: basis, lacksClient: lacksClient, now: now)
        templates[place] = template
        return template
    }

    /// Basic credentials are encoded together, a client secret depends on the caller, and an odd token needs escapes.
    private func isTemplatable(_ connection: Connection, _ slot: Int, scope: Scope) -> Bool {
        // A key can be wanted as Basic as well.
        if connection.authScheme == .basic { return false }
        if case .basic = authConfigs[connection.authConfigID]?.provider.credentialPlacement { return false }
        let showsClient = Self.providersWithClientInAccount.contains(connection.provider)
        guard !showsClient || !scope.allows(.clientSecretRead, connection) else { return false }
        return withSecret(connection.authScheme.secretField, of: slot) { secret in
            secret.indices.allSatisfy { index in
                (0x20..<0x7F).contains(secret[index]) && secret[index] != UInt8(ascii: "\"")
                    && secret[index] != UInt8(ascii: "\\")
            }
        } ?? false
    }

    private mutating func draw(
        _ place: AccountPlace, scope: Scope, basis: AnswerTemplate.Basis, lacksClient: Bool, now: BootInstant
    ) -> AnswerTemplate {
        var writer = JSONWriter()
        isDrawing = true
        writeCredentials(place, scope: scope, now: now, into: &writer)
        isDrawing = false
        let drawn = writer.finish().withBytes { bytes in bytes.indices.map { bytes[$0] } }
        let (text, gaps) = standIns.gaps(in: drawn)
        return AnswerTemplate(basis: basis, lacksClient: lacksClient, text: text, gaps: gaps)
    }
}

extension AnswerTemplate {
    fileprivate func fill(from secrets: Span<UInt8>, into buffer: inout SecretBuffer) {
        let text = text
        let bytes = text.span
        var position = 0
        for gap in gaps {
            buffer.append(bytes.extracting(position..<gap.offset))
            if let range = TokenRecord.range(of: gap.field, in: secrets) { buffer.append(secrets.extracting(range)) }
            position = gap.offset
        }
        buffer.append(bytes.extracting(position...))
    }
}
