/// Why a token request cannot be written as described. All of these are mended in the configuration.
package enum TokenRequestError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The token endpoint is no address for a credential.
    case endpoint(EndpointAddressError)
    /// `client_id` is empty.
    case emptyClientID
    /// The way of client authentication needs a secret, and there is none.
    case missingClientSecret
    /// There is nothing to present.
    case emptyRefreshToken
    /// The named parameter, which the request is about, is empty or not what its grammar allows.
    case nothingToPresent(String)
    /// A header field of the description is malformed, or belongs to the transport.
    case invalidHeader(String)
    /// A parameter of the description would stand beside the secret of that name.
    case reservedParameter(String)

    /// One sentence for whoever wrote the configuration.
    package var description: String {
        switch self {
        case .endpoint(let error):
            "the token endpoint cannot be used: \(error)"
        case .emptyClientID:
            "the client id is empty; set clientId in the auth config"
        case .missingClientSecret:
            "this provider wants a client secret; set clientSecret in the auth config, or clientAuthentication: none"
        case .emptyRefreshToken:
            "the refresh token is empty; connect the account again"
        case .nothingToPresent(let name):
            "there is no usable \(name) to send; start connecting the account again"
        case .invalidHeader(let name):
            "the header “\(name)” cannot be sent with a token request; mend it in the provider's description"
        case .reservedParameter(let name):
            "the parameter “\(name)” is filled in by the daemon; remove it from the provider's description"
        }
    }
}
