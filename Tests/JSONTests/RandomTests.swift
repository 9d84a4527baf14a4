import JSON
import Testing

@Suite("Random texts, the same on every run")
struct RandomTests {
    @Test("A random tree comes back from its text")
    func roundTrip() throws {
        var random = SeededGenerator(state: 1)
        let document = JSONDocument()
        for _ in 0..<2000 {
            let tree = randomTree(depth: 5, &random)
            let text = spaced(writtenBytes { $0.tree(tree) }, &random)
            try document.parse(text.span)
            let value = document.root
            #expect(JSONTree(value) == tree)
            let compact = writtenBytes { $0.value(value) }
            #expect(compact == writtenBytes { $0.tree(tree) })
        }
    }

    @Test("A damaged text is refused, or means the same after writing it again; nothing traps")
    func damaged() {
        var random = SeededGenerator(state: 2)
        let document = JSONDocument()
        var accepted = 0
        for _ in 0..<4000 {
            var text = writtenBytes { $0.tree(randomTree(depth: 4, &random)) }
            for _ in 0..<Int.random(in: 1...3, using: &random) { damage(&text, &random) }
            guard (try? document.parse(text.span)) != nil else { continue }
            accepted += 1
            let tree = JSONTree(document.root)
            let again = try? parse(writtenBytes { $0.tree(tree) })
            #expect(again.map(JSONTree.init) == tree)
        }
        #expect(accepted > 100)
    }

    @Test("Random bytes never trap")
    func garbage() {
        var random = SeededGenerator(state: 3)
        let alphabet = Array(#"{}[]",:\u0eE+-.truefalsn 12"#.utf8) + [0xC3, 0xA9, 0xED, 0xFF, 0x00]
        for _ in 0..<4000 {
            let bytes = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? 0
            }
            guard let value = try? parse(bytes) else { continue }
            #expect(value.withRawJSON { $0.count } <= bytes.count)
        }
    }

    private func randomTree(depth: Int, _ random: inout SeededGenerator) -> JSONTree {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .int(Int.random(in: .min ... .max, using: &random) >> Int.random(in: 0..<63, using: &random))
        case 3: return .double(Double.random(in: -1e9...1e9, using: &random) + 0.5)
        case 4, 5: return .string(string(&random))
        case 6:
            return .array(
                (0..<Int.random(in: 0..<5, using: &random)).map { _ in randomTree(depth: depth - 1, &random) })
        default:
            let count = Int.random(in: 0..<20, using: &random)
            return .object(
                (0..<count).map { JSONTree.Member("\($0):\(string(&random))", randomTree(depth: depth - 2, &random)) })
        }
    }

    private func string(_ random: inout SeededGenerator) -> String {
        let scalars: [ClosedRange<UInt32>] = [
            0x20...0x7E, 0...0x1F, 0x22...0x22, 0x5C...0x5C, 0x80...0xD7FF, 0x10000...0x10FFFF,
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0..<30, using: &random) {
            let isUsual = Int.random(in: 0..<4, using: &random) > 0
            let range = isUsual ? scalars[0] : scalars.randomElement(using: &random) ?? scalars[0]
            if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random)) { text.append(scalar) }
        }
        return String(text)
    }

    /// Puts space around brackets, commas and colons, but for those in strings.
    private func spaced(_ text: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var spaced: [UInt8] = []
        var isInString = false
        var isEscaped = false
        for byte in text {
            let isToken = !isInString && [0x5B, 0x5D, 0x7B, 0x7D, 0x2C, 0x3A].contains(byte)
            if isToken { spaced += [0x20, 0x09, 0x0A, 0x0D].prefix(Int.random(in: 0..<5, using: &random)) }
            spaced.append(byte)
            if isToken { spaced += [0x0D, 0x20].prefix(Int.random(in: 0..<3, using: &random)) }
            if byte == 0x22 && !isEscaped { isInString.toggle() }
            isEscaped = byte == 0x5C && !isEscaped
        }
        return spaced
    }

    private func damage(_ text: inout [UInt8], _ random: inout SeededGenerator) {
        let place = Int.random(in: 0..<text.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: text.remove(at: place)
        case 1: text[place] = UInt8.random(in: .min ... .max, using: &random)
        case 2: text.insert(text.randomElement(using: &random) ?? 0, at: place)
        default: text.swapAt(place, Int.random(in: 0..<text.count, using: &random))
        }
        if text.isEmpty { text = [0x30] }
    }
}
