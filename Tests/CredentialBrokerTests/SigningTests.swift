import ConnectedAccounts
import CryptoExtras
import JSON
import OAuth
import SecretBytes
import TestKit
import Testing

/// Accounts whose tokens are got with assertions that the daemon signs: JWT bearer, and Google's service accounts.
@Suite("Connections that sign for themselves")
struct SigningTests {
    private static let privateKey = try? _RSA.Signing.PrivateKey(keySize: .bits2048)
    private static let robot = "robot@p-1.iam.gserviceaccount.com"
    private static let tokenURL = "https://oauth2.googleapis.com/token"

    private static let yaml = """
        providers:
          signer: { displayName: Signer, authScheme: jwt_bearer, tokenURL: "https://id.signer.example/token" }
        authConfigs:
          ac_robot: { provider: google-service-account, scopes: [read, write] }
          ac_signer: { provider: signer, clientId: signer-client, scopes: [sign] }
          ac_gmail: { provider: google, toolkit: gmail, authScheme: google_service_account, scopes: [mail] }
        agents:
          - name: operator
            match: { uid: 0 }
            grants: [ { users: ["*"], toolkits: ["*"], connections: ["*"], operations: ["*"] } ]
        """

    /// A world whose provider gives whoever asks tokens for an hour.
    private func world(_ yaml: String = Self.yaml, secrets: [String: String] = [:]) throws -> World {
        let world = try World()
        world.markers.append("PRIVATE KEY")
        var count = 0
        world.respond = { _ in
            count += 1
            return .answer(#"{"access_token":"access-\#(count)","expires_in":3599,"token_type":"Bearer"}"#)
        }
        try world.apply(yaml: yaml, secrets: secrets)
        return world
    }

    private static func pem() throws -> String { try #require(privateKey).pkcs8PEMRepresentation }

    private static func keyFile(_ name: String = robot) throws -> JSONTree {
        [
            "type": "service_account", "project_id": "p-1", "private_key_id": "kid-1",
            "private_key": .string(try pem() + "\n"), "client_email": .string(name), "client_id": "1",
            "token_uri": "https://elsewhere.example/token", "universe_domain": "googleapis.com",
        ]
    }

    private func initiate(
        _ authConfig: String, _ config: JSONTree, in world: World, more: [JSONTree.Member] = []
    ) throws -> Answer {
        try world.ask(
            "connectedAccounts.initiate",
            .object(
                [
                    .init("userId", "alice"), .init("authConfigId", .string(authConfig)), .init("config", config),
                ] + more), uid: 0)
    }

    private func account(_ id: JSONTree?, in world: World) throws -> Answer {
        try world.ask("connectedAccounts.get", ["id": id ?? .null], uid: 0)
    }

    /// The header and the claims of the assertion in a request; its signature must hold.
    private func assertion(_ request: ReceivedRequest?) throws -> (header: JSONTree, claims: JSONTree) {
        let text = try #require(request?.parameters["assertion"])
        let parts = text.split(separator: ".").map(String.init)
        try #require(parts.count == 3)
        let decoded = try parts.map { part -> [UInt8] in
            var buffer = SecretBuffer()
            try #require(Base64.decodeURLSafe(part.utf8.span, into: &buffer))
            return buffer.withBytes { span in span.indices.map { span[$0] } }
        }
        let digest = SHA256.hash(data: Array((parts[0] + "." + parts[1]).utf8))
        let signature = _RSA.Signing.RSASignature(rawRepresentation: decoded[2])
        let key = try #require(Self.privateKey).publicKey
        #expect(key.isValidSignature(signature, for: digest, padding: .insecurePKCS1v1_5))
        return (
            try JSONTree(parsing: String(decoding: decoded[0], as: UTF8.self)),
            try JSONTree(parsing: String(decoding: decoded[1], as: UTF8.self))
        )
    }

    @Test("A service account's key file is all that is needed; the key never leaves, and signs anew each hour")
    func serviceAccount() throws {
        let world = try world()
        let answer = try initiate("ac_robot", Self.keyFile(), in: world)
        #expect(answer["status"] == "ACTIVE")
        let request = try #require(world.ledger.first)
        // Not where the file says: no assertion goes to a host that the auth config does not name.
        #expect(request.url == Self.tokenURL && world.ledger.count == 1)
        #expect(request.parameters["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer")
        #expect(Set(request.parameters.keys) == ["grant_type", "assertion"] && request.authorization == nil)
        let first = try assertion(request)
        #expect(first.header["kid"] == "kid-1")
        #expect(first.claims["iss"] == .string(Self.robot) && first.claims["aud"] == .string(Self.tokenURL))
        #expect(first.claims["scope"] == "read write" && first.claims["sub"] == nil)
        #expect(first.claims["iat"] == .int(Int(World.wallStart)))
        #expect(first.claims["exp"] == .int(Int(World.wallStart) + 3600))

        let shown = try account(answer["id"], in: world)
        #expect(shown["identity"]?["accountIdentifier"] == .string(Self.robot))
        let values = shown["state"]?["val"]
        #expect(values?["private_key"] == "----..." && values?["issuer"] == .string(Self.robot))
        let credentials = try world.ask("getConnectionCredentials", ["connectionId": .string(Self.robot)], uid: 0)
        #expect(credentials["accessToken"] == "access-1" && credentials["authScheme"] == "GOOGLE_SERVICE_ACCOUNT")
        #expect(credentials["headers"] == ["Authorization": "Bearer access-1"])

        world.advance(by: .seconds(3600))
        #expect(world.ledger.count == 2)
        let second = try assertion(world.ledger.last)
        #expect(second.claims["iat"] != first.claims["iat"] && second.claims["scope"] == "read write")
        try world.check()
    }

    @Test("In a user's name, with a toolkit of Google's")
    func delegation() throws {
        let world = try world()
        let answer = try initiate(
            "ac_gmail", ["service_account": Self.keyFile(), "subject": "ada@example.com"], in: world)
        #expect(answer["status"] == "ACTIVE")
        #expect(try assertion(world.ledger.first).claims["sub"] == "ada@example.com")
        let accounts = try world.ask("getGoogleCredentials", nil, uid: 0)
        #expect(accounts["accounts"]?.elements.map { $0["email"] } == ["ada@example.com"])
    }

    @Test("A bare key signs as the client, for a short time, and never the same assertion twice")
    func jwtBearer() throws {
        let world = try world()
        let answer = try initiate("ac_signer", .string(Self.pem()), in: world)
        #expect(answer["status"] == "ACTIVE")
        world.advance(by: .seconds(3600))
        let (first, second) = (try assertion(world.ledger.first), try assertion(world.ledger.last))
        #expect(first.claims["iss"] == "signer-client" && first.claims["aud"] == "https://id.signer.example/token")
        #expect(first.claims["exp"] == .int(Int(World.wallStart) + 180))
        #expect(first.claims["jti"] != nil && first.claims["jti"] != second.claims["jti"])
        #expect(world.ledger.first?.parameters["scope"] == "sign")
        #expect(world.ledger.first?.parameters["client_id"] == nil)
    }

    @Test("What the key's owner says of issuer, subject, audience and key id goes into the assertion")
    func claims() throws {
        let world = try world()
        let config: JSONTree = [
            "private_key": .string(try Self.pem()), "issuer": "app-1", "subject": "ada@example.com",
            "audience": "https://login.example", "key_id": "k-2", "account": ["displayName": "Ada's"],
        ]
        let answer = try initiate("ac_signer", config, in: world)
        let (header, claims) = try assertion(world.ledger.first)
        #expect(header["kid"] == "k-2" && claims["iss"] == "app-1" && claims["sub"] == "ada@example.com")
        #expect(claims["aud"] == "https://login.example")
        #expect(try account(answer["id"], in: world)["identity"]?["displayName"] == "Ada's")
    }

    @Test("What is born dead is not kept", arguments: ["invalid_grant", "unauthorized_client"])
    func bornDead(code: String) throws {
        let world = try world()
        world.respond = { _ in .error(code) }
        let answer = try initiate("ac_robot", Self.keyFile(), in: world)
        #expect(answer.errorName == "INVALID_PARAMS" && answer.error?["data"]?["statusReason"] == .string(code))
        #expect(try world.ask("connectedAccounts.list", nil, uid: 0)["items"] == [])
        world.advance(by: .seconds(3600))
        #expect(world.ledger.count == 1)
    }

    @Test("A provider that cannot be reached is waited for, then the connection goes on trying by itself")
    func outage() throws {
        let world = try world()
        let respond = world.respond
        world.respond = { _ in .unreachable }
        let answer = try initiate("ac_robot", Self.keyFile(), in: world)
        #expect(answer["status"] == "EXPIRED" && answer["statusReason"] == "upstream_unavailable")
        world.respond = respond
        world.advance(by: .seconds(300))
        #expect(try account(answer["id"], in: world)["status"] == "ACTIVE")
    }

    @Test("One key that the provider refuses costs the others of its auth config nothing, and may be welcome again")
    func refusedLater() throws {
        let world = try world()
        let respond = world.respond
        let one = try initiate("ac_robot", Self.keyFile(), in: world)
        let other = try initiate(
            "ac_robot", Self.keyFile("other@p-1.iam.gserviceaccount.com"), in: world,
            more: [.init("allowMultiple", true)])
        world.respond = { request in
            let isOne = (try? assertion(request))?.claims["iss"] == .string(Self.robot)
            return isOne ? .error("unauthorized_client") : respond(request)
        }
        world.advance(by: .seconds(4000))
        #expect(try account(one["id"], in: world)["statusReason"] == "unauthorized_client")
        #expect(try account(other["id"], in: world)["status"] == "ACTIVE")
        world.respond = { _ in .error("invalid_grant") }
        world.advance(by: .seconds(4000))
        #expect(try account(one["id"], in: world)["status"] == "FAILED")
        world.respond = respond
        let again = try world.ask("connectedAccounts.refresh", ["id": one["id"] ?? .null], uid: 0)
        #expect(again["status"] == "ACTIVE")
    }

    @Test(
        "A key that cannot sign is refused before anything is sent",
        arguments: [
            ("ac_robot", ["type": "service_account", "client_email": "r@x"]),
            ("ac_robot", ["service_account": ["type": "authorized_user"]]),
            ("ac_robot", ["private_key": "-----BEGIN PRIVATE KEY-----"]),
            ("ac_robot", "key"), ("ac_signer", "key"), ("ac_signer", ["private_key": "key"]),
            ("ac_signer", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
            ("ac_signer", ["private_key": "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----"]),
            ("ac_signer", ["issuer": "app-1"]),
        ] as [(String, JSONTree)])
    func refused(authConfig: String, config: JSONTree) throws {
        let world = try world()
        let answer = try initiate(authConfig, config, in: world)
        #expect(answer.errorName == "INVALID_PARAMS" && answer.error?["data"]?["parameter"] == "config")
        #expect(world.ledger.isEmpty)
    }

    @Test("A configured connection signs as well; one whose key is no key is named in a warning")
    func configured() throws {
        let connections = """

            connections:
              - { id: con_robot, userId: alice, authConfig: ac_robot, credentials: { credential: robot } }
              - { id: con_broken, userId: bob, authConfig: ac_robot, credentials: { credential: broken } }
            """
        let secrets = ["robot": try Self.keyFile().json, "broken": #"{"type":"service_account"}"#]
        let world = try world(Self.yaml + connections, secrets: secrets)
        #expect(world.warnings.count == 1 && world.warnings.first?.contains("con_broken") == true)
        let credentials = try world.ask("getConnectionCredentials", ["connectionId": "con_robot"], uid: 0)
        #expect(credentials["accessToken"] == "access-1")
        // The same file again is the same key: what it has brought stays.
        try world.apply(yaml: Self.yaml + connections, secrets: secrets)
        #expect(world.ledger.count == 1)
    }
}
