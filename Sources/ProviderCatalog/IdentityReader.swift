package import ConnectedAccounts
package import JSON
package import OAuth

/// What a provider said of one grant, from each place where it may say it.
package struct IdentityDocuments: Sendable {
    /// The answer of the identity request, or of the userinfo endpoint.
    package var identity: JSONValue?
    /// Members of the token answer, as ``ProviderDescription/tokenAnswerFields`` names them.
    package var tokenAnswer: [NamedValue] = []
    /// Parameters with which the browser came back.
    package var callback: [NamedValue] = []
    /// Answers to the account fields' own requests, by the field's name.
    package var fieldAnswers: [String: JSONValue] = [:]

    package init() {}
}

/// Whose grant it is.
package struct GrantIdentity: Sendable, Equatable {
    /// At least one.
    package var accounts: [Account]
    /// The identifiers of the accounts that outlive a renaming.
    package var subjects: Set<String>
}

extension ProviderDescription {
    /// The most accounts that one grant may have.
    package static var maximumAccounts: Int { 256 }
    /// The longest value of an account field, as JSON.
    private static var maximumFieldLength: Int { 64 << 10 }

    /// Reads whose grant it is; nil where the documents do not say it.
    ///
    /// Values that a template could use are checked by their kind, and left out if they are not acceptable: what a
    /// provider says must not decide where its tokens go.
    package func identify(_ documents: IdentityDocuments) -> GrantIdentity? {
        guard let identity else { return nil }
        var accounts: [Account] = []
        var subjects: Set<String> = []
        for root in identity.hasManyAccounts ? elements(documents.identity) : [documents.identity] {
            guard let subject = first(identity.stableID, of: identity.source, root, documents),
                let selector = first(identity.selector, of: identity.source, root, documents)
            else { continue }
            let name = first(identity.displayName, of: identity.source, root, documents)
            subjects.insert(subject)
            accounts.append(
                Account(identifier: selector, displayName: name ?? selector, fields: fields(root, documents)))
        }
        return accounts.isEmpty ? nil : GrantIdentity(accounts: accounts, subjects: subjects)
    }

    /// The account fields that a token answer brings anew.
    package func accountFields(fromTokenAnswer members: [NamedValue]) -> [Account.Field] {
        var documents = IdentityDocuments()
        documents.tokenAnswer = members
        return accountFields(from: documents)
    }

    /// The account fields that the grant itself has said, in the token answer or in the redirect.
    package func accountFields(from documents: IdentityDocuments) -> [Account.Field] {
        accountFields.filter { $0.source == .tokenAnswer || $0.source == .callback }.compactMap {
            read($0, nil, documents)
        }
    }

    private func elements(_ root: JSONValue?) -> [JSONValue?] {
        guard let root, root.kind == .array else { return [] }
        return root.elements.prefix(Self.maximumAccounts).map { $0 }
    }

    private func first(
        _ pointers: [JSONPointer], of source: IdentityDescription.Source, _ root: JSONValue?,
        _ documents: IdentityDocuments
    ) -> String? {
        for pointer in pointers {
            let text: String? =
                switch source {
                case .userinfo, .request: root?.value(at: pointer)?.scalarText
                case .tokenAnswer: documents.tokenAnswer.first { $0.name == pointer.dottedPath }?.value
                case .callback: documents.callback.first { $0.name == pointer.dottedPath }?.value
                }
            if let text, !text.isEmpty { return text }
        }
        return nil
    }

    private func fields(_ root: JSONValue?, _ documents: IdentityDocuments) -> [Account.Field] {
        accountFields.compactMap { read($0, root, documents) }
    }

    private func read(_ field: AccountField, _ root: JSONValue?, _ documents: IdentityDocuments) -> Account.Field? {
        guard !Account.reservedNames.contains(field.name), field.name != selector else { return nil }
        let path = field.member.dottedPath
        switch field.source {
        case .identity:
            switch identity?.source {
            case .tokenAnswer: return text(documents.tokenAnswer.first { $0.name == path }?.value, of: field)
            case .callback: return text(documents.callback.first { $0.name == path }?.value, of: field)
            case .userinfo, .request, nil: return value(root?.value(at: field.member), of: field)
            }
        case .tokenAnswer: return text(documents.tokenAnswer.first { $0.name == path }?.value, of: field)
        case .callback: return text(documents.callback.first { $0.name == path }?.value, of: field)
        case .request: return value(documents.fieldAnswers[field.name]?.value(at: field.member), of: field)
        }
    }

    private func value(_ value: JSONValue?, of field: AccountField) -> Account.Field? {
        guard let value, !value.isNull else { return nil }
        guard field.variable.kind == .json else { return text(value.scalarText, of: field) }
        let json = value.compactText
        guard json.utf8.count <= Self.maximumFieldLength else { return nil }
        return Account.Field(name: field.name, json: json, text: nil)
    }

    private func text(_ text: String?, of field: AccountField) -> Account.Field? {
        guard let text, let checked = try? field.variable.checked(text) else { return nil }
        return Account.Field(name: field.name, json: JSONTree.string(checked).compactText, text: checked)
    }
}

extension JSONPointer {
    /// As the members of a token answer and the parameters of a redirect are named: `owner.user`.
    var dottedPath: String { tokens.joined(separator: ".") }
}

extension JSONValue {
    fileprivate func value(at pointer: JSONPointer) -> JSONValue? {
        pointer.tokens.reduce(self as JSONValue?) { value, token in
            switch value?.kind {
            case .object: value?[token]
            case .array: Int(token).flatMap { value?.element(at: $0) }
            default: nil
            }
        }
    }

    /// A string, or a number as it is written; nil for what is too long to identify anybody.
    fileprivate var scalarText: String? {
        switch kind {
        case .string: utf8Count.map { $0 <= 1024 } == true ? string : nil
        case .number: withRawJSON { $0.count <= 64 } ? compactText : nil
        case .null, .boolean, .array, .object: nil
        }
    }
}
