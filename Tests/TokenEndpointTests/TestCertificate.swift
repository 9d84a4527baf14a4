import Glibc
import NIOSSL
import Testing

/// A self-signed certificate for `localhost` and its key, which protect nothing. Valid until 2126.
enum TestCertificate {
    static func serverContext() throws -> NIOSSLContext {
        let certificate = try NIOSSLCertificate(bytes: Array(pem.utf8), format: .pem)
        let privateKey = try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: [.certificate(certificate)], privateKey: .privateKey(privateKey)))
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
        MIIBljCCATugAwIBAgIUWW7opwIvm8li/YT8PatrbsaorvYwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTAzNDQxMloYDzIxMjYxMDI4
        MDM0NDEyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAARqjEHpGGF6AweP3Ymxz8ZvPEwqFnd8vJ+e4OYZ+n5JNC7gCjCuqD7R
        7A3xyQNiB62jyCv78vXxNdTYkHL2w3ipo2kwZzAdBgNVHQ4EFgQURINt3szbJfgv
        ABzghhId2X4mz5swHwYDVR0jBBgwFoAURINt3szbJfgvABzghhId2X4mz5swDwYD
        VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
        SQAwRgIhAJyui39mUzYQWPKyZBIwp4uUn692EWmtWBBAGEiTEh/pAiEA8RH5qsSt
        6HqUFbSHKkBkJVmzSAUYxtFLVm88OVUyDmM=
        -----END CERTIFICATE-----
        """

    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg01879KE7ymcefW/k
        NhArtx8IcxD6EoAxBxHRJLSI8muhRANCAARqjEHpGGF6AweP3Ymxz8ZvPEwqFnd8
        vJ+e4OYZ+n5JNC7gCjCuqD7R7A3xyQNiB62jyCv78vXxNdTYkHL2w3ip
        -----END PRIVATE KEY-----
        """
}
