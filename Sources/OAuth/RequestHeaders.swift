/// The header fields of a request to a provider that are no secret.
enum RequestHeaders {
    /// `Accept`, `User-Agent` and `Content-Type`, then `extra`, which replaces them where it has the same names.
    static func standard(_ format: RequestFormat, with extra: [NamedValue] = []) throws(TokenRequestError)
        -> [NamedValue]
    {
        if let invalid = extra.first(where: { !isValid($0) }) { throw .invalidHeader(invalid.name) }
        var headers = [NamedValue("Accept", "application/json"), NamedValue("User-Agent", "purser")]
        switch format {
        case .form: headers.append(NamedValue("Content-Type", "application/x-www-form-urlencoded"))
        case .json: headers.append(NamedValue("Content-Type", "application/json"))
        }
        let replaced = Set(extra.map { ASCII.lowercased($0.name) })
        return headers.filter { !replaced.contains(ASCII.lowercased($0.name)) } + extra
    }

    /// Fields that decide where a message ends or who sends it are the transport's and the draft's own.
    private static let reserved: Set<String> = [
        "authorization", "proxy-authorization", "connection", "content-length", "expect", "host", "te", "trailer",
        "transfer-encoding", "upgrade",
    ]

    /// RFC 9110 sections 5.1 and 5.5, without what is obsolete.
    private static func isValid(_ header: NamedValue) -> Bool {
        let isName = !header.name.isEmpty && header.name.utf8.allSatisfy(isTokenByte)
        return isName && header.value.utf8.allSatisfy { ASCII.isPrintable($0) || $0 == 0x09 }
            && !reserved.contains(ASCII.lowercased(header.name))
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        ASCII.isAlphanumeric(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
