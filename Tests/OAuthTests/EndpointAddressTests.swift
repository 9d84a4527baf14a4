import OAuth
import Testing

@Suite("Addresses that a credential may be sent to")
struct EndpointAddressTests {
    @Test(
        "An address is taken apart as RFC 3986 says",
        arguments: [
            ("https://id.example/token?a=b", "id.example", 443, "/token?a=b", true),
            ("HTTPS://ID.Example:8443", "id.example", 8443, "/", true),
            ("https://id.example?x=1", "id.example", 443, "/?x=1", true),
            ("https://id.example/a@b:c", "id.example", 443, "/a@b:c", true),
            ("https://gitlab/oauth/token", "gitlab", 443, "/oauth/token", true),
            ("https://8.8.8.8/", "8.8.8.8", 443, "/", true),
            ("https://[2606:4700::1111]:1/", "2606:4700::1111", 1, "/", true),
            ("http://localhost:8080/t", "localhost", 8080, "/t", false),
            ("http://127.8.9.1/t", "127.8.9.1", 80, "/t", false),
            ("http://[::1]:7580/t", "::1", 7580, "/t", false),
            ("https://localhost/t", "localhost", 443, "/t", true),
            ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/", true),
        ])
    func accepts(url: String, host: String, port: Int, target: String, isSecure: Bool) throws {
        let address = try EndpointAddress.validate(url)
        #expect(address.url == url)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.target == target)
        #expect(address.isSecure == isSecure)
    }

    static let refused: [(String, EndpointAddressError)] = [
        ("", .notHTTP),
        ("id.example/token", .notHTTP),
        ("//id.example/token", .notHTTP),
        ("/token", .notHTTP),
        ("https:/id.example", .notHTTP),
        ("ftp://id.example/", .notHTTP),
        ("http+unix://x/", .notHTTP),
        ("http://id.example/", .notSecure),
        ("http://localhost.example/", .notSecure),
        ("http://8.8.8.8/", .notSecure),
        ("https://user:pw@id.example/", .hasUserinfo),
        ("https://id.example@evil.example/", .hasUserinfo),
        ("https://id.example/#part", .hasFragment),
        ("https://id.example\\@evil.example/", .forbiddenCharacter),
        ("https://id.example/a b", .forbiddenCharacter),
        ("https://id.example/\r\nHost: x", .forbiddenCharacter),
        ("https://bücher.example/", .forbiddenCharacter),
        ("https://id.example/{tenant}", .forbiddenCharacter),
        ("https:///token", .malformedHost),
        ("https://:443/", .malformedHost),
        ("https://id..example/", .malformedHost),
        ("https://id.example./", .malformedHost),
        ("https://id%2eexample/", .malformedHost),
        ("https://[::1/", .malformedHost),
        ("https://[127.0.0.1]/", .malformedHost),
        ("https://[fe80::1%25eth0]/", .malformedHost),
        ("https://127.1/", .malformedHost),
        ("https://0x7f000001/", .malformedHost),
        ("https://2130706433/", .malformedHost),
        ("https://0177.0.0.1/", .malformedHost),
        ("https://" + String(repeating: "a", count: 64) + ".example/", .malformedHost),
        ("https://id.example:/", .malformedPort),
        ("https://id.example:0/", .malformedPort),
        ("https://id.example:65536/", .malformedPort),
        ("https://id.example:4x/", .malformedPort),
        ("https://id.example:443:443/", .malformedPort),
        ("https://[2606:4700::1111]x/", .malformedPort),
        ("https://10.0.0.1/", .notPublic),
        ("https://172.16.0.1/", .notPublic),
        ("https://172.31.255.255/", .notPublic),
        ("https://192.168.1.1/", .notPublic),
        ("https://100.64.0.1/", .notPublic),
        ("https://169.254.169.254/latest", .notPublic),
        ("http://169.254.169.254/latest", .notPublic),
        ("https://0.0.0.0/", .notPublic),
        ("https://224.0.0.1/", .notPublic),
        ("https://255.255.255.255/", .notPublic),
        ("https://192.0.2.1/", .notPublic),
        ("https://198.18.0.1/", .notPublic),
        ("https://203.0.113.1/", .notPublic),
        ("https://[::]/", .notPublic),
        ("https://[fe80::1]/", .notPublic),
        ("https://[fd00:ec2::254]/", .notPublic),
        ("https://[ff02::1]/", .notPublic),
        ("https://[2001:db8::1]/", .notPublic),
        ("https://[::ffff:169.254.169.254]/", .notPublic),
        ("https://[::ffff:127.0.0.1]/", .notPublic),
        ("https://[64:ff9b::a9fe:a9fe]/", .notPublic),
        ("https://[2002:a9fe:a9fe::]/", .notPublic),
        ("https://id.example/" + String(repeating: "a", count: 2048), .tooLong),
    ]

    @Test("Every other address is refused with its reason", arguments: refused)
    func refuses(url: String, error: EndpointAddressError) {
        #expect(throws: error) { try EndpointAddress.validate(url) }
    }

    @Test("Every reason is one that some address has", arguments: EndpointAddressError.allCases)
    func everyReason(error: EndpointAddressError) {
        #expect(Self.refused.contains { $0.1 == error })
        #expect(!error.description.isEmpty)
    }

    @Test(
        "A resolved address is known as link-local, inside IPv6 too",
        arguments: [
            ("169.254.169.254", true), ("169.253.0.1", false), ("fe80::1", true), ("febf::1", true), ("fec0::1", false),
            ("::ffff:169.254.1.1", true), ("64:ff9b::a9fe:a9fe", true), ("fd00:ec2::254", true), ("fd00::1", false),
            ("::1", false), ("127.0.0.1", false), ("10.0.0.1", false),
        ])
    func linkLocal(text: String, expected: Bool) throws {
        let address = try #require(IPAddress(text))
        #expect(address.isLinkLocal == expected)
    }
}
