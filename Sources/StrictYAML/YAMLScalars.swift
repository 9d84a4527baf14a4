// Plain scalars are read by the core schema of YAML 1.2 (section 10.3.2): `yes`, `on` and `0660` are not what YAML 1.1
// took them for.
extension YAMLNode {
    /// What stands here, in words, without the value.
    var kind: String {
        switch content {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .scalar(_, isPlain: false): "a text"
        case .scalar(let text, isPlain: true):
            switch CoreScalar(text) {
            case .null: "nothing"
            case .bool: "a boolean"
            case .int, .float: "a number"
            case .text: "a text"
            }
        }
    }

    /// A text on one line. A number, a boolean or nothing is a problem: quotes say that a text is meant.
    package func string(maximumLength: Int = 4096, _ problems: inout YAMLProblems) -> String? {
        guard case .scalar(let text, let isPlain) = content, !isPlain || CoreScalar(text) == .text else {
            problems.add(at: self, "needs a text, not \(kind)\(hintForQuotes)")
            return nil
        }
        guard text.utf8.count <= maximumLength else {
            problems.add(at: self, "longer than \(maximumLength) bytes")
            return nil
        }
        guard text.unicodeScalars.allSatisfy(\.isPrintable) else {
            problems.add(at: self, "has a line break or another character that cannot be shown")
            return nil
        }
        return text
    }

    /// A text that is not empty.
    package func nonEmptyString(maximumLength: Int = 4096, _ problems: inout YAMLProblems) -> String? {
        guard let text = string(maximumLength: maximumLength, &problems) else { return nil }
        guard !text.isEmpty else {
            problems.add(at: self, "is empty")
            return nil
        }
        return text
    }

    /// A list of texts that are not empty.
    package func strings(maximumLength: Int = 4096, _ problems: inout YAMLProblems) -> [String]? {
        elements(&problems)?.compactMap { $0.nonEmptyString(maximumLength: maximumLength, &problems) }
    }

    /// `true` or `false`.
    package func bool(_ problems: inout YAMLProblems) -> Bool? {
        guard case .scalar(let text, isPlain: true) = content, case .bool(let value) = CoreScalar(text) else {
            problems.add(at: self, "needs true or false, not \(kind)")
            return nil
        }
        return value
    }

    /// A whole number.
    package func int(in range: ClosedRange<Int>, _ problems: inout YAMLProblems) -> Int? {
        guard case .scalar(let text, isPlain: true) = content, case .int(let value) = CoreScalar(text) else {
            problems.add(at: self, "needs a whole number, not \(kind)")
            return nil
        }
        guard let value, range.contains(value) else {
            problems.add(at: self, "needs a number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return value
    }

    /// One of a list of words.
    package func choice<Choice: RawRepresentable & CaseIterable>(
        of _: Choice.Type, _ problems: inout YAMLProblems
    ) -> Choice? where Choice.RawValue == String {
        choice(among: Choice.allCases.map { ($0.rawValue, $0) }, &problems)
    }

    /// One of a list of words, each standing for a value.
    package func choice<Choice>(among choices: [(word: String, value: Choice)], _ problems: inout YAMLProblems)
        -> Choice?
    {
        let words = choices.map(\.word)
        guard case .scalar(let text, _) = content, let index = words.firstIndex(of: text) else {
            problems.add(at: self, "needs one of \(words.joined(separator: ", "))")
            return nil
        }
        return choices[index].value
    }

    private var hintForQuotes: String {
        guard case .scalar(let text, isPlain: true) = content, CoreScalar(text) != .null else { return "" }
        return "; write it in quotes"
    }
}

/// What a plain scalar is by the core schema.
private enum CoreScalar: Equatable {
    case null
    case bool(Bool)
    /// Nil where it does not fit.
    case int(Int?)
    case float
    case text

    init(_ text: String) {
        switch text {
        case "", "~", "null", "Null", "NULL": self = .null
        case "true", "True", "TRUE": self = .bool(true)
        case "false", "False", "FALSE": self = .bool(false)
        default: self = Self.number(text) ?? .text
        }
    }

    private static func number(_ text: String) -> CoreScalar? {
        for (prefix, radix) in [("0o", 8), ("0x", 16)] where text.hasPrefix(prefix) {
            let digits = text.dropFirst(prefix.count)
            guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.hexDigitValue ?? 16 < radix }) else {
                return nil
            }
            return .int(Int(digits, radix: radix))
        }
        let unsigned = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        if !unsigned.isEmpty, unsigned.utf8.allSatisfy(isDigit) { return .int(Int(text)) }
        if [".inf", ".Inf", ".INF"].contains(unsigned) || [".nan", ".NaN", ".NAN"].contains(text) { return .float }
        return isFloat(unsigned) ? .float : nil
    }

    /// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
    private static func isFloat(_ text: Substring) -> Bool {
        var rest = text.utf8[...]
        func digits() -> Int {
            let count = rest.prefix(while: isDigit).count
            rest = rest.dropFirst(count)
            return count
        }
        let whole = digits()
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 || whole > 0 else { return false }
        } else if whole == 0 {
            return false
        }
        guard let exponent = rest.first else { return true }
        guard exponent | 0x20 == UInt8(ascii: "e") else { return false }
        rest = rest.dropFirst()
        if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest = rest.dropFirst() }
        return digits() > 0 && rest.isEmpty
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }
}
