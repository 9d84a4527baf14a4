import Daemon
import DaemonConfiguration
import Glibc
import ProviderCatalog
import Testing

/// A directory of the test's own, gone when it is over.
final class Folder {
    let path: String
    private var entries: [String] = []

    init() throws {
        var template = Array("/tmp/purser-providers-XXXXXX".utf8CString)
        guard let made = unsafe mkdtemp(&template) else { throw Failure(code: errno) }
        path = unsafe String(cString: made)
    }

    deinit {
        for entry in entries.reversed() { _ = unsafe remove(entry) }
        _ = unsafe remove(path)
    }

    /// The path of something that is made in it, and goes with it.
    func entry(_ name: String) -> String {
        entries.append("\(path)/\(name)")
        return "\(path)/\(name)"
    }

    func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws {
        let descriptor = unsafe open(entry(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fchmod(descriptor, mode) == 0 else {
            throw Failure(code: errno)
        }
    }

    func makeFolder(_ name: String) throws {
        guard unsafe mkdir(entry(name), 0o755) == 0 else { throw Failure(code: errno) }
    }

    struct Failure: Error {
        var code: CInt
    }
}

@Suite("The directory of providers")
struct ProvidersDirectoryTests {
    private static let acme = "displayName: Acme\nissuer: https://id.acme.example\n"

    private func reason(_ file: ProviderFile) -> String? {
        if case .failure(let unreadable) = file.content { unreadable.reason } else { nil }
    }

    @Test("Its files are read in the order of their names, and nothing else")
    func reads() throws {
        let folder = try Folder()
        for name in ["b.yaml", "a.yaml", "c.yml", ".d.yaml", "e.yaml~", "f.yaml.bak", "README"] {
            try folder.write(name, name)
        }
        let files = try ProvidersDirectory(named: folder.path, besides: "/x/purser.yaml").files()
        #expect(files.map(\.slug) == ["a", "b"])
        #expect(files.map(\.path) == ["\(folder.path)/a.yaml", "\(folder.path)/b.yaml"])
        #expect(try files.first?.content.get() == Array("a.yaml".utf8))
    }

    @Test("Without a name it is beside the configuration, and need not be there")
    func beside() throws {
        let folder = try Folder()
        let configuration = "\(folder.path)/purser.yaml"
        #expect(try ProvidersDirectory(named: nil, besides: configuration).files().isEmpty)
        try folder.makeFolder("providers.d")
        try folder.write("providers.d/acme.yaml", Self.acme)
        #expect(try ProvidersDirectory(named: nil, besides: configuration).files().map(\.slug) == ["acme"])
        #expect(throws: DaemonError.self) {
            try ProvidersDirectory(named: "\(folder.path)/missing", besides: configuration).files()
        }
        #expect(throws: DaemonError.self) {
            try ProvidersDirectory(named: "\(folder.path)/providers.d/acme.yaml", besides: configuration).files()
        }
    }

    @Test("What is no regular file, or everybody's to write, is not read, and nothing waits for it")
    func refuses() throws {
        let folder = try Folder()
        try folder.makeFolder("a.yaml")
        #expect(unsafe mkfifo(folder.entry("b.yaml"), 0o600) == 0)
        try folder.write("c.yaml", Self.acme, mode: 0o646)
        #expect(unsafe symlink("/nonexistent", folder.entry("d.yaml")) == 0)
        try folder.write("e.yaml", Self.acme)
        #expect(unsafe symlink("e.yaml", folder.entry("f.yaml")) == 0)
        let files = try ProvidersDirectory(named: folder.path, besides: "/x/purser.yaml").files()
        #expect(
            files.map(reason) == [
                "is no regular file", "is no regular file",
                "everybody may write it, and it says where credentials go; chmod o-w",
                "cannot be read: No such file or directory", nil, nil,
            ])
    }

    @Test("A long file is cut off where its length is known to be too much, and too many are refused")
    func bounds() throws {
        let folder = try Folder()
        try folder.write("a.yaml", String(repeating: "#", count: 1 << 20))
        let files = try ProvidersDirectory(named: folder.path, besides: "/x/purser.yaml").files()
        let count = try #require(try files.first?.content.get().count)
        #expect(count > ProviderFile.maximumLength && count <= ProviderFile.maximumLength + (16 << 10))
        for index in 0..<ProviderFile.maximumCount { try folder.write("p\(index).yaml", "") }
        #expect(throws: DaemonError.self) {
            try ProvidersDirectory(named: folder.path, besides: "/x/purser.yaml").files()
        }
    }

    @Test("A name that would break a line of the log does not")
    func names() throws {
        let folder = try Folder()
        try folder.write("a\n\u{1B}[31mb.yaml", Self.acme)
        let files = try ProvidersDirectory(named: folder.path, besides: "/x/purser.yaml").files()
        #expect(files.map(\.path) == ["\(folder.path)/a??[31mb.yaml"])
    }

    @Test("The configuration is loaded with them: a bad one is a warning with its line, and a reload sees a new one")
    func loads() throws {
        let folder = try Folder()
        try folder.makeFolder("providers.d")
        try folder.write("providers.d/acme.yaml", Self.acme)
        try folder.write("providers.d/bad.yaml", "displayName: Bad\ntokenURL: http://bad.example/\n")
        try folder.write(
            "purser.yaml",
            """
            authConfigs: { ac_a: { provider: acme, clientId: c } }
            agents: [{ name: a, match: { uid: 0 }, grants: [] }]
            """)
        let file = ConfigurationFile(path: "\(folder.path)/purser.yaml", credentialsDirectory: nil)
        let configuration = try file.load()
        #expect(configuration.authConfigs.first?.endpoints.issuer == "https://id.acme.example")
        let place = "\(folder.path)/providers.d/bad.yaml:2: tokenURL: "
        #expect(configuration.warnings.contains { $0.hasPrefix(place) && $0.hasSuffix("the provider is refused") })
        try folder.write("providers.d/bad.yaml", Self.acme)
        #expect(try file.load().warnings == [])
    }
}
