package import StrictYAML

/// The providers that are known: those built in, changed and added to by files and by the configuration.
package struct ProviderCatalog: Sendable, Equatable {
    private var overrides: [String: ProviderDescription] = [:]
    /// The overriding provider of each of its toolkits.
    private var overridingOwners: [String: String] = [:]
    /// What is wrong with a provider that a file describes. Its built-in description does not stand in for it: a
    /// credential could go elsewhere than its owner meant.
    private var refusals: [String: YAMLProblems] = [:]

    /// The built-in providers alone.
    package init() {}

    /// The built-in providers with `files`, and over these `overrides`, laid over them.
    ///
    /// Each file, and each member of the overrides, has keys of the catalogue's format. Over a provider that is there
    /// already, mappings are merged key by key and anything else is replaced; under a new slug they are the whole
    /// description. A file with mistakes is refused with its provider, overrides of it included, and becomes warnings;
    /// what is wrong with an override becomes a problem, and the provider is left out.
    package init(
        files: [ProviderFile], overrides members: [YAMLMember], warnings: inout YAMLProblems,
        _ problems: inout YAMLProblems
    ) {
        var nodes: [String: YAMLNode] = [:]
        for file in files { nodes[file.slug] = take(file, &warnings) }
        for member in members {
            guard member.key.isSlug else {
                problems.add(
                    at: member.value, "a provider's slug has only lower-case letters, digits, '-' and '_', at most 64")
                continue
            }
            guard refusals[member.key] == nil else { continue }
            overrides[member.key] = Self.overlaid(member, over: nodes[member.key], &problems)
            // Those of a file may have been left out here.
            overridingOwners = overridingOwners.filter { $0.value != member.key }
        }
        for member in members where refusals[member.key] == nil {
            do {
                for conflict in try own(member.key) { problems.add(at: member.value, conflict) }
            } catch {
                problems.add(error)
            }
        }
    }

    /// The same without files.
    package init(overrides members: [YAMLMember], _ problems: inout YAMLProblems) {
        var none = YAMLProblems()
        self.init(files: [], overrides: members, warnings: &none, &problems)
    }

    /// All slugs in alphabetical order, those of refused files not among them.
    package var slugs: [String] {
        Set(BuiltInProviders.shared.slugs).union(overrides.keys).subtracting(refusals.keys).sorted()
    }

    /// Nil for a slug that nobody described; throws where its file was refused.
    package func provider(_ slug: String) throws(YAMLProblems) -> ProviderDescription? {
        if let refusal = refusals[slug] { throw refusal }
        if let provider = overrides[slug] { return provider }
        return try BuiltInProviders.shared.description(slug)
    }

    /// Why the provider's file was refused; nil if it was not.
    package func refusal(of slug: String) -> YAMLProblems? { refusals[slug] }

    /// Whether a file was refused, whose toolkits are then not known.
    package var hasRefusals: Bool { !refusals.isEmpty }

    /// The provider that a toolkit belongs to; nil for an unknown one, and for one of a refused provider.
    package func provider(ofToolkit toolkit: String) throws(YAMLProblems) -> ProviderDescription? {
        try toolkitOwner(toolkit).flatMap { (slug) throws(YAMLProblems) in try provider(slug) }
    }

    /// The slugs of all toolkits, in no order.
    package func toolkitSlugs() throws(YAMLProblems) -> [String] {
        let builtIn = try BuiltInProviders.shared.toolkitOwners()
        return builtIn.filter { !isReplaced($0.value) }.map(\.key) + overridingOwners.keys
    }

    private func toolkitOwner(_ toolkit: String) throws(YAMLProblems) -> String? {
        if let slug = overridingOwners[toolkit] { return slug }
        let slug = try BuiltInProviders.shared.toolkitOwners()[toolkit]
        // An override has said already which toolkits its provider has.
        return slug.flatMap { isReplaced($0) ? nil : $0 }
    }

    private func isReplaced(_ slug: String) -> Bool { overrides[slug] != nil || refusals[slug] != nil }

    /// Its mapping, laid over the built-in one; nil if it is refused.
    private mutating func take(_ file: ProviderFile, _ warnings: inout YAMLProblems) -> YAMLNode? {
        do throws(YAMLProblems) {
            let base = try BuiltInProviders.shared.node(file.slug)
            let text = try file.node()
            let node = base?.overlaid(with: text) ?? text
            overrides[file.slug] = try ProviderReader.read(node, slug: file.slug)
            if let conflict = try own(file.slug).first { throw file.problem(conflict) }
            return node
        } catch {
            overrides[file.slug] = nil
            overridingOwners = overridingOwners.filter { $0.value != file.slug }
            refusals[file.slug] = error
            warnings.add(error)
            return nil
        }
    }

    private static func overlaid(
        _ member: YAMLMember, over file: YAMLNode?, _ problems: inout YAMLProblems
    ) -> ProviderDescription? {
        do throws(YAMLProblems) {
            let base = if let file { file } else { try BuiltInProviders.shared.node(member.key) }
            return try ProviderReader.read(base?.overlaid(with: member.value) ?? member.value, slug: member.key)
        } catch {
            problems.add(error)
            return nil
        }
    }

    /// Notes whose toolkits these are. Each belongs to one provider, or an agent that asks for it would not know what
    /// it gets: the conflicts are returned.
    private mutating func own(_ slug: String) throws(YAMLProblems) -> [String] {
        var conflicts: [String] = []
        for toolkit in overrides[slug]?.toolkits ?? [] {
            if let owner = try toolkitOwner(toolkit.slug), owner != slug {
                conflicts.append("the toolkit \(toolkit.slug) belongs to the provider \(owner)")
            } else {
                overridingOwners[toolkit.slug] = slug
            }
        }
        return conflicts
    }
}
