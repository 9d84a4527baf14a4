import CYaml

/// What libyaml found in the text, one step at a time (yaml.h, `yaml_event_t`).
struct YAMLEvent {
    enum Kind {
        case documentStart
        case documentEnd
        case streamEnd
        case alias
        case scalar(String, isPlain: Bool)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
    }

    var kind: Kind
    /// Counted from 1.
    var line: Int
    /// Whether the value has an anchor (`&name`).
    var isAnchored = false
    /// Whether the value has an explicit tag (`!name`).
    var isTagged = false
}

/// Why a text cannot be read any further. The message repeats nothing of the text.
struct YAMLStop: Error {
    var line: Int
    var message: String
}

/// Reads a text's events with the parser inside Yams.
///
/// Its events are used rather than Yams's `Node`, because that is composed before anybody can look at it: aliases are
/// followed, nesting recurses, and the first duplicate key ends it. Here all of these are met one at a time.
@safe
struct YAMLEventReader: ~Copyable {
    // On the heap, because the parser keeps a pointer to itself.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let text: UnsafeBufferPointer<UInt8>
    private let isReady: Bool

    /// `text` must stay where it is for as long as the reader lives.
    @unsafe
    init(_ text: UnsafeBufferPointer<UInt8>) {
        unsafe self.text = text
        unsafe parser = .allocate(capacity: 1)
        unsafe parser.initialize(to: yaml_parser_t())
        isReady = unsafe yaml_parser_initialize(parser) == 1
        guard isReady else { return }
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, text.baseAddress, text.count)
    }

    deinit {
        if isReady { unsafe yaml_parser_delete(parser) }
        unsafe parser.deallocate()
    }

    /// The next event; the start of the stream is passed over.
    mutating func next() throws(YAMLStop) -> YAMLEvent {
        guard isReady else { throw YAMLStop(line: 1, message: "there is not enough memory to read it") }
        while true {
            var event = unsafe yaml_event_t()
            guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure }
            defer { unsafe yaml_event_delete(&event) }
            if let event = unsafe YAMLEvent(event) { return event }
        }
    }

    private var failure: YAMLStop {
        // One of libyaml's constants.
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "it cannot be read"
        let message = "not YAML: \(problem)"
        guard unsafe parser.pointee.error == YAML_READER_ERROR else {
            return YAMLStop(line: unsafe Int(parser.pointee.problem_mark.line) + 1, message: message)
        }
        // The part that decodes characters reads ahead and knows only the offset.
        let offset = unsafe min(Int(parser.pointee.problem_offset), text.count)
        let line = unsafe text[..<offset].reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        return YAMLStop(line: line, message: message)
    }
}

extension YAMLEvent {
    /// Nil for the start of the stream, which says nothing.
    fileprivate init?(_ event: yaml_event_t) {
        line = unsafe Int(event.start_mark.line) + 1
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT: return nil
        case YAML_DOCUMENT_START_EVENT: kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
        case YAML_ALIAS_EVENT: kind = .alias
        case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
        case YAML_MAPPING_END_EVENT: kind = .mappingEnd
        case YAML_SEQUENCE_START_EVENT:
            kind = .sequenceStart
            isAnchored = unsafe event.data.sequence_start.anchor != nil
            isTagged = unsafe event.data.sequence_start.tag != nil
        case YAML_MAPPING_START_EVENT:
            kind = .mappingStart
            isAnchored = unsafe event.data.mapping_start.anchor != nil
            isTagged = unsafe event.data.mapping_start.tag != nil
        case YAML_SCALAR_EVENT:
            kind = unsafe Self.scalar(event)
            isAnchored = unsafe event.data.scalar.anchor != nil
            isTagged = unsafe event.data.scalar.tag != nil
        default: kind = .streamEnd
        }
    }

    private static func scalar(_ event: yaml_event_t) -> Kind {
        let scalar = unsafe event.data.scalar
        let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        let isPlain = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE
        return .scalar(unsafe String(decoding: bytes, as: UTF8.self), isPlain: isPlain)
    }
}
