/// A JSON object. Its members keep the order in which they were put in; two objects are equal whatever that order was.
///
/// Finding a member takes time linear in their number.
public struct JSONObject: Sendable {
    private var members: [(key: String, value: JSONValue)]

    /// An object without members.
    public init() { members = [] }

    /// From members whose keys are known to be different.
    init(distinct members: [(key: String, value: JSONValue)]) { self.members = members }

    /// The value under `key`; nil where there is none. Setting nil removes the member; `.null` is a value.
    public subscript(key: String) -> JSONValue? {
        get { members.first { $0.key == key }?.value }
        set {
            let position = members.firstIndex { $0.key == key }
            switch (position, newValue) {
            case (let position?, let newValue?): members[position].value = newValue
            case (let position?, nil): members.remove(at: position)
            case (nil, let newValue?): members.append((key, newValue))
            case (nil, nil): break
            }
        }
    }
}

extension JSONObject: RandomAccessCollection {
    /// Position of the first member.
    public var startIndex: Int { 0 }

    /// Position after the last member.
    public var endIndex: Int { members.count }

    /// The member at `position`, which must exist.
    public subscript(position: Int) -> (key: String, value: JSONValue) { members[position] }
}

extension JSONObject: Hashable {
    /// Whether both have the same keys with the same values.
    public static func == (one: JSONObject, other: JSONObject) -> Bool {
        one.count == other.count && one.dictionary == other.dictionary
    }

    /// Hashes the members without their order.
    public func hash(into hasher: inout Hasher) { hasher.combine(dictionary) }

    private var dictionary: [String: JSONValue] {
        Dictionary(members.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// An object with these members; of two with one key, the later one counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init()
        for (key, value) in elements { self[key] = value }
    }
}
