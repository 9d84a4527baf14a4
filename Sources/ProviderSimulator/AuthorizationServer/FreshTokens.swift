/// The names of the tokens, codes and other things that the request at hand may need.
struct FreshTokens {
    var access: String
    var refresh: String
    var code: String
    var deviceCode: String
    /// What a person types: eight letters that make no word and are not taken for one another (RFC 8628 section 6.1).
    var userCode: String
    /// Names a consent or an answer.
    var event: String

    init(random: inout some RandomNumberGenerator) {
        access = "sim_at_" + Self.digits(&random)
        refresh = "sim_rt_" + Self.digits(&random)
        code = "sim_ac_" + Self.digits(&random)
        deviceCode = "sim_dc_" + Self.digits(&random)
        userCode = Self.letters(&random) + "-" + Self.letters(&random)
        event = Self.digits(&random)
    }

    private static func digits(_ random: inout some RandomNumberGenerator) -> String {
        hexadecimal((0..<16).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    private static func letters(_ random: inout some RandomNumberGenerator) -> String {
        let alphabet = Array("BCDFGHJKLMNPQRSTVWXZ")
        return String((0..<4).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] })
    }
}
