import StrictYAML

/// A provider's file outside the program, as somebody has read it: `acme.yaml` describes the provider `acme`.
package struct ProviderFile: Sendable {
    /// How problems name it.
    package let path: String
    /// What stands before `.yaml` in its name.
    package let slug: String
    /// Its bytes, or why there are none, in words that say what to do.
    package let content: Result<[UInt8], Unreadable>

    /// The longest one, in bytes.
    package static let maximumLength = 64 << 10
    /// How many there may be in a directory.
    package static let maximumCount = 512

    package struct Unreadable: Error, Sendable, Equatable {
        package let reason: String

        package init(reason: String) {
            self.reason = reason
        }
    }

    package init(path: String, slug: String, content: Result<[UInt8], Unreadable>) {
        self.path = path
        self.slug = slug
        self.content = content
    }

    /// Its mapping, still to be read as a description.
    func node() throws(YAMLProblems) -> YAMLNode {
        switch content {
        case .failure(let unreadable):
            throw problem(unreadable.reason)
        case .success where !slug.isSlug:
            throw problem("a provider's file is named by its slug: lower-case letters, digits, '-' and '_', at most 64")
        case .success(let bytes) where bytes.count > Self.maximumLength:
            throw problem("longer than \(Self.maximumLength) bytes; remove what is not needed")
        case .success(let bytes):
            return try YAMLDocument.parse(bytes.span, file: path)
        }
    }

    func problem(_ message: String) -> YAMLProblems {
        var problems = YAMLProblems()
        problems.add(at: YAMLLocation(file: path, line: 1), message)
        return problems
    }
}
