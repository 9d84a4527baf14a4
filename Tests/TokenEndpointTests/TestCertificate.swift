import Glibc
import NIOSSL
import Testing

/// A self-signed certificate for `localhost` and `id.internal.example`, and its key, which protect nothing. Valid until 2126.
enum TestCertificate {
    static func serverContext(newest: TLSVersion? = nil) throws -> NIOSSLContext {
        let certificate = try NIOSSLCertificate(bytes: Array(pem.utf8), format: .pem)
        let privateKey = try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(certificate)], privateKey: .privateKey(privateKey))
        configuration.maximumTLSVersion = newest
        return try NIOSSLContext(configuration: configuration)
    }

    /// Runs `body` with the path of a file that holds the certificate.
    static func withFile<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let template = unsafe try #require(strdup("/tmp/purser-test-XXXXXX"))
        defer { unsafe free(template) }
        let descriptor = unsafe mkstemp(template)
        try #require(descriptor >= 0)
        let path = unsafe String(cString: template)
        defer { unsafe unlink(path) }
        let bytes = Array(pem.utf8)
        let written = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
        try #require(written == bytes.count)
        return try await body(path)
    }

    private static let pem = """
        -----BEGIN CERTIFICATE-----
        MIIBqzCCAVCgAwIBAgIUFZwR/Sp6HM5Pskp/yil1gDrN20YwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTE2MjkxM1oYDzIxMjYxMDI4
        MTYyOTEzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAAQQfD/IsyhlFpiamhDn6R2S9hC1x8H1/HbKXtJQKRitDYjQCKq0sBaH
        h3VY8eMZMrnXQ/n2cYgmAVGjPHphMO6No34wfDAdBgNVHQ4EFgQU8OAGAgckBe/e
        1zG6Ya6LH5NdpG4wHwYDVR0jBBgwFoAU8OAGAgckBe/e1zG6Ya6LH5NdpG4wDwYD
        VR0TAQH/BAUwAwEB/zApBgNVHREEIjAggglsb2NhbGhvc3SCE2lkLmludGVybmFs
        LmV4YW1wbGUwCgYIKoZIzj0EAwIDSQAwRgIhAIGNlgOzLbDw4oJgCBcy0PHRrWUM
        yEJSBH9oOjHfGKeBAiEApslD+zciwrD6mUMy1tMCd45ECsjsVdNpuU0D6mP4Lnc=
        -----END CERTIFICATE-----
        """

    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+8uaFZHSAE37Bynk
        c+qyKLaRxwM69qsoEM12T7w3u+ShRANCAAQQfD/IsyhlFpiamhDn6R2S9hC1x8H1
        /HbKXtJQKRitDYjQCKq0sBaHh3VY8eMZMrnXQ/n2cYgmAVGjPHphMO6N
        -----END PRIVATE KEY-----
        """
}
