import DaemonConfiguration
import Testing

@testable import ProviderCatalog

@Suite("What a configuration reads of the catalogue")
struct LazyCatalogTests {
    @Test("Only the files of the providers that it uses are read, and those that name toolkits")
    func lazy() async {
        // In a process of its own: the catalogue is one for all tests.
        await #expect(processExitsWith: .success) {
            let text = """
                providers: { acme: { displayName: Acme, issuer: "https://id.acme.example" } }
                authConfigs:
                  ac_a: { provider: slack, clientId: c }
                  ac_b: { provider: zoom, clientId: c }
                agents: [{ name: a, match: { uid: 0 }, grants: [
                  { users: [u], toolkits: [slack, zoom, figma], connections: ["*"], operations: ["*"] }] }]
                """
            _ = try load(text)
            let read = BuiltInProviders.shared.readSlugs
            // figma because the rules ask for what nobody has.
            #expect(read == ["atlassian", "figma", "google", "microsoft", "slack", "zoom"])
        }
    }

    @Test("Without providers of its own, a configuration reads just what it uses")
    func least() async {
        await #expect(processExitsWith: .success) {
            _ = try load(
                "authConfigs: { ac_a: { provider: slack, clientId: c }, ac_b: { provider: zoom, clientId: c } }")
            #expect(BuiltInProviders.shared.readSlugs == ["slack", "zoom"])
        }
    }
}
