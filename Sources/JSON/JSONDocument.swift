/// Reads JSON texts, one at a time, into a flat index over bytes that it owns and wipes.
///
/// Strings stay bytes until somebody asks for one, so a secret in the text never becomes a `String` by itself. Both storages
/// are used again for the next text. Values of an earlier text stay valid: while somebody holds one, its text is kept (and
/// wiped with the last of them) and the next text gets new storage.
///
/// Belongs to one thread; the values may go anywhere.
package final class JSONDocument {
    private var storage = JSONStorage()

    /// A document whose ``root`` is `null`.
    package init() {}

    /// Reads `text` as one JSON value, strictly by RFC 8259, and wipes the text before it.
    ///
    /// Besides the grammar: UTF-8 must be well formed, `\u` surrogates paired, keys unique within their object. On failure
    /// the document is empty.
    package func parse(_ text: Span<UInt8>, limits: JSONLimits = .standard) throws(JSONError) {
        clear()
        try storage.read(text, limits)
    }

    /// The value of the text; `null` before the first, after a failure, and after ``clear()``.
    package var root: JSONValue { JSONValue(storage, 0) }

    /// Wipes the text and gives back storage that is larger than an idle document should keep (about 2 KiB).
    package func clear() {
        if isKnownUniquelyReferenced(&storage) {
            storage.clear()
        } else {
            storage = JSONStorage()
        }
    }
}

/// A text with its index, shared by a document and the values in it.
///
/// Sendable: only the document changes it, and only while no value refers to it.
final class JSONStorage: @unchecked Sendable {
    /// Not checked for overlapping accesses at run time, which would be a tenth of a request's cost: what rules them out is
    /// that the methods below need the only reference.
    @exclusivity(unchecked) private var unchecked = JSONIndex()

    var index: JSONIndex {
        @inline(__always) _read { yield unsafe unchecked }
    }

    fileprivate func clear() { unsafe unchecked.clear() }

    fileprivate func read(_ text: Span<UInt8>, _ limits: JSONLimits) throws(JSONError) {
        do {
            try unsafe JSONParser.parse(text, into: &unchecked, limits)
        } catch {
            clear()
            throw error
        }
    }
}
