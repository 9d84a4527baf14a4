/// The values that a provider's templates are filled with.
package struct TemplateValues: Sendable, Equatable {
    package var clientID: String?
    /// From the auth config.
    package var variables: [String: String]
    /// From the account.
    package var accountFields: [String: String]

    package init(clientID: String? = nil, variables: [String: String] = [:], accountFields: [String: String] = [:]) {
        self.clientID = clientID
        self.variables = variables
        self.accountFields = accountFields
    }

    func value(of variable: TemplateVariable) -> String? {
        switch variable.source {
        case .authConfig: variables[variable.name]
        case .account: accountFields[variable.name]
        case .clientID: clientID
        }
    }
}

extension Template {
    /// The text with `values` in its placeholders.
    package func filled(with values: TemplateValues) throws(TemplateProblem) -> String {
        try filled(values.value(of:))
    }
}
