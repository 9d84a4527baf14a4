internal import JSON

/// Reads the members of an object in an answer; what the contract promises and is missing is an error that names it.
struct AnswerReader {
    let value: JSON.JSONValue
    /// What is read, for the error.
    let subject: StaticString

    func text(_ key: StaticString) throws(PurserError) -> String {
        guard let text = value[key]?.string else { throw lacks(key) }
        return text
    }

    /// A string, or nil where it is null or absent.
    func optionalText(_ key: StaticString) -> String? { value[key]?.string }

    func integer(_ key: StaticString) throws(PurserError) -> Int {
        guard let integer = value[key]?.int else { throw lacks(key) }
        return integer
    }

    func timestamp(_ key: StaticString) throws(PurserError) -> Timestamp {
        guard let timestamp = optionalTimestamp(key) else { throw lacks(key) }
        return timestamp
    }

    /// A timestamp, or nil where it is null or absent.
    func optionalTimestamp(_ key: StaticString) -> Timestamp? {
        optionalText(key).flatMap(Timestamp.init(rfc3339:))
    }

    /// A secret string, or nil where it is null or absent.
    func secret(_ key: StaticString) -> Secret? {
        guard let bytes = value[key]?.secret() else { return nil }
        return Secret(bytes)
    }

    func object(_ key: StaticString, _ subject: StaticString) throws(PurserError) -> AnswerReader {
        guard let member = value[key], member.kind == .object else { throw lacks(key) }
        return AnswerReader(value: member, subject: subject)
    }

    /// The elements of an array, each read by `read`.
    /// Nil where the member is missing.
    func optionalObject<Element>(
        _ key: StaticString, of subject: StaticString, _ make: (AnswerReader) throws(PurserError) -> Element
    ) throws(PurserError) -> Element? {
        value[key] == nil ? nil : try make(object(key, subject))
    }

    func list<Element>(
        _ key: StaticString, of subject: StaticString, _ read: (AnswerReader) throws(PurserError) -> Element
    ) throws(PurserError) -> [Element] {
        guard let member = value[key], member.kind == .array else { throw lacks(key) }
        var elements: [Element] = []
        for element in member.elements { elements.append(try read(AnswerReader(value: element, subject: subject))) }
        return elements
    }

    private func lacks(_ key: StaticString) -> PurserError {
        .protocolViolation("\(subject) without '\(key)'")
    }
}
