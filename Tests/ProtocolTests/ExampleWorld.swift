import CredentialBroker
import JSON
import TestKit

/// The world of the examples, as Protocol/README.md describes it.
final class ExampleWorld {
    let world: World
    private let provider: ExampleProvider
    private var sessionID: JSONTree = .null
    private var subscriptionID: JSONTree = .null
    /// Where the last link sends its user's browser; then, where the browser has come back to.
    private var redirectURL: JSONTree = .null

    init(_ contract: Contract) throws {
        var setup = WorldSetup()
        setup.contract = contract.bytes
        let provider = ExampleProvider(credentials: contract.credentials)
        self.provider = provider
        world = try World(setup)
        world.markers = []
        world.respond = { provider.react(to: $0) }
        world.apply(try contract.configuration.get(), secrets: contract.secrets)
    }

    static let uids: [String: UInt32] = ["operator": 0, "research": 1001, "billing": 1002, "stranger": 1003]

    struct UnknownWord: Error {
        let word: String
    }

    static func uid(_ caller: String) throws -> UInt32 {
        guard let uid = uids[caller] else { throw UnknownWord(word: caller) }
        return uid
    }

    /// One of the events that happen before an example.
    func happen(_ event: JSONTree) throws {
        if let seconds = event["advance"]?.int { return world.advance(by: .seconds(seconds)) }
        if event["shutdown"] == true { return world.broker.beginStopping() }
        if let call = event["call"] { return try happen(call: call) }
        if let consent = event["consent"]?.string { return happen(consent: consent) }
        guard let slug = event["provider"]?.string else { throw UnknownWord(word: event.json) }
        if let error = event["refuses"]?.string {
            provider.refusals[slug] = error
        } else if event["outage"] == true {
            provider.outages.insert(slug)
        } else if event["outage"] == false {
            provider.outages.remove(slug)
        } else {
            throw UnknownWord(word: event.json)
        }
    }

    private func happen(call: JSONTree) throws {
        let params = filled(call["params"] ?? [:])
        let answer = try world.ask(
            call["method"]?.string ?? "", params, uid: Self.uid(call["caller"]?.string ?? "research"))
        if let id = answer["sessionId"] { sessionID = id }
        if let id = answer["subscriptionId"] { subscriptionID = id }
        if let url = answer["redirectUrl"] { redirectURL = url }
    }

    /// The user has decided, and the provider sends the browser back.
    private func happen(consent: String) {
        let query = redirectURL.string?.split(separator: "?").last ?? ""
        let state = query.split(separator: "&").first { $0.hasPrefix("state=") } ?? ""
        let outcome = consent == "denied" ? "error=access_denied" : "code=\(consent)"
        redirectURL = .string("http://127.0.0.1:7580/callback?\(outcome)&\(state)")
    }

    /// Parameters with the session's and the subscription's id in their places.
    func filled(_ value: JSONTree) -> JSONTree {
        switch value {
        case .string("<sessionId>"): sessionID
        case .string("<subscriptionId>"): subscriptionID
        case .string("<redirectUrl>"): redirectURL
        case .array(let elements): .array(elements.map { filled($0) })
        case .object(let members): .object(members.map { .init($0.key, filled($0.value)) })
        default: value
        }
    }
}

/// The token endpoints of the examples.
final class ExampleProvider {
    private let credentials: JSONTree
    var refusals: [String: String] = [:]
    var outages: Set<String> = []

    init(credentials: JSONTree) {
        self.credentials = credentials
    }

    private static let providers: [(part: String, slug: String, lifetime: Int?)] = [
        ("auth.atlassian.com", "atlassian", 3600), ("github.com", "github", nil), ("googleapis.com", "google", 3600),
        ("microsoftonline.com", "microsoft", 3600), ("myob.com", "myob", 1200), ("notion.com", "notion", nil),
        ("salesforce.com", "salesforce", nil), ("xero.com", "xero", 1800),
    ]

    /// The presented generation's access token and `_r1` after it, the catalogue's `expires_in`, and nothing else.
    func react(to request: ReceivedRequest) -> Reaction {
        guard let provider = Self.providers.first(where: { request.url.contains($0.part) }) else { return .unreachable }
        if outages.contains(provider.slug) { return .unreachable }
        if let error = refusals[provider.slug] { return .error(error) }
        let known = credentials.members.first { $0.value["refresh_token"]?.string == request.refreshToken }
        guard let token = known?.value["access_token"]?.string else { return .error("invalid_grant") }
        var body: [JSONTree.Member] = [.init("access_token", .string(token + "_r1"))]
        if let lifetime = provider.lifetime { body.append(.init("expires_in", .int(lifetime))) }
        return .answer(JSONTree.object(body).json)
    }
}

/// Whether what came is what the example says: placeholders stand for what cannot be foreseen.
struct ExampleComparison {
    let document: JSONTree

    /// Where the two differ; empty if nowhere.
    func differences(_ actual: JSONTree?, _ expected: JSONTree, at path: String = "$") -> [String] {
        guard let actual else { return ["\(path): nothing came"] }
        switch (actual, expected) {
        case (_, .string("<any>")): return []
        case (_, .string("<document>")): return actual == document ? [] : ["\(path): not the document"]
        case (.string(let text), .string("<sessionId>")):
            return text.hasPrefix("ses_") && text.utf8.count == 30 ? [] : ["\(path): \(text) is no session id"]
        case (.string(let text), .string("<subscriptionId>")):
            return text.hasPrefix("sub_") && text.utf8.count == 30 ? [] : ["\(path): \(text) is no subscription id"]
        case (.array(let left), .array(let right)):
            guard left.count == right.count else { return ["\(path): \(left.count) elements, not \(right.count)"] }
            return zip(left, right).enumerated().flatMap { differences($1.0, $1.1, at: "\(path)[\($0)]") }
        case (.object(let left), .object(let right)):
            guard left.map(\.key) == right.map(\.key) else {
                return ["\(path): the members are \(left.map(\.key)), not \(right.map(\.key))"]
            }
            return zip(left, right).flatMap { differences($0.value, $1.value, at: "\(path).\($0.key)") }
        default: return actual == expected ? [] : ["\(path): \(actual.json), not \(expected.json)"]
        }
    }
}
