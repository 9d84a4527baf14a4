/// A terminal's line that is written over itself.
struct ProgressLine {
    private let width: Int?
    private var step = 0
    private var shownWidth = 0

    /// A line in at most `width` columns.
    init(width: Int?) { self.width = width }

    /// What writes `text` over the line before, with a mark that turns.
    mutating func next(_ text: String) -> String {
        let marks = ["|", "/", "-", "\\"]
        // The last column stays free: some terminals begin a new line there.
        let line = "\(marks[step % marks.count]) \(text)".cut(to: max((width ?? 80) - 1, 0))
        step += 1
        defer { shownWidth = line.displayWidth }
        return "\r" + line.padded(to: shownWidth)
    }

    /// What takes the line away.
    mutating func end() -> String {
        defer { shownWidth = 0 }
        return "\r" + String(repeating: " ", count: shownWidth) + "\r"
    }
}
