import OAuth
import ProviderCatalog
import StrictYAML
import Testing

@Suite("Users' own files of providers")
struct ProviderFileTests {
    /// The catalogue of these files with `inline` over them, and what was said of it.
    private func load(
        _ files: [(slug: String, text: String)], inline: String = "{}"
    ) throws -> (catalog: ProviderCatalog, warnings: [String], problems: [String]) {
        let files = files.map { file in
            ProviderFile(path: "d/\(file.slug).yaml", slug: file.slug, content: .success(Array(file.text.utf8)))
        }
        return try load(files, inline: inline)
    }

    private func load(
        _ files: [ProviderFile], inline: String = "{}"
    ) throws -> (catalog: ProviderCatalog, warnings: [String], problems: [String]) {
        var warnings = YAMLProblems()
        var problems = YAMLProblems()
        let members = try #require(try YAMLDocument.parse(inline, file: "t").members(&problems))
        let catalog = ProviderCatalog(files: files, overrides: members, warnings: &warnings, &problems)
        return (catalog, warnings.problems.map(\.description), problems.problems.map(\.description))
    }

    @Test("A file changes the keys that it has, and the configuration those of the file, field by field")
    func layers() throws {
        let (catalog, warnings, problems) = try load(
            [("xero", "accessTokenLifetime: 5m\nrefreshTokenIdleLifetime: 9d\napiHeaders: { X-A: a, X-B: b }\n")],
            inline: "xero: { refreshTokenIdleLifetime: 8d, apiHeaders: { X-B: c } }")
        #expect(warnings + problems == [])
        var expected = try #require(try ProviderCatalog().provider("xero"))
        let xero = try #require(try catalog.provider("xero"))
        #expect(xero.refresh.accessTokenLifetime == .seconds(300))
        #expect(xero.refresh.refreshTokenIdleLifetime == .seconds(8 * 86_400))
        let headers = try xero.apiHeaders(values: TemplateValues())
        #expect(headers.map(\.name) == ["Accept", "X-A", "X-B"])
        #expect(headers.last?.value == "c")
        expected.refresh = xero.refresh
        expected.apiHeaders = xero.apiHeaders
        #expect(xero == expected)
        #expect(try ProviderCatalog().provider("xero") != xero)
    }

    @Test("A new provider of a file is changed by the configuration like a built-in one")
    func ownProvider() throws {
        let (catalog, warnings, problems) = try load(
            [("acme", "slug: acme\ndisplayName: Acme\nissuer: https://id.acme.example\n")],
            inline: "acme: { displayName: ACME }")
        #expect(warnings + problems == [])
        let acme = try #require(try catalog.provider("acme"))
        #expect(acme.displayName == "ACME")
        #expect(try acme.endpoints(values: TemplateValues()).issuer == "https://id.acme.example")
        #expect(catalog.slugs.contains("acme"))
        #expect(try catalog.provider(ofToolkit: "acme") == acme)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var slug = "bad"
        var text: String
        var warning: String
    }

    static let rows: [Row] = [
        Row(
            testDescription: "an address that no credential may go to",
            text: "displayName: Bad\nauthorizationURL: https://a.example/\ntokenURL: http://a.example/\n",
            warning: "d/bad.yaml:3: tokenURL: \(EndpointAddressError.notSecure)"),
        Row(
            testDescription: "an unknown key", text: "displayName: Bad\nauthScheme: bearer\napiBaseUrl: x\n",
            warning: "d/bad.yaml:3: apiBaseUrl: unknown key; did you mean apiBaseURL?"),
        Row(
            testDescription: "another slug", text: "displayName: Bad\nauthScheme: bearer\nslug: good\n",
            warning: "d/bad.yaml:3: slug: must be bad here, or be left out"),
        Row(
            testDescription: "a name in capitals", slug: "Bad", text: "displayName: Bad\nauthScheme: bearer\n",
            warning: "d/Bad.yaml:1: a provider's file is named by its slug: lower-case letters, digits, '-' and '_', "
                + "at most 64"),
        Row(
            testDescription: "a toolkit of another",
            text: "displayName: Bad\nauthScheme: bearer\ntoolkits: { gmail: G }\n",
            warning: "d/bad.yaml:1: the toolkit gmail belongs to the provider google"),
        Row(
            testDescription: "too long", text: String(repeating: "#", count: ProviderFile.maximumLength + 1),
            warning: "d/bad.yaml:1: longer than 65536 bytes; remove what is not needed"),
        Row(
            testDescription: "a mistake over a built-in one", slug: "xero", text: "\ntokenURL: nowhere\n",
            warning: "d/xero.yaml:2: tokenURL: \(EndpointAddressError.notHTTP)"),
    ]

    @Test("A file with a mistake is refused with its line, the others load", arguments: rows)
    func refuses(_ row: Row) throws {
        let good = (slug: "good", text: "displayName: Good\nissuer: https://id.good.example\n")
        let (catalog, warnings, problems) = try load(
            [(row.slug, row.text), good], inline: "\(row.slug): { displayName: Over }")
        #expect(warnings == [row.warning])
        // What the configuration lays over a refused file does not stand alone.
        if row.slug.isSlug { #expect(problems == []) }
        #expect(catalog.refusal(of: row.slug)?.problems.map(\.description) == [row.warning])
        #expect(throws: YAMLProblems.self) { try catalog.provider(row.slug) }
        #expect(!catalog.slugs.contains(row.slug))
        #expect(try catalog.provider("good")?.displayName == "Good")
        #expect(try catalog.provider("github") == ProviderCatalog().provider("github"))
        #expect(try catalog.provider(ofToolkit: "gmail")?.slug == "google")
        #expect(catalog.hasRefusals)
    }

    @Test("A broken text is refused, and so is one that could not be read")
    func unreadable() throws {
        let files = [
            ProviderFile(path: "d/a.yaml", slug: "a", content: .success(Array("a: [\n".utf8))),
            ProviderFile(path: "d/b.yaml", slug: "b", content: .failure(.init(reason: "is no regular file"))),
            ProviderFile(path: "d/c.yaml", slug: "c", content: .success([])),
        ]
        let (catalog, warnings, problems) = try load(files)
        #expect(warnings.count == 3)
        #expect(warnings.first?.hasPrefix("d/a.yaml:") == true)
        #expect(warnings.contains("d/b.yaml:1: is no regular file"))
        #expect(problems == [])
        for slug in ["a", "b", "c"] { #expect(catalog.refusal(of: slug) != nil) }
    }

    @Test("Of two files that claim one toolkit, the second is refused")
    func sharedToolkit() throws {
        func file(_ slug: String) -> (slug: String, text: String) {
            (slug, "displayName: X\nauthScheme: bearer\ntoolkits: { \(slug): X, shared: Y }\n")
        }
        let (catalog, warnings, _) = try load([file("one"), file("two")])
        #expect(warnings == ["d/two.yaml:1: the toolkit shared belongs to the provider one"])
        #expect(try catalog.provider(ofToolkit: "shared")?.slug == "one")
        #expect(try catalog.provider(ofToolkit: "two") == nil)
    }
}
