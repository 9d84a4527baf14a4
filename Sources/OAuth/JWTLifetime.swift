package import JSON
import SecretBytes

/// Reads how long a JWT says that it lives (RFC 7519 section 4.1.4). The signature is not verified: nothing is trusted
/// for it, and a wrong claim only moves the next refresh.
package enum JWTLifetime {
    /// The longest token that is looked into, in bytes.
    package static let maximumLength = 65_536

    /// The life left at `now`, seconds since 1970 by the issuer's clock if known; nil for what is no JWT or has no sane
    /// `exp`.
    ///
    /// Where `now` is outside the token's own life from `iat` to `exp`, the clock is wrong, not a token that was issued
    /// this moment: then the whole life counts. More than ten years is no sane life.
    package static func read(_ token: Span<UInt8>, now: Int64) -> Duration? {
        guard let claims = claims(token), let expiry = seconds(claims["exp"]) else { return nil }
        let start: Int64
        if let issued = seconds(claims["iat"]) {
            start = (issued..<max(expiry, issued)).contains(now) ? now : issued
        } else {
            start = now
        }
        return TokenLifetime.duration(Double(expiry) - Double(start))
    }

    /// The payload of a signed JWT in compact form (RFC 7515 section 7.1); nil for anything else, encrypted ones
    /// included.
    package static func claims(_ token: Span<UInt8>) -> JSONValue? {
        guard token.count <= maximumLength else { return nil }
        var dots: [Int] = []
        for index in token.indices where token[index] == UInt8(ascii: ".") { dots.append(index) }
        guard dots.count == 2 else { return nil }
        var payload = SecretBuffer(minimumCapacity: token.count)
        guard Base64.decodeURLSafe(token.extracting(dots[0] + 1..<dots[1]), into: &payload) else { return nil }
        let document = JSONDocument()
        let limits = JSONLimits(maxBytes: maximumLength, maxDepth: 16, maxNodes: 4096)
        guard (try? payload.withBytes { try document.parse($0, limits: limits) }) != nil else { return nil }
        return document.root.kind == .object ? document.root : nil
    }

    /// A NumericDate (RFC 7519 section 2), which may have a fraction.
    private static func seconds(_ claim: JSONValue?) -> Int64? {
        guard let number = claim?.double, abs(number) < 1e12 else { return nil }
        return Int64(number)
    }
}
