/// What of a request decides where it goes.
struct CallbackRequestHead: Sendable, Equatable {
    var method: String
    /// The request's target without its query.
    var path: String
    /// The values of all `Host` fields.
    var hosts: [String]
    /// Whether a body is announced.
    var hasBody: Bool
}

/// Where a request goes.
enum CallbackRoute: Sendable, Equatable {
    /// A browser comes back with a code or an error.
    case callback
    /// A page at its one-time address.
    case page(id: String)
    /// The page for a `state` that is not pending. It is the same for all, so that no number of made-up callbacks takes
    /// the place of a real page.
    case unknownState
    case refused(CallbackPage.Refusal)

    static let callbackPath = "/callback"
    static let unknownStatePath = "/done/unknown"
    private static let pagePrefix = "/done/"

    static func path(ofPage id: String) -> String { pagePrefix + id }

    init(_ head: CallbackRequestHead, at address: CallbackAddress) {
        guard head.hosts.count == 1, let host = head.hosts.first, address.isNamed(by: host) else {
            self = .refused(.wrongHost)
            return
        }
        guard head.method == "GET" || head.method == "HEAD" else {
            self = .refused(.methodNotAllowed)
            return
        }
        guard !head.hasBody else {
            self = .refused(.hasBody)
            return
        }
        self = Self.route(head)
    }

    private static func route(_ head: CallbackRequestHead) -> CallbackRoute {
        switch head.path {
        // HEAD must change nothing (RFC 9110 section 9.2.1), and a callback is good for once.
        case callbackPath: head.method == "GET" ? .callback : .refused(.methodNotAllowed)
        case unknownStatePath: .unknownState
        case let path where path.hasPrefix(pagePrefix): .page(id: String(path.dropFirst(pagePrefix.count)))
        default: .refused(.notFound)
        }
    }
}
