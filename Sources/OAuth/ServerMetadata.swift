import JSON
import SecretBytes

/// What an authorization server publishes about itself (RFC 8414, OpenID Connect Discovery 1.0).
package struct ServerMetadata: Sendable, Equatable {
    /// The issuer asked for.
    package var issuer: String
    /// RFC 6749 section 3.2.
    package var tokenEndpoint: String
    /// RFC 6749 section 3.1.
    package var authorizationEndpoint: String?
    /// RFC 8628 section 3.1.
    package var deviceAuthorizationEndpoint: String?
    /// RFC 7009.
    package var revocationEndpoint: String?
    /// RFC 7662.
    package var introspectionEndpoint: String?
    /// OpenID Connect Core section 5.3.
    package var userinfoEndpoint: String?
    /// The server's signing keys (RFC 7517).
    package var jwksURI: String?
    /// As published; `client_secret_basic` where nothing is (RFC 8414 section 2).
    package var tokenEndpointAuthMethods: [String]
    /// Empty where nothing is published: then it is unknown whether PKCE is understood.
    package var codeChallengeMethods: [String]
    /// Whether each authorization response names its issuer, so that one that does not is not the server's (RFC 9207
    /// section 3).
    package var namesIssuerInResponse: Bool

    /// The published method to use, Basic before a secret in the body before none; nil if the server takes none of
    /// these.
    package var clientAuthentication: ClientAuthentication? {
        ClientAuthentication.allCases.first { tokenEndpointAuthMethods.contains($0.rawValue) }
    }
}

extension ServerMetadata {
    /// Where the document can lie; to be tried in this order.
    package enum Location: Sendable, CaseIterable {
        /// `/.well-known/openid-configuration` behind the issuer (OpenID Connect Discovery section 4).
        case openIDConfiguration
        /// `/.well-known/oauth-authorization-server` between the issuer's host and path (RFC 8414 section 3.1).
        case oauthAuthorizationServer
    }

    /// The request for an issuer's metadata. The issuer must be an address that could be an endpoint, without a query.
    package static func request(
        issuer: String, at location: Location = .openIDConfiguration
    ) throws(ServerMetadataError) -> ProviderRequest {
        let address = try validate(issuer, as: "issuer")
        guard !address.target.contains("?") else { throw .issuerHasQuery }
        let path = address.target.hasSuffix("/") ? address.target.dropLast() : address.target[...]
        let origin = issuer.prefix(
            issuer.utf8.count - (issuer.hasSuffix(address.target) ? address.target.utf8.count : 0))
        let url =
            switch location {
            case .openIDConfiguration: "\(origin)\(path)/.well-known/openid-configuration"
            case .oauthAuthorizationServer: "\(origin)/.well-known/oauth-authorization-server\(path)"
            }
        let headers = [NamedValue("Accept", "application/json"), NamedValue("User-Agent", "purser")]
        return ProviderRequest(method: .get, url: url, headers: headers)
    }

    /// Reads the answer to ``request(issuer:at:)``. The issuer in it must be, byte for byte, the one asked for (RFC
    /// 8414 section 3.3), and each address must be one that ``EndpointAddress`` accepts. Only a server on this machine can
    /// have its endpoints here: another one would have codes and client secrets sent to a port of this machine.
    package static func read(
        _ response: borrowing ProviderResponse, issuer: String
    ) throws(ServerMetadataError) -> ServerMetadata {
        guard response.status == 200 else { throw .status(response.status) }
        guard case .json(let root) = AnswerBody(response.body, contentType: response.contentType), root.kind == .object
        else { throw .notJSON }
        guard root["issuer"]?.string == issuer else { throw .otherIssuer }
        let isLocal = (try? EndpointAddress.validate(issuer))?.isLoopback == true
        let endpoint = { (name: String) throws(ServerMetadataError) -> String? in
            try self.endpoint(name, in: root, isLocal: isLocal)
        }
        guard let tokenEndpoint = try endpoint("token_endpoint") else { throw .missing("token_endpoint") }
        return ServerMetadata(
            issuer: issuer, tokenEndpoint: tokenEndpoint,
            authorizationEndpoint: try endpoint("authorization_endpoint"),
            deviceAuthorizationEndpoint: try endpoint("device_authorization_endpoint"),
            revocationEndpoint: try endpoint("revocation_endpoint"),
            introspectionEndpoint: try endpoint("introspection_endpoint"),
            userinfoEndpoint: try endpoint("userinfo_endpoint"),
            jwksURI: try endpoint("jwks_uri"),
            tokenEndpointAuthMethods: try list("token_endpoint_auth_methods_supported", in: root)
                ?? [ClientAuthentication.clientSecretBasic.rawValue],
            codeChallengeMethods: try list("code_challenge_methods_supported", in: root) ?? [],
            namesIssuerInResponse: root["authorization_response_iss_parameter_supported"]?.bool == true)
    }

    private static func endpoint(
        _ name: String, in root: JSONValue, isLocal: Bool
    ) throws(ServerMetadataError) -> String? {
        guard let member = root[name], !member.isNull else { return nil }
        guard let url = member.string else { throw .wrongType(name) }
        let address = try validate(url, as: name)
        guard isLocal || !address.isLoopback else { throw .loopback(name) }
        return address.url
    }

    /// Up to 64 strings; a list without any is as good as none.
    private static func list(_ name: String, in root: JSONValue) throws(ServerMetadataError) -> [String]? {
        guard let member = root[name], !member.isNull else { return nil }
        let words = member.elements.prefix(64).compactMap(\.string)
        guard member.kind == .array, words.count == min(member.count, 64) else { throw .wrongType(name) }
        return words.isEmpty ? nil : words
    }

    private static func validate(_ url: String, as name: String) throws(ServerMetadataError) -> EndpointAddress {
        do {
            return try EndpointAddress.validate(url)
        } catch {
            throw .address(name, error)
        }
    }
}

/// Why an issuer's metadata cannot be used. Names members and statuses, never values.
package enum ServerMetadataError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The named member is no address for a credential.
    case address(String, EndpointAddressError)
    /// The named member is an address of this machine, where the issuer is not.
    case loopback(String)
    /// `?…`, which no issuer has (RFC 8414 section 2).
    case issuerHasQuery
    /// An answer other than 200.
    case status(Int)
    /// No JSON object, or one that names a member twice.
    case notJSON
    /// The document is of another issuer, or of none.
    case otherIssuer
    /// The named member, which is required, is absent.
    case missing(String)
    /// The named member is not what the standard says.
    case wrongType(String)

    /// One sentence for whoever wrote the issuer into the configuration.
    package var description: String {
        switch self {
        case .address(let name, let error):
            "\(name): \(error)"
        case .loopback(let name):
            "\(name) in the server's metadata is an address of this machine, though the server is another one; give the "
                + "addresses by hand if that is meant"
        case .issuerHasQuery:
            "the issuer has a query (?…); give it as the server's documentation does, without"
        case .status(let status):
            "the server answered with status \(status) instead of metadata; check the issuer, or give tokenURL by hand"
        case .notJSON:
            "the server's metadata is not a JSON object; check the issuer, or give tokenURL by hand"
        case .otherIssuer:
            "the metadata is of another issuer; write the issuer exactly as the server does, final slash included"
        case .missing(let name):
            "the server's metadata has no \(name); give the addresses by hand"
        case .wrongType(let name):
            "\(name) in the server's metadata has the wrong type; give the addresses by hand"
        }
    }
}
