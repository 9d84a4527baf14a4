/// An answer to a browser, as a value.
struct CallbackResponse: Sendable, Equatable {
    var status: Int
    var headers: [(name: String, value: String)]
    var body: [UInt8]

    /// A page, where it was asked for.
    init(_ page: CallbackPage) {
        status = page.status
        headers = Self.common + [("Content-Type", "text/html; charset=utf-8"), ("Content-Language", "en")]
        if status == 405 { headers.append(("Allow", "GET, HEAD")) }
        body = page.html
    }

    /// On to another address, by GET (RFC 9110 section 15.4.4). The address that was asked for leaves the address bar
    /// and the list of places to go back to.
    init(seeOther location: String) {
        status = 303
        headers = Self.common + [("Location", location)]
        body = []
    }

    static func == (left: CallbackResponse, right: CallbackResponse) -> Bool {
        left.status == right.status && left.body == right.body
            && left.headers.elementsEqual(right.headers) { $0 == $1 }
    }

    /// Nothing is loaded, run, framed, sent, stored or told to others.
    private static let common: [(name: String, value: String)] = [
        (
            "Content-Security-Policy",
            "default-src 'none'; style-src '\(PageStyle.sourceHash)'; base-uri 'none'; form-action 'none'; "
                + "frame-ancestors 'none'"
        ),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("Connection", "close"),
    ]
}
