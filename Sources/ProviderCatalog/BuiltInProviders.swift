import CEmbedded
import StrictYAML
import Synchronization

/// The provider files inside this program, each parsed when it is first asked for.
final class BuiltInProviders: Sendable {
    static let shared = BuiltInProviders()

    /// In alphabetical order.
    let slugs: [String]
    private let places: [String: Range<Int>]
    private let descriptions = Mutex<[String: ProviderDescription]>([:])
    /// The provider of each toolkit, once somebody has asked for one.
    private let owners = Mutex<[String: String]?>(nil)

    init() {
        places = Self.withFiles(Self.places(in:))
        slugs = places.keys.sorted()
    }

    /// Nil for a slug that there is no file of.
    func description(_ slug: String) throws(YAMLProblems) -> ProviderDescription? {
        if let description = descriptions.withLock({ $0[slug] }) { return description }
        guard let node = try node(slug) else { return nil }
        let description = try ProviderReader.read(node, slug: slug)
        descriptions.withLock { $0[slug] = description }
        return description
    }

    /// The providers whose files have been read so far.
    var readSlugs: [String] { descriptions.withLock { $0.keys.sorted() } }

    /// The slug of each toolkit's provider. The first time, reads the files that name any; the others are the only
    /// toolkit of themselves.
    func toolkitOwners() throws(YAMLProblems) -> [String: String] {
        if let owners = owners.withLock({ $0 }) { return owners }
        var found: [String: String] = [:]
        for slug in slugs {
            guard namesToolkits(slug) else {
                found[slug] = slug
                continue
            }
            for toolkit in try description(slug)?.toolkits ?? [] { found[toolkit.slug] = slug }
        }
        let result = found
        owners.withLock { $0 = result }
        return result
    }

    /// The file itself, for others to lay something over it.
    func node(_ slug: String) throws(YAMLProblems) -> YAMLNode? {
        guard let place = places[slug] else { return nil }
        return try Self.withFiles { (files) throws(YAMLProblems) in
            try YAMLDocument.parse(files.extracting(place), file: "Providers/\(slug).yaml")
        }
    }

    private func namesToolkits(_ slug: String) -> Bool {
        guard let place = places[slug] else { return false }
        let key = Array("\ntoolkits:".utf8)
        return Self.withFiles { files in
            let file = files.extracting(place)
            return file.indices.dropLast(min(key.count, file.count)).contains { start in
                file[start] == key[0] && key.indices.allSatisfy { file[start + $0] == key[$0] }
            }
        }
    }

    /// All files, each with a zero byte behind it.
    private static func withFiles<Result, Failure>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let files = unsafe purser_provider_files()
        return try body(unsafe UnsafeBufferPointer(start: files.bytes, count: files.length).span)
    }

    /// Where each provider's file stands, found by the zero bytes and by the first lines, which are `slug: …`.
    private static func places(in files: Span<UInt8>) -> [String: Range<Int>] {
        var places: [String: Range<Int>] = [:]
        var start = 0
        for index in files.indices where files[index] == 0 {
            if let slug = slug(of: files.extracting(start..<index)) { places[slug] = start..<index }
            start = index + 1
        }
        return places
    }

    private static func slug(of file: Span<UInt8>) -> String? {
        let end = file.indices.first { file[$0] == UInt8(ascii: "\n") } ?? file.count
        let line = String(decoding: (0..<end).map { file[$0] }, as: UTF8.self)
        return line.hasPrefix("slug: ") ? String(line.dropFirst("slug: ".count)) : nil
    }
}
