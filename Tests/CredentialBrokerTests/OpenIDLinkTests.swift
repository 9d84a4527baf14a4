import ConnectedAccounts
import CredentialBroker
import CryptoExtras
import JSON
import OAuth
import SecretBytes
import Synchronization
import TestKit
import Testing

/// An OpenID provider that says who a user is, truthfully or not.
private final class OpenIDProvider: Sendable {
    struct Manners: Sendable {
        var claims: [String: String] = [
            "iss": #""https://id.open.example""#, "aud": #""open-client""#, "sub": #""user-1""#,
            "exp": "\(World.wallStart + 300)", "iat": "\(World.wallStart)",
        ]
        var header = #"{"alg":"RS256","kid":"k1"}"#
        var isForged = false
        var keysAreThere = true
        var discoveryIsThere = true
        var sendsIDToken = true
        var userinfoSubject = "user-1"
        var namesIssuer = false
    }

    private static let server = try? _RSA.Signing.PrivateKey(keySize: .bits2048)
    private static let stranger = try? _RSA.Signing.PrivateKey(keySize: .bits2048)
    let manners = Mutex(Manners())
    let requests = Mutex<[String]>([])

    func react(to request: ReceivedRequest) -> Reaction {
        requests.withLock { $0.append(request.url) }
        return manners.withLock { manners in
            switch request.url {
            case "https://id.open.example/.well-known/openid-configuration" where manners.discoveryIsThere:
                return .answer(
                    #"{"issuer":"https://id.open.example","token_endpoint":"https://id.open.example/token","#
                        + #""authorization_endpoint":"https://id.open.example/authorize","#
                        + #""userinfo_endpoint":"https://id.open.example/userinfo","#
                        + #""authorization_response_iss_parameter_supported":\#(manners.namesIssuer),"#
                        + #""jwks_uri":"https://id.open.example/keys"}"#)
            case "https://id.open.example/keys":
                return manners.keysAreThere ? .answer((try? Self.keys()) ?? "") : .unreachable
            case "https://id.open.example/userinfo":
                return .answer(#"{"sub":"\#(manners.userinfoSubject)","email":"ada@example.com"}"#)
            case let url where url.contains("/.well-known/"): return .unreachable
            default:
                let idToken = (try? Self.idToken(manners)) ?? ""
                let member = manners.sendsIDToken ? #","id_token":"\#(idToken)""# : ""
                return .answer(
                    #"{"access_token":"access-1","refresh_token":"canary-refresh-1","expires_in":3600\#(member)}"#)
            }
        }
    }

    private static func keys() throws -> String {
        let parts = try #require(server).publicKey.getKeyPrimitives()
        return
            #"{"keys":[{"kid":"k1","kty":"RSA","alg":"RS256","n":"\#(base64(parts.modulus))","e":"\#(base64(parts.publicExponent))"}]}"#
    }

    private static func idToken(_ manners: Manners) throws -> String {
        let claims = manners.claims.sorted { $0.key < $1.key }.map { #""\#($0.key)":\#($0.value)"# }
        let text = base64(manners.header.utf8) + "." + base64("{\(claims.joined(separator: ","))}".utf8)
        guard !manners.header.contains("none") else { return text + "." }
        let key = try #require(manners.isForged ? stranger : server)
        let signature = try key.signature(for: SHA256.hash(data: Array(text.utf8)), padding: .insecurePKCS1v1_5)
        return text + "." + base64(signature.rawRepresentation)
    }

    private static func base64(_ bytes: some Sequence<UInt8>) -> String {
        var buffer = SecretBuffer()
        let bytes = Array(bytes)
        Base64.encodeURLSafe(bytes.span, into: &buffer)
        return buffer.withBytes { String(secret: $0) }
    }
}

/// A running broker at an OpenID provider.
private final class OpenIDStage {
    let provider = OpenIDProvider()
    let world: World
    private let runner: Task<Void, Never>

    init() throws {
        let provider = provider
        let clock = ManualClock()
        world = try World(transport: ScriptedTransport(clock: clock) { provider.react(to: $0) })
        try Self.apply("[openid]", to: world)
        let broker = world.broker
        runner = Task { await broker.run() }
    }

    deinit { runner.cancel() }

    /// Another scope is another auth config, whose issuer is asked anew.
    func reload() throws { try Self.apply("[openid, email]", to: world) }

    private static func apply(_ scopes: String, to world: World) throws {
        try world.apply(
            yaml: """
                providers: { open: { displayName: Open, issuer: "https://id.open.example" } }
                authConfigs: { ac_open: { provider: open, clientId: open-client, clientSecret: { credential: s }, scopes: \(scopes) } }
                agents:
                  - name: operator
                    match: { uid: 0 }
                    grants: [ { users: ["*"], toolkits: ["*"], connections: ["*"], operations: ["*"] } ]
                """, secrets: ["s": "canary-client-secret"])
    }

    func ask(_ method: String, _ params: JSONTree) async -> Answer {
        let line = world.connect(uid: 0)
        return await line.arrivedAnswer(to: line.begin(method, params))
    }

    /// Begins a link of the user; gives its id and the query of its authorization address.
    func link(_ user: String) async -> (id: String, query: [String: String]) {
        let answer = await ask("connectedAccounts.link", ["userId": .string(user), "authConfigId": "ac_open"])
        let query = answer["redirectUrl"]?.string?.split(separator: "?").last ?? ""
        let pairs = query.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        return (
            answer["id"]?.string ?? "",
            Dictionary(pairs.map { ($0[0], $0.count > 1 ? $0[1] : "") }) { first, _ in first }
        )
    }

    func status(_ id: String) async -> String {
        let account = await ask("connectedAccounts.get", ["id": .string(id)])
        return "\(account["status"]?.string ?? "?") \(account["statusReason"]?.string ?? "-")"
    }
}

@Suite("Links at an OpenID provider", .timeLimit(.minutes(2)))
struct OpenIDLinkTests {
    /// What a provider, or somebody between, may do with an id token, and with the answer that the browser brings.
    private enum Deed: String, CaseIterable, CustomTestStringConvertible {
        case honest, forged, unsigned, otherIssuer, otherAudience, otherNonce, noNonce, expired, missing, keysOutOfReach

        var testDescription: String { rawValue }
    }

    @Test("An id token counts only as the server made it, for this client and this link", arguments: Deed.allCases)
    private func idToken(_ deed: Deed) async throws {
        let stage = try OpenIDStage()
        let (other, _) = await stage.link("bob")
        let (id, query) = await stage.link("alice")
        let nonce = try #require(query["nonce"])
        stage.provider.manners.withLock { manners in
            manners.claims["nonce"] = #""\#(nonce)""#
            switch deed {
            case .honest: break
            case .forged: manners.isForged = true
            case .unsigned: manners.header = #"{"alg":"none"}"#
            case .otherIssuer: manners.claims["iss"] = #""https://id.evil.example""#
            case .otherAudience: manners.claims["aud"] = #""other-client""#
            case .otherNonce: manners.claims["nonce"] = #""made-up""#
            case .noNonce: manners.claims["nonce"] = nil
            case .expired: manners.claims["exp"] = "\(World.wallStart - 3600)"
            case .missing: manners.sendsIDToken = false
            case .keysOutOfReach: manners.keysAreThere = false
            }
        }
        let state = try #require(query["state"])
        let result = await stage.world.broker.receiveCallback(
            query: SecretBytes(utf8: "code=canary-code-1&state=\(state)"))
        if case .failed(let failed) = result { #expect(!failed.explanation.isEmpty && deed != .honest) }
        #expect(await stage.status(id) == (deed == .honest ? "ACTIVE -" : "FAILED link_rejected"))
        #expect(await stage.status(other) == "INITIATED consent_pending")
        let credentials = await stage.ask("getConnectionCredentials", ["connectionId": .string(id)])
        #expect((credentials["accessToken"] == "access-1") == (deed == .honest))
        try stage.world.check()
    }

    @Test("As long as the issuer cannot be asked where to ask, tokens that somebody brings are nobody's")
    func issuerOutage() async throws {
        let stage = try OpenIDStage()
        stage.provider.manners.withLock { $0.discoveryIsThere = false }
        let line = stage.world.connect(uid: 0)
        let call = line.begin(
            "connectedAccounts.initiate",
            ["userId": "alice", "authConfigId": "ac_open", "config": "access-given"])
        // As long as the call is prepared to wait.
        await stage.world.until(passing: .seconds(11)) { line.answer(to: call) != nil }
        let answer = Answer(tree: line.answer(to: call) ?? .null)
        #expect(answer["status"] == "INITIATED" && answer["statusReason"] == "identity_pending")
        let credentials = await stage.ask("getConnectionCredentials", ["connectionId": answer["id"] ?? .null])
        #expect(credentials.errorName == "UPSTREAM_UNAVAILABLE")
        stage.provider.manners.withLock { $0.discoveryIsThere = true }
        let id = answer["id"]?.string ?? ""
        await stage.world.until(passing: .seconds(31)) { await stage.status(id) == "ACTIVE -" }
        let account = await stage.ask("connectedAccounts.get", ["id": .string(id)])
        #expect(account["identity"]?["accountIdentifier"] == "ada@example.com")
    }

    @Test("What userinfo says of another user than the id token's is not taken")
    func otherUserinfo() async throws {
        let stage = try OpenIDStage()
        let (id, query) = await stage.link("alice")
        let (state, nonce) = (try #require(query["state"]), try #require(query["nonce"]))
        stage.provider.manners.withLock { manners in
            manners.claims["nonce"] = #""\#(nonce)""#
            manners.userinfoSubject = "user-2"
        }
        _ = await stage.world.broker.receiveCallback(
            query: SecretBytes(utf8: "code=canary-code-1&state=\(state)"))
        let account = await stage.ask("connectedAccounts.get", ["id": .string(id)])
        #expect(account["identity"]?["accountIdentifier"]?.string == id)
    }

    @Test(
        "An answer that names another issuer, or none where one is promised, is not exchanged (RFC 9207)",
        arguments: [
            ("&iss=https%3A%2F%2Fid.evil.example", false, "FAILED link_rejected"), ("", true, "FAILED link_rejected"),
            ("&iss=https%3A%2F%2Fid.open.example", true, "ACTIVE -"), ("", false, "ACTIVE -"),
        ])
    func issuer(parameter: String, isPromised: Bool, status: String) async throws {
        let stage = try OpenIDStage()
        stage.provider.manners.withLock { $0.namesIssuer = isPromised }
        let (other, _) = await stage.link("bob")
        let (id, query) = await stage.link("alice")
        let (state, nonce) = (try #require(query["state"]), try #require(query["nonce"]))
        stage.provider.manners.withLock { $0.claims["nonce"] = #""\#(nonce)""# }
        // What is known of the issuer must not depend on a reload in between.
        try stage.reload()
        _ = await stage.world.broker.receiveCallback(
            query: SecretBytes(utf8: "code=canary-code-1&state=\(state)\(parameter)"))
        #expect(await stage.status(id) == status)
        #expect(await stage.status(other) == "INITIATED consent_pending")
        let exchanges = stage.provider.requests.withLock { $0.filter { $0.hasSuffix("/token") } }
        #expect(exchanges.count == (status == "ACTIVE -" ? 1 : 0))
        try stage.world.check()
    }
}
