/// Builds the tree of one document from its events.
struct YAMLComposer: ~Copyable {
    private var reader: YAMLEventReader
    private let file: String
    private var problems = YAMLProblems()
    private var nodeCount = 0

    init(_ reader: consuming YAMLEventReader, file: String) {
        self.reader = reader
        self.file = file
    }

    /// The root of the only document; an empty text is an empty scalar.
    mutating func document() throws(YAMLProblems) -> YAMLNode {
        var root: YAMLNode
        do throws(YAMLStop) {
            root = try onlyRoot()
        } catch {
            problems.add(at: YAMLLocation(file: file, line: error.line), error.message)
            throw problems
        }
        try problems.check()
        return root
    }

    private mutating func onlyRoot() throws(YAMLStop) -> YAMLNode {
        let start = YAMLLocation(file: file, line: 1)
        guard case .documentStart = try reader.next().kind else {
            return YAMLNode(location: start, content: .scalar("", isPlain: true))
        }
        let event = try reader.next()
        let root = try value(event, at: YAMLLocation(file: file, line: event.line), depth: 0)
        _ = try reader.next()
        let end = try reader.next()
        guard case .streamEnd = end.kind else {
            throw YAMLStop(line: end.line, message: "a second document begins here; a file holds one")
        }
        return root
    }

    private mutating func value(
        _ event: YAMLEvent, at location: YAMLLocation, depth: Int
    ) throws(YAMLStop) -> YAMLNode {
        try count(event)
        refuseDecorations(of: event, at: location)
        switch event.kind {
        case .scalar(let text, let isPlain):
            return YAMLNode(location: location, content: .scalar(text, isPlain: isPlain))
        case .sequenceStart:
            return YAMLNode(location: location, content: .sequence(try elements(at: location, depth: depth + 1)))
        case .mappingStart:
            return YAMLNode(location: location, content: .mapping(try members(at: location, depth: depth + 1)))
        case .alias:
            problems.add(at: location, "aliases (*name) are not supported; write the value out")
            return YAMLNode(location: location, content: .scalar("", isPlain: true))
        case .documentStart, .documentEnd, .streamEnd, .sequenceEnd, .mappingEnd:
            throw YAMLStop(line: event.line, message: "not YAML: a value is missing")
        }
    }

    private mutating func elements(at location: YAMLLocation, depth: Int) throws(YAMLStop) -> [YAMLNode] {
        try checkDepth(depth, at: location)
        var elements: [YAMLNode] = []
        while true {
            let event = try reader.next()
            if case .sequenceEnd = event.kind { return elements }
            let path = location.path.index(elements.count)
            elements.append(try value(event, at: YAMLLocation(file: file, line: event.line, path: path), depth: depth))
        }
    }

    private mutating func members(at location: YAMLLocation, depth: Int) throws(YAMLStop) -> [YAMLMember] {
        try checkDepth(depth, at: location)
        var members: [YAMLMember] = []
        var lines: [String: Int] = [:]
        while true {
            let event = try reader.next()
            if case .mappingEnd = event.kind { return members }
            guard let key = try key(event, in: location, depth: depth) else { continue }
            let place = YAMLLocation(file: file, line: event.line, path: location.path.key(key))
            let value = try value(reader.next(), at: place, depth: depth)
            if let first = lines.updateValue(event.line, forKey: key) {
                problems.add(at: place, "duplicate key; it is already on line \(first)")
            } else {
                members.append(YAMLMember(key: key, value: value))
            }
        }
    }

    /// The key that `event` is or begins; nil, with the value skipped, where it is none that a file may have.
    private mutating func key(
        _ event: YAMLEvent, in parent: YAMLLocation, depth: Int
    ) throws(YAMLStop) -> String? {
        let location = YAMLLocation(file: file, line: event.line, path: parent.path)
        guard case .scalar(let text, _) = event.kind, text.isAcceptableKey else {
            problems.add(at: location, "a key must be a short text of printable characters")
            _ = try value(event, at: location, depth: depth)
            _ = try value(reader.next(), at: location, depth: depth)
            return nil
        }
        refuseDecorations(of: event, at: location)
        return text
    }

    private mutating func count(_ event: YAMLEvent) throws(YAMLStop) {
        nodeCount += 1
        guard nodeCount <= YAMLLimits.nodes else {
            throw YAMLStop(line: event.line, message: "more than \(YAMLLimits.nodes) values; remove what is not needed")
        }
    }

    private func checkDepth(_ depth: Int, at location: YAMLLocation) throws(YAMLStop) {
        guard depth <= YAMLLimits.depth else {
            throw YAMLStop(line: location.line, message: "nested more than \(YAMLLimits.depth) deep")
        }
    }

    private mutating func refuseDecorations(of event: YAMLEvent, at location: YAMLLocation) {
        if event.isAnchored {
            problems.add(at: location, "anchors (&name) are not supported; write the value out where it is needed")
        }
        if event.isTagged {
            problems.add(at: location, "tags (!name) are not supported; remove it")
        }
    }
}

extension String {
    fileprivate var isAcceptableKey: Bool {
        (1...YAMLLimits.keyLength).contains(utf8.count) && unicodeScalars.allSatisfy(\.isPrintable)
    }
}

extension Unicode.Scalar {
    /// Neither a control character nor one that changes how its neighbours are shown.
    var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
        default: true
        }
    }
}
