package import StrictYAML

/// The providers that are known: those built in, changed and added to by the configuration.
package struct ProviderCatalog: Sendable, Equatable {
    private var overrides: [String: ProviderDescription] = [:]
    /// The overriding provider of each of its toolkits.
    private var overridingOwners: [String: String] = [:]

    /// The built-in providers alone.
    package init() {}

    /// The built-in providers with `overrides` laid over them.
    ///
    /// Each member is a provider's slug and keys of the catalogue's format. Over a built-in provider, mappings are
    /// merged key by key and anything else is replaced; under a new slug they are the whole description. What is wrong
    /// becomes a problem, and the provider is left out.
    package init(overrides members: [YAMLMember], _ problems: inout YAMLProblems) {
        for member in members {
            guard member.key.isSlug else {
                problems.add(
                    at: member.value, "a provider's slug has only lower-case letters, digits, '-' and '_', at most 64")
                continue
            }
            overrides[member.key] = Self.overlaid(member, &problems)
        }
        for member in members { own(member, &problems) }
    }

    /// All slugs in alphabetical order.
    package var slugs: [String] {
        Set(BuiltInProviders.shared.slugs).union(overrides.keys).sorted()
    }

    /// Nil for a slug that nobody described.
    package func provider(_ slug: String) throws(YAMLProblems) -> ProviderDescription? {
        if let provider = overrides[slug] { return provider }
        return try BuiltInProviders.shared.description(slug)
    }

    /// The provider that a toolkit belongs to; nil for an unknown one. Reads all of the catalogue the first time.
    package func provider(ofToolkit toolkit: String) throws(YAMLProblems) -> ProviderDescription? {
        try toolkitOwner(toolkit).flatMap { (slug) throws(YAMLProblems) in try provider(slug) }
    }

    /// The slugs of all toolkits, in no order. Reads all of the catalogue the first time.
    package func toolkitSlugs() throws(YAMLProblems) -> [String] {
        let builtIn = try BuiltInProviders.shared.toolkitOwners().filter { overrides[$0.value] == nil }
        return Array(builtIn.keys) + Array(overridingOwners.keys)
    }

    private func toolkitOwner(_ toolkit: String) throws(YAMLProblems) -> String? {
        if let slug = overridingOwners[toolkit] { return slug }
        let slug = try BuiltInProviders.shared.toolkitOwners()[toolkit]
        // An override has said already which toolkits its provider has.
        return slug.flatMap { overrides[$0] == nil ? $0 : nil }
    }

    private static func overlaid(_ member: YAMLMember, _ problems: inout YAMLProblems) -> ProviderDescription? {
        do {
            let base = try BuiltInProviders.shared.node(member.key)
            return try ProviderReader.read(base?.overlaid(with: member.value) ?? member.value, slug: member.key)
        } catch {
            problems.add(error)
            return nil
        }
    }

    /// Notes whose toolkits these are. Each belongs to one provider, or an agent that asks for it would not know what
    /// it gets.
    private mutating func own(_ member: YAMLMember, _ problems: inout YAMLProblems) {
        for toolkit in overrides[member.key]?.toolkits ?? [] {
            do {
                if let owner = try toolkitOwner(toolkit.slug) {
                    problems.add(at: member.value, "the toolkit \(toolkit.slug) belongs to the provider \(owner)")
                } else {
                    overridingOwners[toolkit.slug] = member.key
                }
            } catch {
                problems.add(error)
            }
        }
    }
}
