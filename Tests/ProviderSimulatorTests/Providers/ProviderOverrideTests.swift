import CEmbedded
import OAuth
import ProviderCatalog
import ProviderSimulator
import StrictYAML
import Testing

@Suite("Sending all of a provider to the simulator")
struct ProviderOverrideTests {
    private static let base = "http://127.0.0.1:9"

    /// The file of the catalogue.
    private func file(_ provider: SimulatedProvider) throws -> YAMLNode {
        let files = unsafe purser_provider_files()
        let bytes = unsafe Array(UnsafeBufferPointer(start: files.bytes, count: files.length))
        let texts = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        let text = try #require(texts.first { $0.hasPrefix("slug: \(provider.slug)\n") })
        return try YAMLDocument.parse(text, file: provider.slug)
    }

    private func override(_ provider: SimulatedProvider) throws -> [YAMLMember] {
        let text = SimulatedProvider.configurationSection([provider], baseURL: Self.base)
        guard case .mapping(let top) = try YAMLDocument.parse(text, file: "override").content,
            case .mapping(let members) = try #require(top.first).value.content
        else { return [] }
        return members
    }

    /// Every address in it, with the key that it stands under; not the vendor's page for people.
    private func addresses(in node: YAMLNode, below key: String = "") -> [(key: String, url: String)] {
        switch node.content {
        case .scalar(let text, _): text.contains("://") && key != "docsURL" ? [(key, text)] : []
        case .sequence(let nodes): nodes.flatMap { addresses(in: $0, below: key) }
        case .mapping(let members): members.flatMap { addresses(in: $0.value, below: $0.key) }
        }
    }

    @Test("No address of the catalogue's file is left as it was", arguments: SimulatedProvider.allCases)
    func everyAddress(provider: SimulatedProvider) throws {
        let file = try file(provider)
        let override = try #require(override(provider).first)
        #expect(override.key == provider.slug)
        let merged = addresses(in: file.overlaid(with: override.value))
        #expect(merged.count >= addresses(in: file).count)
        #expect(merged.count >= 3)
        for address in merged { #expect(address.url.hasPrefix("\(Self.base)/\(provider.slug)"), "\(address)") }
    }

    @Test("The catalogue takes them all together, and keeps everything else")
    func catalogue() throws {
        var problems = YAMLProblems()
        let members = try SimulatedProvider.allCases.flatMap { try override($0) }
        let catalogue = ProviderCatalog(overrides: members, &problems)
        #expect(problems.isEmpty, "\(problems)")
        for simulated in SimulatedProvider.allCases {
            let provider = try #require(try catalogue.provider(simulated.slug))
            let original = try #require(try ProviderCatalog().provider(simulated.slug))
            #expect(provider.refresh == original.refresh)
            #expect(provider.selector == original.selector)
            #expect(provider.toolkits.map(\.slug) == original.toolkits.map(\.slug))
            let endpoints = try provider.endpoints(values: TemplateValues(clientID: "app"))
            let root = "\(Self.base)/\(simulated.slug)"
            #expect(endpoints.authorizationURL == root + "/authorize")
            #expect(endpoints.tokenEndpoint?.url == root + "/token")
            let stated = endpoints.tokenEndpoint?.clientAuthentication.rawValue
            #expect(stated == simulated.authentication.rawValue)
            #expect((endpoints.deviceAuthorizationURL != nil) == simulated.dialect.servesDevices)
            let revocation =
                switch simulated {
                case .github: "/api/applications/app/token"
                case .githubAppUser: "/api/applications/app/grant"
                default: "/revoke"
                }
            let has = simulated != .myob && simulated != .microsoft
            #expect(endpoints.revocation?.url == (has ? root + revocation : nil))
        }
    }
}

extension AuthorizationServer.Dialect {
    fileprivate var servesDevices: Bool { [.github, .google, .microsoft].contains(self) }
}
