internal import JSON
package import OAuth
internal import SecretBytes

/// The public keys by which a server signs (a JWK set, RFC 7517), to be kept until a token names a key that is not there.
package struct JWKSet: Sendable {
    /// Those that can verify a signature; others are left out.
    let keys: [VerificationKey]

    /// The longest set that is read, in bytes.
    package static let maximumLength = 256 * 1024
    /// The most keys that are looked at.
    package static let maximumCount = 100

    /// The request for the set at `jwksURI`; see ``ServerMetadata/jwksURI``.
    package static func request(from jwksURI: String) throws(JWKSetError) -> ProviderRequest {
        do {
            let headers = [
                NamedValue("Accept", "application/jwk-set+json, application/json"), NamedValue("User-Agent", "purser"),
            ]
            return ProviderRequest(method: .get, url: try EndpointAddress.validate(jwksURI).url, headers: headers)
        } catch {
            throw .address(error)
        }
    }

    /// Reads the answer to ``request(from:)``.
    package static func read(_ response: borrowing ProviderResponse) throws(JWKSetError) -> JWKSet {
        guard response.status == 200 else { throw .status(response.status) }
        return try response.body.withBytes { (json) throws(JWKSetError) -> JWKSet in try JWKSet(json) }
    }

    /// Reads a set as JSON. A key that cannot be used, for whatever reason, does not spoil the others.
    package init(_ json: Span<UInt8>) throws(JWKSetError) {
        guard json.count <= Self.maximumLength else { throw .tooLarge }
        let document = JSONDocument()
        do {
            let limits = JSONLimits(maxBytes: Self.maximumLength, maxDepth: 8, maxNodes: 8192)
            try document.parse(json, limits: limits)
        } catch {
            throw .notASet
        }
        guard let keys = document.root["keys"], keys.kind == .array else { throw .notASet }
        guard keys.count <= Self.maximumCount else { throw .tooLarge }
        self.keys = keys.elements.compactMap { VerificationKey($0) }
    }

    /// The keys that may have made a signature. A token that does not name its key is only as good as the set is
    /// unambiguous (OpenID Connect Core section 10.1).
    func candidates(for algorithm: SignatureAlgorithm, keyID: String?) -> [VerificationKey] {
        let fitting = keys.filter { $0.fits(algorithm) }
        guard let keyID else { return fitting.count == 1 ? fitting : [] }
        return fitting.filter { $0.keyID == keyID }
    }
}

/// Why a server's keys cannot be read.
package enum JWKSetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The address of the keys is no endpoint's.
    case address(EndpointAddressError)
    /// An answer other than 200.
    case status(Int)
    /// More than ``JWKSet/maximumLength`` bytes or ``JWKSet/maximumCount`` keys.
    case tooLarge
    /// No JSON object with an array `keys`.
    case notASet

    /// One sentence for whoever runs the daemon.
    package var description: String {
        switch self {
        case .address(let error): "the address of the server's keys cannot be used: \(error)"
        case .status(let status): "the server answered with status \(status) instead of its keys; try again later"
        case .tooLarge: "the server's key set is larger than any should be; check the issuer"
        case .notASet: "what the server gives as its keys is no JWK set; check the issuer"
        }
    }
}
