/// Reads a text as one YAML document of mappings, sequences and scalars, and refuses everything that has surprised
/// somebody.
///
/// Refused: a second document, directives, anchors and aliases, tags, keys that are not short plain text, a key that
/// its mapping already has, and more than ``YAMLLimits`` allow. Broken syntax, broken limits and directives end the
/// pass; the others are all found in it.
package enum YAMLDocument {
    /// - Parameters:
    ///   - text: UTF-8.
    ///   - file: How problems name the text.
    /// - Returns: The root.
    /// - Throws: All that is wrong, at most ``YAMLProblems/limit``.
    package static func parse(_ text: Span<UInt8>, file: String) throws(YAMLProblems) -> YAMLNode {
        guard text.count <= YAMLLimits.bytes else {
            throw problem(in: file, line: 1, "larger than \(YAMLLimits.bytes) bytes; remove what is not needed")
        }
        // libyaml compares each %TAG with all before it, so that a file of nothing else would take minutes.
        if let line = directiveLine(text) {
            throw problem(in: file, line: line, "directives (%) are not supported; remove it")
        }
        return try unsafe text.withUnsafeBufferPointer { (bytes) throws(YAMLProblems) in
            var composer = unsafe YAMLComposer(YAMLEventReader(bytes), file: file)
            return try composer.document()
        }
    }

    /// The same, from a string.
    package static func parse(_ text: String, file: String) throws(YAMLProblems) -> YAMLNode {
        try parse(text.utf8.span, file: file)
    }

    private static func problem(in file: String, line: Int, _ message: String) -> YAMLProblems {
        var problems = YAMLProblems()
        problems.add(at: YAMLLocation(file: file, line: line), message)
        return problems
    }

    /// The first line that begins with a per cent sign; no value that a file needs can begin a line so.
    private static func directiveLine(_ text: Span<UInt8>) -> Int? {
        var line = 1
        for index in text.indices {
            if text[index] == UInt8(ascii: "%"), beginsLine(index, text) { return line }
            if text[index] == UInt8(ascii: "\n") { line += 1 }
        }
        return nil
    }

    /// Whether a line of YAML 1.1 begins here: its breaks are LF, CR, U+0085, U+2028 and U+2029, and a byte order mark
    /// is passed over.
    private static func beginsLine(_ index: Int, _ text: Span<UInt8>) -> Bool {
        func follows(_ bytes: UInt8...) -> Bool {
            index >= bytes.count && bytes.indices.allSatisfy { text[index - bytes.count + $0] == bytes[$0] }
        }
        return index == 0 || follows(0x0A) || follows(0x0D) || follows(0xC2, 0x85) || follows(0xE2, 0x80, 0xA8)
            || follows(0xE2, 0x80, 0xA9) || follows(0xEF, 0xBB, 0xBF)
    }
}
