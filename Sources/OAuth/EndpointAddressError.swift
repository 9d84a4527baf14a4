/// Why no credential may be sent to an address. The description says what to write instead; it repeats nothing of the
/// address.
package enum EndpointAddressError: Error, Sendable, Equatable, CaseIterable, CustomStringConvertible {
    /// More than ``EndpointAddress/maximumLength`` bytes.
    case tooLong
    /// A space, a control character, a quote, a backslash, anything not ASCII, …
    case forbiddenCharacter
    /// `#…`
    case hasFragment
    /// Not absolute, or another scheme.
    case notHTTP
    /// `http` to another machine.
    case notSecure
    /// `user@`
    case hasUserinfo
    /// Neither a name nor an IP address in its one usual form.
    case malformedHost
    /// No number from 1 to 65 535.
    case malformedPort
    /// An IP address that is neither of this machine nor of the public internet.
    case notPublic

    /// One sentence for whoever wrote the address.
    package var description: String {
        switch self {
        case .tooLong:
            "the address is longer than \(EndpointAddress.maximumLength) bytes; give a shorter one"
        case .forbiddenCharacter:
            "the address has a character that must be percent-encoded, or, in a host name, written in its xn-- form"
        case .hasFragment:
            "the address has a fragment (#…); remove it"
        case .notHTTP:
            "the address is not absolute; begin it with https://"
        case .notSecure:
            "a credential would travel unencrypted; use https:// (http:// is for localhost, 127.0.0.0/8 and [::1])"
        case .hasUserinfo:
            "the address has a user name or an @ before its path; remove it"
        case .malformedHost:
            "the host is neither a name nor an IP address in its usual form; check its spelling"
        case .malformedPort:
            "the port is not a number from 1 to 65535; correct it or leave it out with its colon"
        case .notPublic:
            "the IP address is private, link-local or reserved; give the server's name, for which it has a certificate"
        }
    }
}
