import OAuth
import ProviderCatalog
import Testing

struct TemplateTests {
    static let variables: [TemplateVariable] = {
        var region = TemplateVariable(name: "region", kind: .hostLabel, source: .authConfig)
        region.allowedValues = ["eu", "com.au"]
        var instance = TemplateVariable(name: "instanceUrl", kind: .baseURL, source: .account)
        instance.hostSuffixes = ["salesforce.com"]
        return [
            region, instance,
            TemplateVariable(name: "label", kind: .hostLabel, source: .authConfig),
            TemplateVariable(name: "tenant", kind: .pathSegment, source: .authConfig, defaultValue: "common"),
            TemplateVariable(name: "host", kind: .hostname, source: .authConfig),
            TemplateVariable(name: "tenantId", kind: .value, source: .account),
            TemplateVariable(name: "sites", kind: .json, source: .account),
            TemplateVariable(name: "clientId", kind: .pathSegment, source: .clientID),
        ]
    }()

    struct Reading: Sendable, CustomTestStringConvertible {
        var text: String
        var use: Template.Use
        var problem: TemplateProblem?
        var testDescription: String { text }
    }

    static let readings: [Reading] = [
        Reading(text: "https://api.example.com/v1", use: .url),
        Reading(text: "https://{host}/{tenant}/{tenant}", use: .url),
        Reading(text: "{instanceUrl}", use: .url),
        Reading(text: "{instanceUrl}/services", use: .url),
        Reading(text: "{clientId}:x", use: .header),
        Reading(text: "", use: .header),
        Reading(text: "https://{tennant}.com", use: .url, problem: .unknown("tennant")),
        Reading(text: "https://{}.com", use: .url, problem: .unknown("")),
        Reading(text: "https://{tenant.com", use: .url, problem: .unbalanced),
        Reading(text: "https://tenant}.com", use: .url, problem: .unbalanced),
        Reading(text: "{{tenant}}", use: .url, problem: .unknown("{tenant")),
        Reading(text: "{sites}", use: .header, problem: .misplaced("sites", "is JSON and can stand in no template")),
        Reading(
            text: "https://x.com/{tenantId}", use: .url,
            problem: .misplaced("tenantId", "has no place in an address: its kind is value")),
        Reading(
            text: "https://x.com/{instanceUrl}", use: .url,
            problem: .misplaced("instanceUrl", "can only begin an address: its kind is baseURL")),
        Reading(
            text: "{instanceUrl}", use: .header,
            problem: .misplaced("instanceUrl", "can only begin an address: its kind is baseURL")),
    ]

    @Test("A template is read if each placeholder is known and in its place", arguments: readings)
    func reads(_ row: Reading) {
        do throws(TemplateProblem) {
            let template = try Template(row.text, use: row.use, variables: Self.variables)
            #expect(row.problem == nil)
            #expect(template.variables.count == row.text.count { $0 == "{" })
        } catch {
            #expect(error == row.problem)
        }
    }

    struct Filling: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        var values: TemplateValues
        /// The filled address, or why not.
        var outcome: String
        var testDescription: String { name }

        init(_ name: String, _ text: String, _ outcome: String) {
            self.init(name, text, [:], outcome)
        }

        init(
            _ name: String, _ text: String, _ variables: [String: String] = [:], account: [String: String] = [:],
            _ outcome: String
        ) {
            self.name = name
            self.text = text
            self.values = TemplateValues(clientID: "Iv1.abc", variables: variables, accountFields: account)
            self.outcome = outcome
        }
    }

    static let hostRule = "must be a host name, without scheme, port and path"
    static let segmentRule = "must be one path segment of letters, digits, '-', '.', '_' and '~'"

    static let fillings: [Filling] = [
        Filling("nothing to fill", "https://x.com/a", "https://x.com/a"),
        Filling("a default", "https://x.com/{tenant}", "https://x.com/common"),
        Filling("a given value", "https://x.com/{tenant}", ["tenant": "contoso.com"], "https://x.com/contoso.com"),
        Filling("the client id", "https://x.com/{clientId}/y", "https://x.com/Iv1.abc/y"),
        Filling("a missing value", "https://{host}/", "host has no value"),
        Filling("a path in a segment", "https://x.com/{tenant}", ["tenant": "a/b"], "tenant \(segmentRule)"),
        Filling("the parent folder", "https://x.com/{tenant}", ["tenant": ".."], "tenant \(segmentRule)"),
        Filling("a query in a segment", "https://x.com/{tenant}", ["tenant": "a?b"], "tenant \(segmentRule)"),
        Filling("an escape in a segment", "https://x.com/{tenant}", ["tenant": "a%2Fb"], "tenant \(segmentRule)"),
        Filling("an empty segment", "https://x.com/{tenant}", ["tenant": ""], "tenant must have 1 to 1024 bytes"),
        Filling("a host", "https://{host}/x", ["host": "id.example.com"], "https://id.example.com/x"),
        Filling("a host with a port", "https://{host}/x", ["host": "id.example.com:8443"], "host \(hostRule)"),
        Filling("a host with userinfo", "https://{host}/x", ["host": "a@b.com"], "host \(hostRule)"),
        Filling("a host with a path", "https://{host}/x", ["host": "evil.com/"], "host \(hostRule)"),
        Filling("a host without a dot", "https://{host}/x", ["host": "localhost"], "host \(hostRule)"),
        Filling("an address for a host", "https://{host}/x", ["host": "10.0.0.1"], "host \(hostRule)"),
        Filling(
            "a public address for a host", "https://{host}/x", ["host": "8.8.8.8"],
            "host must be a host name, not an IP address"),
        Filling("a label", "https://api.{label}.example.com/", ["label": "eu-1"], "https://api.eu-1.example.com/"),
        Filling(
            "a label that ends the host", "https://api.{label}.example.com/", ["label": "evil.com/"],
            "label \(hostRule)"),
        Filling(
            "one of the allowed", "https://api.{region}.example.com/", ["region": "com.au"],
            "https://api.com.au.example.com/"),
        Filling(
            "none of the allowed", "https://api.{region}.example.com/", ["region": "us"],
            "region must be one of eu, com.au"),
        Filling(
            "a base", "{instanceUrl}/services", account: ["instanceUrl": "https://acme.my.salesforce.com"],
            "https://acme.my.salesforce.com/services"),
        Filling(
            "a base with a final slash", "{instanceUrl}/services",
            account: ["instanceUrl": "https://a.salesforce.com/"],
            "https://a.salesforce.com/services"),
        Filling(
            "a base of somebody else", "{instanceUrl}", account: ["instanceUrl": "https://evil.com"],
            "instanceUrl must end in salesforce.com"),
        Filling(
            "a base that only looks right", "{instanceUrl}", account: ["instanceUrl": "https://evilsalesforce.com"],
            "instanceUrl must end in salesforce.com"),
        Filling(
            "a base with a port", "{instanceUrl}", account: ["instanceUrl": "https://a.salesforce.com:8443"],
            "instanceUrl must have no port"),
        Filling(
            "a base without encryption", "{instanceUrl}", account: ["instanceUrl": "http://a.salesforce.com"],
            "instanceUrl must be an https address without a query"),
        Filling(
            "a base with a query", "{instanceUrl}", account: ["instanceUrl": "https://a.salesforce.com/?"],
            "instanceUrl must be an https address without a query"),
        Filling(
            "a base that climbs", "{instanceUrl}", account: ["instanceUrl": "https://a.salesforce.com/.."],
            "instanceUrl must be an https address without a query"),
        Filling(
            "a base from the wrong place", "{instanceUrl}", ["instanceUrl": "https://a.salesforce.com"],
            "instanceUrl has no value"),
        Filling("no address at all", "ftp://x.com/", EndpointAddressError.notHTTP.description),
        Filling("an unencrypted address", "http://x.com/", EndpointAddressError.notSecure.description),
        Filling("an unencrypted one on this machine", "http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
    ]

    @Test("An address is filled only with what its variables allow", arguments: fillings)
    func fills(_ row: Filling) throws {
        let template = try Template(row.text, use: .url, variables: Self.variables)
        do throws(TemplateProblem) {
            let url = try template.filledAddress(with: row.values)
            #expect(url == row.outcome)
        } catch {
            #expect(error.description == row.outcome)
        }
    }

    @Test("A header takes printable ASCII and nothing that could end it", arguments: ["a\r\nb", "a\u{0}", "ä", ""])
    func headerValue(_ value: String) throws {
        let template = try Template("x-{tenantId}", use: .header, variables: Self.variables)
        #expect(try template.filled(with: TemplateValues(accountFields: ["tenantId": "a b:c"])) == "x-a b:c")
        #expect(throws: TemplateProblem.self) {
            try template.filled(with: TemplateValues(accountFields: ["tenantId": value]))
        }
    }
}

struct JSONPointerTests {
    @Test(
        "A pointer is read as RFC 6901 defines it",
        arguments: [
            ("", []), ("/", [""]), ("/a/0", ["a", "0"]), ("/a~1b/m~0n", ["a/b", "m~n"]), ("/~01", ["~1"]),
        ] as [(String, [String])])
    func reads(_ text: String, _ tokens: [String]) {
        let pointer = JSONPointer(text)
        #expect(pointer?.tokens == tokens)
        #expect(pointer?.description == text)
    }

    @Test("What is no pointer is refused", arguments: ["a", "a/b", "/~", "/~2", "#/a"])
    func refuses(_ text: String) {
        #expect(JSONPointer(text) == nil)
    }
}
