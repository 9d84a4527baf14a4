import StrictYAML

/// Where a secret is read from. The configuration never holds one itself.
package enum SecretReference: Sendable, Hashable {
    /// A file of this name in systemd's `$CREDENTIALS_DIRECTORY`.
    case credential(String)
    /// A file that only its owner can read.
    case file(String)
}

extension SecretReference {
    /// Reads `{ credential: NAME }` or `{ file: PATH }`. Nothing of anything else is repeated: it may be the secret.
    static func read(_ node: YAMLNode, _ problems: inout YAMLProblems) -> SecretReference? {
        guard case .mapping = node.content else {
            problems.add(
                at: node,
                "a secret is not written here; put it into a file and write { file: PATH }, or { credential: NAME }")
            return nil
        }
        guard let parts = node.mapping(["credential", "file"], secretive: true, &problems) else { return nil }
        switch (parts["credential"], parts["file"]) {
        case (let name?, nil): return credential(name, &problems)
        case (nil, let path?): return file(path, &problems)
        case (nil, nil), (_?, _?):
            problems.add(at: node, "needs either credential or file")
            return nil
        }
    }

    /// systemd.exec(5): a name that could be a file's name.
    private static func credential(_ node: YAMLNode, _ problems: inout YAMLProblems) -> SecretReference? {
        guard let name = node.nonEmptyString(maximumLength: 255, &problems) else { return nil }
        let isPlain = name.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"/:".utf8.contains($0) }
        guard isPlain, name != ".", !name.contains("..") else {
            problems.add(at: node, "needs the name of a credential: printable ASCII without spaces, '/', ':' and '..'")
            return nil
        }
        return .credential(name)
    }

    private static func file(_ node: YAMLNode, _ problems: inout YAMLProblems) -> SecretReference? {
        guard let path = node.nonEmptyString(maximumLength: 4095, &problems) else { return nil }
        guard path.hasPrefix("/") else {
            problems.add(at: node, "needs an absolute path")
            return nil
        }
        return .file(path)
    }
}
