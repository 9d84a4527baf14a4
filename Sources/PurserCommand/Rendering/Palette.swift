/// Colours for a terminal, or none.
struct Palette {
    let isOn: Bool

    /// What a colour means.
    enum Meaning {
        case good, attention, bad, heading
    }

    /// The text in the colour of its meaning (ECMA-48 SGR).
    func paint(_ text: String, _ meaning: Meaning?) -> String {
        guard isOn, !text.isEmpty, let meaning else { return text }
        let code =
            switch meaning {
            case .good: 32
            case .attention: 33
            case .bad: 31
            case .heading: 1
            }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}
