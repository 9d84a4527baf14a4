/// The way to a value inside a JSON text (RFC 6901).
package struct JSONPointer: Sendable, Equatable, CustomStringConvertible {
    /// The names of members, or positions in arrays, from the outside in; none: the whole text.
    package let tokens: [String]

    /// Nil where the text is no pointer.
    package init?(_ text: String) {
        guard text.isEmpty || text.hasPrefix("/") else { return nil }
        var tokens: [String] = []
        for token in text.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard let token = Self.unescaped(token) else { return nil }
            tokens.append(token)
        }
        self.tokens = tokens
    }

    package var description: String {
        tokens.map { token in
            "/"
                + token.reduce(into: "") { text, character in
                    switch character {
                    case "~": text += "~0"
                    case "/": text += "~1"
                    default: text.append(character)
                    }
                }
        }.joined()
    }

    private static func unescaped(_ token: Substring) -> String? {
        var text = ""
        var rest = token[...]
        while let character = rest.popFirst() {
            guard character == "~" else {
                text.append(character)
                continue
            }
            switch rest.popFirst() {
            case "0": text.append("~")
            case "1": text.append("/")
            default: return nil
            }
        }
        return text
    }
}
