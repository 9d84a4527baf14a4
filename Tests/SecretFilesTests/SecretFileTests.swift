import Glibc
import SecretBytes
import SecretFiles
import Testing

@Suite("Secrets from files")
struct SecretFileTests {
    struct Contents: Sendable, CustomTestStringConvertible {
        let name: String
        let written: String
        let secret: String
        var testDescription: String { name }
    }

    static let contentRows: [Contents] = [
        Contents(name: "no line end", written: "s3cret", secret: "s3cret"),
        Contents(name: "a line feed", written: "s3cret\n", secret: "s3cret"),
        Contents(name: "a Windows line end", written: "s3cret\r\n", secret: "s3cret"),
        Contents(name: "two line feeds", written: "s3cret\n\n", secret: "s3cret\n"),
        Contents(name: "a line feed within", written: "two\nlines", secret: "two\nlines"),
        Contents(name: "a carriage return only", written: "s3cret\r", secret: "s3cret\r"),
        Contents(name: "spaces around", written: " s3cret ", secret: " s3cret "),
        Contents(
            name: "64 KiB", written: String(repeating: "x", count: 65_536),
            secret: String(repeating: "x", count: 65_536)),
    ]

    @Test("The contents are the secret, without one line end", arguments: contentRows)
    func contents(_ row: Contents) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(row.written, to: "key", mode: 0o600)
        let fromFile = try SecretFile.read(path: path)
        let fromCredential = try SecretFile.readCredential(name: "key", directory: folder.path)
        let expected = SecretBytes(utf8: row.secret)
        let isSame = fromFile.isEqual(to: expected)
        let isSameCredential = fromCredential.isEqual(to: expected)
        #expect(isSame)
        #expect(isSameCredential)
    }

    @Test(
        "A file that anybody else may use is refused, and the error says which mode to give it",
        arguments: [
            (0o600 as mode_t, true), (0o400, true), (0o700, true),
            (0o640, false), (0o604, false), (0o620, false), (0o602, false), (0o610, false), (0o601, false),
            (0o666, false),
        ])
    func modes(mode: mode_t, isAccepted: Bool) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("s3cret", to: "key", mode: mode)
        let reason = reasonForRefusing(path: path)
        #expect(reason == (isAccepted ? nil : .openToOthers(mode: mode)))
    }

    @Test(
        "A credential may show an access list's mask in its group bits, but nothing for others",
        arguments: [
            (0o400 as mode_t, true), (0o440, true), (0o404, false), (0o644, false),
        ])
    func credentialModes(mode: mode_t, isAccepted: Bool) throws {
        let folder = try TemporaryFolder()
        try folder.write("s3cret", to: "key", mode: mode)
        let reason = reasonForRefusing(credential: "key", directory: folder.path)
        #expect(reason == (isAccepted ? nil : .openToOthers(mode: mode)))
    }

    @Test("What is not a regular file is refused without waiting for it")
    func otherKinds() throws {
        let folder = try TemporaryFolder()
        let target = try folder.write("s3cret", to: "target", mode: 0o600)
        try #require(unsafe symlink(target, folder.path + "/link") == 0)
        try #require(unsafe mkfifo(folder.path + "/fifo", 0o600) == 0)
        try #require(unsafe mkdir(folder.path + "/directory", 0o700) == 0)

        #expect(reasonForRefusing(path: folder.path + "/link") == .symbolicLink)
        #expect(reasonForRefusing(path: folder.path + "/fifo") == .notARegularFile)
        #expect(reasonForRefusing(path: folder.path + "/directory") == .notARegularFile)
        #expect(reasonForRefusing(path: "/dev/null") == .notARegularFile)
        #expect(reasonForRefusing(path: folder.path + "/none") == .missing)
        #expect(reasonForRefusing(path: target + "/below") == .missing)
        #expect(reasonForRefusing(path: "key") == .notAbsolute)
        #expect(reasonForRefusing(path: "/dev/null\0.key") == .notAbsolute)
    }

    @Test(
        "A secret has at least one byte, and its file at most 64 KiB",
        arguments: [
            (0, "", SecretFileError.Reason.empty),
            (0, "\n", .empty),
            (0, "\r\n", .empty),
            (65_537, "", .tooLong),
            (65_536, "\n", .tooLong),
        ])
    func sizes(length: Int, end: String, expected: SecretFileError.Reason) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(String(repeating: "x", count: length) + end, to: "key", mode: 0o600)
        #expect(reasonForRefusing(path: path) == expected)
    }

    @Test(
        "A credential's name is one file name",
        arguments: [
            "", ".", "..", "../key", "a/b", "/etc/shadow", "a..b", "a:b", "a b", "a\nb", "a\0b", "schlüssel",
            String(repeating: "x", count: 256),
        ])
    func names(name: String) {
        #expect(reasonForRefusing(credential: name, directory: "/nowhere") == .badCredentialName)
    }

    @Test("A credential that is not there is told from a unit that loads none")
    func missingCredentials() throws {
        let folder = try TemporaryFolder()
        #expect(reasonForRefusing(credential: "key", directory: nil) == .noCredentialsDirectory)
        #expect(reasonForRefusing(credential: "key", directory: folder.path) == .noSuchCredential)
        #expect(reasonForRefusing(credential: "key", directory: "relative") == .notAbsolute)
    }

    @Test("An error says what to do, on one line, and nothing of the contents")
    func words() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("s3cret", to: "key", mode: 0o644)
        #expect(
            refusal { () throws(SecretFileError) in _ = try SecretFile.read(path: path) }.map { "\($0)" }
                == "\(path) has mode 644, so others can get at the secret: chmod 600 \(path)")
        let forged = refusal { () throws(SecretFileError) in _ = try SecretFile.read(path: "/x\n<0>forged") }
        #expect(forged.map { "\($0)" } == "/x?<0>forged does not exist: create it, with mode 600")
    }
}

private func reasonForRefusing(path: String) -> SecretFileError.Reason? {
    refusal { () throws(SecretFileError) in _ = try SecretFile.read(path: path) }?.reason
}

private func reasonForRefusing(credential: String, directory: String?) -> SecretFileError.Reason? {
    refusal { () throws(SecretFileError) in
        _ = try SecretFile.readCredential(name: credential, directory: directory)
    }?.reason
}

private func refusal(_ body: () throws(SecretFileError) -> Void) -> SecretFileError? {
    do {
        try body()
        return nil
    } catch {
        return error
    }
}
