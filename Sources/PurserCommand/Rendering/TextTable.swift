/// A table for people: headings, and rows whose cells are cut where the terminal is too narrow.
struct TextTable {
    struct Column {
        var heading: String
        /// Whether cells may be cut; what people copy may not.
        var canBeCut = true
    }

    struct Cell: ExpressibleByStringLiteral {
        var text: String
        var meaning: Palette.Meaning?

        init(_ text: String, _ meaning: Palette.Meaning? = nil) {
            self.text = text.printable
            self.meaning = meaning
        }

        init(stringLiteral text: String) { self.init(text) }
    }

    private let columns: [Column]
    private let rows: [[Cell]]

    private static let gap = 2
    /// No column is cut to less than this.
    private static let narrowest = 8

    /// A table of the columns in which some row has text. Each row has one cell for each column.
    init(_ columns: [Column], _ rows: [[Cell]]) {
        let used = columns.indices.filter { index in rows.contains { !$0[index].text.isEmpty } }
        self.columns = used.map { columns[$0] }
        self.rows = rows.map { row in used.map { row[$0] } }
    }

    func text(for output: CommandOutput) -> String {
        text(width: output.width, palette: output.palette)
    }

    /// The lines, in at most `width` columns if that is possible; nil for as wide as it takes. Nothing for no rows.
    func text(width: Int?, palette: Palette, indent: Int = 0) -> String {
        guard !rows.isEmpty else { return "" }
        let widths = fitted(to: width.map { $0 - indent })
        let headings = columns.map { Cell($0.heading, .heading) }
        return ([headings] + rows).map { row in
            String(repeating: " ", count: indent) + line(row, widths, palette) + "\n"
        }.joined()
    }

    private func line(_ row: [Cell], _ widths: [Int], _ palette: Palette) -> String {
        let cells = zip(row, widths).map { cell, width in
            let text = cell.text.cut(to: width)
            return palette.paint(text, cell.meaning) + String(repeating: " ", count: width - text.displayWidth)
        }
        let line = cells.joined(separator: String(repeating: " ", count: Self.gap))
        return String(line.reversed().drop { $0 == " " }.reversed())
    }

    /// The columns' widths: the widest that can be cut gives way first.
    private func fitted(to limit: Int?) -> [Int] {
        var widths = columns.indices.map { index in
            rows.reduce(columns[index].heading.displayWidth) { max($0, $1[index].text.displayWidth) }
        }
        guard let limit else { return widths }
        var excess = widths.reduce((columns.count - 1) * Self.gap, +) - limit
        while excess > 0 {
            let candidates = columns.indices.filter { columns[$0].canBeCut && widths[$0] > Self.narrowest }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }
}
