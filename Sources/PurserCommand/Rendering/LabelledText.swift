/// Lines, each behind a label; the labels stand in one column.
struct LabelledText {
    private static let labelWidth = 15
    private(set) var text = ""

    /// Adds a line, or none where there is nothing to say.
    mutating func add(_ label: String, _ line: String?) {
        guard let line else { return }
        text += "\(label.padded(to: Self.labelWidth)) \(line)\n"
    }
}
