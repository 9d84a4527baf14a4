internal import OAuth
internal import SecretBytes

/// The tokens of one grant on their way into the vault, where only copyable values go.
final class GrantedTokens: Sendable {
    let accessToken: SecretBytes
    let refreshToken: SecretBox?
    let idToken: SecretBox?
    let expiresIn: Duration?
    let accessTokenExpiry: Duration?
    let scope: String?
    let fields: [NamedValue]

    init(_ answer: consuming TokenAnswer) {
        expiresIn = answer.expiresIn
        accessTokenExpiry = answer.accessTokenExpiry
        scope = answer.scope
        fields = answer.fields
        refreshToken = answer.refreshToken.box
        idToken = answer.idToken.box
        accessToken = answer.accessToken.copy()
    }

    /// As the vault keeps them.
    func tokenSet() -> TokenSet {
        var tokens = TokenSet()
        tokens.set(.accessToken, accessToken)
        if let refreshToken { tokens.set(.refreshToken, refreshToken.bytes) }
        return tokens
    }
}
