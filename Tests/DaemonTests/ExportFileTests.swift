import CredentialBroker
import DaemonConfiguration
import Foundation
import Logging
import SecretBytes
import SecretVault
import Testing
import VaultExport

@testable import Daemon

/// The file that `purserd --import` goes on from.
@Suite("The export that a daemon goes on from")
final class ExportFileTests {
    private static let secret = "0123456789abcdef0123456789abcdef"
    private static let policy = SegmentPolicy(kind: .lockedMemfd, locksMemory: false)
    private let folder: URL
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "purser-import-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private var file: ExportFile { ExportFile(path: folder.appending(path: "accounts.export").path) }

    private func secrets(_ text: String? = secret) -> ConfiguredSecrets {
        var configuration = PurserConfiguration()
        configuration.exportKey = .credential("export-key")
        return ConfiguredSecrets(of: configuration) { _ throws(DaemonError) in
            guard let text else { throw DaemonError("not there") }
            return SecretBytes(utf8: text)
        }
    }

    /// An export with one record, besides that of its moment.
    private func write(_ secret: String = secret) throws {
        var writer = ExportWriter(key: try ExportKey(SecretBytes(utf8: secret)), salt: (0..<32).map { $0 })
        let moment = [UInt8](repeating: 0, count: 16)
        writer.append(kind: 0, key: Span(), payload: moment.span)
        writer.append(kind: 9, key: Array("con_a".utf8).span, payload: Array("seed".utf8).span)
        try writer.finish().joined(separator: "\n").write(toFile: file.path, atomically: false, encoding: .utf8)
    }

    private func records(filledWith secrets: ConfiguredSecrets) throws -> Int {
        var vault = try SecretVault(creating: Self.policy)
        try file.fill(&vault, secrets: secrets, logger: logger)
        return vault.statistics.records
    }

    @Test("It fills the vault, and is gone after it is removed")
    func fills() throws {
        try write()
        #expect(try records(filledWith: secrets()) == 1)
        try file.end(.remove, logger: logger)
        #expect(!FileManager.default.fileExists(atPath: file.path))
    }

    @Test("Where there is none the vault stays empty, and there is nothing to remove")
    func none() throws {
        #expect(try records(filledWith: secrets()) == 0)
        try file.end(.remove, logger: logger)
    }

    @Test("One that cannot be used ends the start with what to do, and stays as it is")
    func unusable() throws {
        try write("another-key-0123456789-0123456789")
        let before = try Data(contentsOf: URL(filePath: file.path))
        for (secrets, words) in [(secrets(), "cannot be opened"), (secrets(nil), "no usable key")] {
            let error = #expect(throws: DaemonError.self) { try self.records(filledWith: secrets) }
            #expect(error?.description.contains(words) == true)
            #expect(error?.description.contains("move it away to start without its accounts") == true)
        }
        #expect(try Data(contentsOf: URL(filePath: file.path)) == before)
    }

    @Test("Beside a vault that was kept, one that is of another daemon is set aside and not thrown away")
    func foreign() throws {
        try write()
        let vault = try SecretVault(creating: Self.policy)
        let rest = try file.rest(beside: vault)
        #expect(rest == .setAside)
        try file.end(rest, logger: logger)
        #expect(!FileManager.default.fileExists(atPath: file.path))
        #expect(FileManager.default.fileExists(atPath: file.path + ".unused"))
        #expect(try file.rest(beside: vault) == .remove)
        // The next one does not take its place.
        try write("another-key-0123456789-0123456789")
        #expect(throws: DaemonError.self) { try self.file.end(.setAside, logger: self.logger) }
        #expect(FileManager.default.fileExists(atPath: file.path))
    }

    @Test("What is no plain file is not read")
    func notAFile() throws {
        try FileManager.default.createDirectory(atPath: file.path, withIntermediateDirectories: false)
        #expect(throws: DaemonError.self) { try self.records(filledWith: self.secrets()) }
        // Nor can it be removed, and the daemon does not go on then.
        #expect(throws: DaemonError.self) { try self.file.end(.remove, logger: self.logger) }
    }
}
