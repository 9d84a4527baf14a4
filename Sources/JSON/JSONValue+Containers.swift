extension JSONValue {
    /// The value of an object's member; nil without such a member, and for what is no object. Linear in the number of members.
    package subscript(_ key: StaticString) -> JSONValue? {
        guard storage.index.nodes[node].form == .object else { return nil }
        let value = key.withUTF8Buffer { storage.index.value(of: unsafe $0.span, in: node) }
        return value.map { JSONValue(storage, $0) }
    }

    /// The value of an object's member, by a key that is not known before.
    @_disfavoredOverload
    package subscript(_ key: String) -> JSONValue? {
        guard storage.index.nodes[node].form == .object else { return nil }
        return storage.index.value(of: key.utf8.span, in: node).map { JSONValue(storage, $0) }
    }

    /// The values of four members of an object at once, nil where there is none: one walk instead of four.
    package func values(
        of first: StaticString, _ second: StaticString, _ third: StaticString, _ fourth: StaticString
    ) -> (first: JSONValue?, second: JSONValue?, third: JSONValue?, fourth: JSONValue?) {
        guard storage.index.nodes[node].form == .object else { return (nil, nil, nil, nil) }
        let found = storage.index.values(of: [first, second, third, fourth], in: node)
        func value(_ index: Int) -> JSONValue? { found[index] == 0 ? nil : JSONValue(storage, found[index]) }
        return (value(0), value(1), value(2), value(3))
    }

    /// Whether it is an object none of whose keys is missing in `keys`.
    package func hasOnlyKeys(_ keys: [StaticString]) -> Bool {
        storage.index.nodes[node].form == .object && storage.index.hasOnly(keys, in: node)
    }

    /// Number of elements of an array or of members of an object; 0 for everything else.
    package var count: Int { storage.index.nodes[node].childCount }

    /// The elements of an array in order; none for everything else.
    package var elements: JSONElements { JSONElements(self) }

    /// The members of an object in the order of the text; none for everything else.
    package var members: JSONMembers { JSONMembers(self) }

    /// The element at `position`, found by walking to it; nil outside the array.
    package func element(at position: Int) -> JSONValue? {
        guard position >= 0, position < count else { return nil }
        return elements.dropFirst(position).first { _ in true }
    }
}

/// An array's elements.
package struct JSONElements: Sequence, IteratorProtocol, Sendable {
    private let storage: JSONStorage
    private var position: Int
    private let end: Int

    fileprivate init(_ value: JSONValue) {
        let node = value.storage.index.nodes[value.node]
        storage = value.storage
        position = value.node + 1
        end = node.form == .array ? Int(node.next) : 0
    }

    /// The next element.
    package mutating func next() -> JSONValue? {
        guard position < end else { return nil }
        defer { position = Int(storage.index.nodes[position].next) }
        return JSONValue(storage, position)
    }
}

/// An object's members.
package struct JSONMembers: Sequence, IteratorProtocol, Sendable {
    private let storage: JSONStorage
    private var position: Int
    private let end: Int

    fileprivate init(_ value: JSONValue) {
        let node = value.storage.index.nodes[value.node]
        storage = value.storage
        position = value.node + 1
        end = node.form == .object ? Int(node.next) : 0
    }

    /// The next member; the key is a value of kind string.
    package mutating func next() -> (key: JSONValue, value: JSONValue)? {
        guard position < end else { return nil }
        let value = Int(storage.index.nodes[position].next)
        defer { position = Int(storage.index.nodes[value].next) }
        return (JSONValue(storage, position), JSONValue(storage, value))
    }
}
