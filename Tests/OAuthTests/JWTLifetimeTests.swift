import OAuth
import SecretBytes
import Testing

@Suite("Lifetimes that tokens claim")
struct JWTLifetimeTests {
    /// Base64 without padding, in the URL-safe alphabet (RFC 4648 section 5), written apart from the code under test.
    private static func base64URL(_ text: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let bits = text.utf8.flatMap { byte in (0..<8).map { byte >> UInt8(7 - $0) & 1 } }
        return String(
            stride(from: 0, to: bits.count, by: 6).map { start in
                alphabet[(0..<6).reduce(0) { $0 * 2 + (start + $1 < bits.count ? Int(bits[start + $1]) : 0) }]
            })
    }

    private func lifetime(_ token: String) -> Duration? {
        SecretBytes(utf8: token).withBytes { JWTLifetime.read($0, now: now) }
    }

    @Test(
        "The life is what is left of exp, and the whole of it where the clock cannot be right",
        arguments: [
            ("iat and exp, now at iat", #"{"iat":1763683200,"exp":1763686800}"#, Duration.seconds(3600)),
            ("an older token handed out again", #"{"iat":1763681400,"exp":1763685000}"#, .seconds(1800)),
            ("issued in our future", #"{"iat":1763690000,"exp":1763693600}"#, .seconds(3600)),
            ("run out by our clock", #"{"iat":1763600000,"exp":1763603600}"#, .seconds(3600)),
            ("no iat", #"{"exp":1763683260}"#, .seconds(60)),
            ("no iat and run out", #"{"exp":1763683199}"#, nil),
            ("fractions", #"{"iat":1763683200.9,"exp":1763683260.2}"#, .seconds(60)),
            ("exp before iat", #"{"iat":1763683200,"exp":1763683100}"#, nil),
            ("eleven years", #"{"iat":1763683200,"exp":2110579200}"#, nil),
            ("exp as text", #"{"exp":"1763683260"}"#, nil),
            ("exp beyond numbers", #"{"exp":1e300}"#, nil),
            ("exp in milliseconds", #"{"iat":1763683200000,"exp":1763686800000}"#, nil),
            ("no exp", #"{"iat":1763683200}"#, nil),
            ("exp twice", #"{"exp":1763683260,"exp":1763683261}"#, nil),
            ("an array", "[1]", nil),
            ("no JSON", "{", nil),
            ("one more byte", #"{"exp":1763683260 }"#, .seconds(60)),
            ("two more bytes", #"{"exp":1763683260  }"#, .seconds(60)),
        ])
    func claims(name: String, payload: String, expected: Duration?) {
        #expect(lifetime("e30." + Self.base64URL(payload) + ".c2ln") == expected)
    }

    @Test(
        "What is no signed JWT has no lifetime",
        arguments: [
            "", "opaque", "a.b", "..", "a.b.c", "a.!!.c", "a.e30=.c.d", "e30.e30.e30.e30.e30",
            "a." + String(repeating: "A", count: 65_536) + ".c",
        ])
    func others(token: String) {
        #expect(lifetime(token) == nil)
    }

    @Test("Padding is taken as it comes")
    func padding() {
        #expect(lifetime("a." + Self.base64URL(#"{"exp":1763683260 }"#) + "=.c") == .seconds(60))
    }
}
