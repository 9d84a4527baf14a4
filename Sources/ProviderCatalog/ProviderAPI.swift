package import OAuth

extension ProviderDescription {
    /// Where the calls of a toolkit go for one account; nil where the catalogue does not know it.
    package func apiBaseURL(toolkit slug: String, values: TemplateValues) throws(TemplateProblem) -> String? {
        try (toolkit(slug)?.apiBaseURL ?? apiBaseURL)?.filledAddress(with: values)
    }

    /// The headers of a call for one account, without the credential. One that needs an account field which the account
    /// does not have, or a variable that need not be given, is left out: some calls work without it.
    package func apiHeaders(values: TemplateValues) throws(TemplateProblem) -> [NamedValue] {
        var headers: [NamedValue] = []
        for header in apiHeaders {
            do {
                headers.append(NamedValue(header.name, try header.value.filled(with: values)))
            } catch .missing(let name) where isOptional(name) {
                continue
            }
        }
        return headers
    }

    private func isOptional(_ name: String) -> Bool {
        accountFields.contains { $0.name == name } || variables.contains { $0.name == name && !$0.isRequired }
    }
}
