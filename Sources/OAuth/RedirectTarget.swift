/// The caller's own address that the browser goes on to after a callback (`callbackUrl`).
package struct RedirectTarget: Sendable, Equatable {
    /// Up to the query, with it but without its `?`, and from the `#` on.
    private let base: Substring
    private let query: Substring?
    private let fragment: Substring

    /// As given.
    package let url: String

    /// The longest address accepted, in bytes.
    package static let maximumLength = EndpointAddress.maximumLength

    /// What the caller is told of the link.
    package enum Status: String, Sendable {
        case success
        case failed
    }

    /// An address to send a browser to; only a checked target makes one, so it is fit for a `Location` field.
    package struct Location: Sendable, Equatable {
        /// An absolute URL of printable ASCII.
        package let url: String
    }

    /// Accepts `https`, or `http` to this machine, without userinfo; printable ASCII, at most ``maximumLength`` bytes.
    ///
    /// Its own query may hold anything but the two parameters that are added. Literal private IP addresses are
    /// refused, as for every address in this daemon; names are accepted whatever they resolve to.
    package init(_ url: String) throws(RedirectTargetError) {
        guard url.utf8.count <= Self.maximumLength else { throw .tooLong }
        let fragmentStart = url.firstIndex(of: "#") ?? url.endIndex
        let absolute = url[..<fragmentStart]
        fragment = url[fragmentStart...]
        guard fragment.utf8.dropFirst().allSatisfy(Self.isAllowedInFragment) else { throw .forbiddenCharacter }
        do throws(EndpointAddressError) {
            _ = try EndpointAddress.validate(String(absolute))
        } catch {
            throw RedirectTargetError(error)
        }
        let queryStart = absolute.firstIndex(of: "?")
        base = absolute[..<(queryStart ?? absolute.endIndex)]
        query = queryStart.map { absolute[absolute.index(after: $0)...] }
        if let name = query.flatMap(Self.reservedName) { throw .reservedParameter(name) }
        self.url = url
    }

    /// The address with `status` and, where there is one, `connected_account_id` after the caller's own query, and
    /// before its fragment.
    package func location(status: Status, connectedAccountID: String?) -> Location {
        var parameters = ["status=\(status.rawValue)"]
        if let connectedAccountID {
            parameters.append("connected_account_id=\(PercentEncoding.encode(connectedAccountID))")
        }
        let own = query.map { $0.isEmpty || $0.hasSuffix("&") ? String($0) : "\($0)&" } ?? ""
        return Location(url: "\(base)?\(own)\(parameters.joined(separator: "&"))\(fragment)")
    }

    private static func reservedName(in query: Substring) -> String? {
        for parameter in query.split(separator: "&") {
            let name = PercentEncoding.decodeLeniently(parameter.prefix { $0 != "=" })
            for reserved in ["status", "connected_account_id"] where name.elementsEqual(reserved.utf8) {
                return reserved
            }
        }
        return nil
    }

    /// Printable ASCII but `"<>\^`{|}` and a second `#` (RFC 3986 section 3.5).
    private static func isAllowedInFragment(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && !"\"#<>\\^`{|}".utf8.contains(byte)
    }
}

/// Why a browser is not sent to an address. The description says what to write instead.
package enum RedirectTargetError: Error, Sendable, Equatable, CustomStringConvertible {
    case tooLong
    case forbiddenCharacter
    /// Neither `https`, nor `http` to this machine.
    case notSecure
    case hasUserinfo
    case malformed
    /// A literal IP address that is neither of this machine nor of the public internet.
    case notPublic
    /// The address has a parameter already that would be added.
    case reservedParameter(String)

    /// One sentence for whoever gave the address.
    package var description: String {
        switch self {
        case .tooLong:
            "callbackUrl is longer than \(RedirectTarget.maximumLength) bytes; give a shorter one"
        case .forbiddenCharacter:
            "callbackUrl has a character that must be percent-encoded, or, in a host name, written in its xn-- form"
        case .notSecure:
            "callbackUrl must begin with https://, or with http:// to localhost, 127.0.0.0/8 or [::1]"
        case .hasUserinfo:
            "callbackUrl has a user name or an @ before its path; remove it"
        case .malformed:
            "callbackUrl has a host or port that is not in its usual form; check its spelling"
        case .notPublic:
            "callbackUrl has an IP address that is private, link-local or reserved; give the server's name"
        case .reservedParameter(let name):
            "callbackUrl has the parameter \(name) already, which is added to it; give yours another name"
        }
    }

    init(_ error: EndpointAddressError) {
        self =
            switch error {
            case .tooLong: .tooLong
            case .forbiddenCharacter, .hasFragment: .forbiddenCharacter
            case .notHTTP, .notSecure: .notSecure
            case .hasUserinfo: .hasUserinfo
            case .malformedHost, .malformedPort: .malformed
            case .notPublic: .notPublic
            }
    }
}
