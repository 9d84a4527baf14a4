import OAuth
import ProviderSimulator

/// A provider of the day: what becomes of its used refresh tokens, and what the configuration says of that.
enum DayProvider: String, CaseIterable {
    /// Good once; a second time ends the grant.
    case strict
    /// Good once, but for ten minutes more if the answer was lost.
    case grace
    /// Each use brings another one, and the used ones stay good.
    case forgiving
    /// One for ever.
    case lasting

    static let graceTime: Duration = .seconds(600)

    /// The clients of each. What the provider thinks of one is nothing to the other.
    static let clients = ["a", "b"]

    var tokenURL: String { "https://id.\(rawValue).example/token" }

    /// As the catalogue has it; nil where nothing is said.
    var presumedLifetime: Duration? { self == .lasting ? nil : .seconds(3000) }

    private var policy: ClientPolicy {
        ClientPolicy().with {
            switch self {
            case .strict: $0.refreshTokens = .rotating(.revokeFamily)
            case .grace:
                $0.refreshTokens = .rotating(.grace(Self.graceTime, thenRevokeFamily: true))
                $0.accessTokenLifetime = .seconds(1800)
            case .forgiving: $0.refreshTokens = .rotating(.accept)
            case .lasting: $0.refreshTokens = .lasting
            }
        }
    }

    private var rules: String {
        switch self {
        case .strict: "rotation: always"
        case .grace: "rotation: always, lostAnswer: { resendWithin: 10m }"
        case .forgiving: "rotation: always, lostAnswer: resend"
        case .lasting: "rotation: never, lostAnswer: resend"
        }
    }

    func clientID(_ client: String) -> String { "\(rawValue)-\(client)" }

    /// The provider with its clients and `count` users.
    func server(users count: Int) -> AuthorizationServer {
        var server = AuthorizationServer(issuer: "https://id.\(rawValue).example")
        for client in Self.clients {
            server.add(.init(id: clientID(client), secret: "sim_cs_\(rawValue)", scopes: ["read"], policy: policy))
        }
        for number in 0..<count {
            server.add(
                .init(
                    id: "user-\(number)", number: number, login: "user-\(number)",
                    email: "user-\(number)@home.example", name: "User \(number)"))
        }
        return server
    }

    /// The members of the configuration's `providers` and `authConfigs`.
    var providerYAML: String {
        let presumed = presumedLifetime.map { ", accessTokenLifetime: \($0.components.seconds)s" } ?? ""
        return
            "  \(rawValue): { displayName: \(rawValue), authorizationURL: \"https://id.\(rawValue).example/authorize\", "
            + "tokenURL: \"\(tokenURL)\", \(rules)\(presumed) }\n"
    }

    var authConfigYAML: String {
        Self.clients.map {
            "  ac_\(rawValue)_\($0): { provider: \(rawValue), clientId: \(clientID($0)), "
                + "clientSecret: { credential: \(rawValue)-secret } }\n"
        }.joined()
    }
}
