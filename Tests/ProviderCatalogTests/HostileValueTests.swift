import OAuth
import ProviderCatalog
import Testing

@Suite("Values that would lead a credential elsewhere")
struct HostileValueTests {
    /// Nothing of the kind may stand for a host, whoever says it.
    static let noHosts = [
        "evil.com/", "evil.com/x", "a@b.com", "a:b@c.com", "evil.com:443", "evil.com#", "evil.com?", "evil.com\\",
        "169.254.169.254", "127.0.0.1", "127.1", "10.0.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.0", "8.8.8.8",
        "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "[::1]", "[fe80::1]", "[fd00:ec2::254]", "::1",
        "[::ffff:169.254.169.254]", "localhost", "a.localhost", "localhost.localdomain", "evil.com.", ".evil.com",
        "evil..com", "evil%2ecom", "%65vil.com", "evil.com%00", "evil.com\u{0}", "evil.com\r\n", "evil .com",
        "evil.com\t", "ｅvil.com", "evil。com", "évil.com", "e\u{200B}vil.com", "", " ", "com", "{host}",
    ]

    private static func variable(_ kind: TemplateVariable.Kind, _ source: TemplateVariable.Source) -> TemplateVariable {
        var variable = TemplateVariable(name: "v", kind: kind, source: source)
        if source == .account { variable.hostSuffixes = ["example.com"] }
        return variable
    }

    private func address(_ text: String, _ variable: TemplateVariable, _ value: String) throws -> String {
        let template = try Template(text, use: .url, variables: [variable])
        return try template.filledAddress(
            with: TemplateValues(variables: ["v": value], accountFields: ["v": value]))
    }

    @Test("No host name", arguments: noHosts)
    func hostname(_ value: String) throws {
        for source in [TemplateVariable.Source.authConfig, .account] {
            #expect(throws: TemplateProblem.self) {
                try address("https://{v}/token", Self.variable(.hostname, source), value)
            }
        }
    }

    @Test("No base of an address", arguments: noHosts)
    func baseURL(_ value: String) throws {
        // What merely ends the host is a path, and the host before it is checked.
        guard !value.hasPrefix("evil.com/") else { return }
        for source in [TemplateVariable.Source.authConfig, .account] {
            for prefix in ["https://", "http://", "//", ""] {
                #expect(throws: TemplateProblem.self) {
                    try address("{v}/api", Self.variable(.baseURL, source), prefix + value)
                }
            }
        }
    }

    @Test(
        "No path that climbs, and nothing encoded in a segment",
        arguments: ["..", ".", "a/b", "a%2fb", "a%2Fb", "a?b", "a#b", "a\\b", "a;b", "a b", "ä", "a\u{0}", "", "a\n"])
    func pathSegment(_ value: String) {
        #expect(throws: TemplateProblem.self) {
            try address("https://api.example.com/{v}/x", Self.variable(.pathSegment, .authConfig), value)
        }
    }

    @Test(
        "No label that ends the name before its domain",
        arguments: [
            "evil.com/", "evil.com?", "a@b", "a:1", "a#", "", ".", "a.", ".a", "a..b", "a%2f", "ä", "a\\", "a b",
        ])
    func hostLabel(_ value: String) {
        #expect(throws: TemplateProblem.self) {
            try address("https://{v}.example.com/", Self.variable(.hostLabel, .authConfig), value)
        }
    }

    @Test("A label of several stays in its domain, whatever it says")
    func labels() throws {
        let variable = Self.variable(.hostLabel, .account)
        for value in ["eu", "com.au", "169.254.169.254", "evil.com"] {
            let address = try EndpointAddress.validate(try address("https://{v}.example.com/", variable, value))
            #expect(address.host.hasSuffix(".example.com"))
        }
    }

    @Test(
        "What comes from outside stays in the provider's domains",
        arguments: [
            ("https://api.example.com", true), ("https://API.Example.COM/x", true), ("https://example.com", true),
            ("https://evil.com", false), ("https://example.com.evil.com", false), ("https://evilexample.com", false),
            ("https://foo.evil.com", false), ("https://evil.com/.example.com", false),
            ("https://evil.com/?.example.com", false), ("https://evil.com#.example.com", false),
            ("https://api.example.com@evil.com", false), ("https://api.example.com:8443", false),
            ("https://api.example.com/../x", false), ("https://api.example.com/./x", false),
            ("http://api.example.com", false), ("https://api.example.com.", false), ("ftp://api.example.com", false),
            ("https:api.example.com", false), ("https:///api.example.com", false), ("//api.example.com", false),
        ])
    func suffixes(_ value: String, isAcceptable: Bool) throws {
        let variable = Self.variable(.baseURL, .account)
        let address = try? address("{v}/api", variable, value)
        #expect((address != nil) == isAcceptable)
    }

    @Test(
        "Names of the network at hand are the operator's to use, not an answer's",
        arguments: ["id.internal", "id.corp.local", "metadata.google.internal", "box.lan", "box.home.arpa"])
    func localNames(_ value: String) throws {
        let own = Self.variable(.hostname, .authConfig)
        #expect(try address("https://{v}/", own, value) == "https://\(value)/")
        var outside = Self.variable(.hostname, .account)
        outside.hostSuffixes = [value]
        #expect(throws: TemplateProblem.unacceptable("v", "must be a name of the public internet")) {
            try address("https://{v}/", outside, value)
        }
    }

    @Test(
        "A label that chooses the whole domain needs a list of them",
        arguments: [
            ("https://api.example.{v}/", false), ("https://api.{v}", false), ("https://{v}.com/", false),
            ("https://{v}/a.b.c", false), ("https://{v}?x=.a.b", false), ("https://{v}:443/", false),
            ("https://{v}x.com/", false), ("https://x{v}x.example.com/", true), ("https://{v}.example.com/", true),
            ("https://a.{v}.example.com", true), ("https://{v}-api.example.com/", true),
        ])
    func wholeDomain(_ text: String, isAcceptable: Bool) throws {
        var variable = Self.variable(.hostLabel, .authConfig)
        let template = try? Template(text, use: .url, variables: [variable])
        #expect((template != nil) == isAcceptable)
        variable.allowedValues = ["com", "eu"]
        #expect((try? Template(text, use: .url, variables: [variable])) != nil)
    }

    @Test("An account's own host needs its domains before it stands in an address")
    func unconfined() throws {
        for kind in [TemplateVariable.Kind.hostname, .baseURL] {
            var variable = TemplateVariable(name: "v", kind: kind, source: .account)
            let text = kind == .baseURL ? "{v}/api" : "https://{v}/api"
            #expect(throws: TemplateProblem.self) { try Template(text, use: .url, variables: [variable]) }
            variable.hostSuffixes = ["example.com"]
            #expect(throws: Never.self) { try Template(text, use: .url, variables: [variable]) }
        }
    }
}
