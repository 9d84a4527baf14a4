extension AuthorizationServer {
    /// One HTTP request, complete.
    package struct Request: Sendable {
        package var method: String
        /// Below the provider's own prefix, such as `/token`; without a query.
        package var path: String
        /// What stands behind the question mark, as it was sent.
        package var query: String
        package var headers: [Field]
        package var body: [UInt8]

        /// `authorization` and `contentType` are header fields like all others, named here as they are the usual ones.
        package init(
            method: String, path: String, query: String = "", authorization: String? = nil,
            contentType: String? = nil, headers: [Field] = [], body: [UInt8] = []
        ) {
            self.method = method
            self.path = path
            self.query = query
            let usual = [("Authorization", authorization), ("Content-Type", contentType)]
            self.headers = usual.compactMap { name, value in value.map { Field(name, $0) } } + headers
            self.body = body
        }

        /// The first field of that name, which is compared without regard to case.
        package func header(_ name: String) -> String? { headers.first(named: name) }

        var authorization: String? { header("Authorization") }
        var contentType: String? { header("Content-Type") }
    }

    /// A name and a value: a header field, or a member of an answer.
    package struct Field: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// One HTTP answer. `Content-Length` is for whoever sends it.
    package struct Answer: Sendable, Equatable {
        package var status: Int
        package var headers: [Field]
        package var body: [UInt8]
        /// How many spaces follow the body, as part of it: a large answer that need not be held in memory.
        package var trailingSpaces = 0

        package var length: Int { body.count + trailingSpaces }

        /// The first field of that name, which is compared without regard to case.
        package func header(_ name: String) -> String? {
            headers.first(named: name)
        }
    }

    /// How an answer is to reach the client.
    package enum Delivery: Sendable, Equatable {
        /// The name does not resolve: the request should never have come.
        case unresolved
        /// TLS fails: the request should never have come.
        case failedHandshake
        case whole
        /// The whole answer, this much later.
        case delayed(Duration)
        /// The whole answer, once somebody releases it.
        case held
        /// No byte; the connection stays open.
        case silence
        /// The head alone; the connection stays open.
        case headOnly
        /// No byte; the connection ends with a TCP reset.
        case reset
        /// No byte; the connection ends in good order.
        case closed
        /// The head and half of the body; then the connection ends.
        case cutOff
        /// The body one byte at a time, each this long after the one before.
        case bytewise(every: Duration)
    }

    /// What the front has to send, and what happened on the way to it.
    package struct Reply: Sendable, Equatable {
        package var answer: Answer
        package var delivery: Delivery
        package var events: [Event]
    }
}

extension [AuthorizationServer.Field] {
    func first(named name: String) -> String? {
        first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

extension AuthorizationServer.Answer {
    static func json(_ value: JSONValue, status: Int = 200, headers: [AuthorizationServer.Field] = []) -> Self {
        // RFC 6749 section 5.1 wants both on every answer that may hold a token.
        let fields: [AuthorizationServer.Field] = [
            .init("Content-Type", "application/json"), .init("Cache-Control", "no-store"),
        ]
        return Self(status: status, headers: fields + headers, body: value.utf8)
    }

    /// `application/x-www-form-urlencoded`, which GitHub answers where nobody asks for JSON.
    static func form(_ members: [JSONValue.Member]) -> Self {
        let fields: [AuthorizationServer.Field] = [
            .init("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
            .init("Cache-Control", "no-store"),
        ]
        return Self(status: 200, headers: fields, body: Array(FormWriter.form(members).utf8))
    }

    static func html(_ title: String, status: Int, headers: [AuthorizationServer.Field] = []) -> Self {
        let page = "<!DOCTYPE html>\n<html><head><title>\(title)</title></head><body><h1>\(title)</h1></body></html>\n"
        return Self(
            status: status, headers: [.init("Content-Type", "text/html; charset=utf-8")] + headers,
            body: Array(page.utf8))
    }

    static func empty(status: Int, headers: [AuthorizationServer.Field] = []) -> Self {
        Self(status: status, headers: headers, body: [])
    }
}
