import Testing

@testable import PurserCommand

struct TextTableTests {
    private static let plain = Palette(isOn: false)

    private static func table(_ rows: [[TextTable.Cell]]) -> TextTable {
        TextTable([.init(heading: "ID", canBeCut: false), .init(heading: "NAME"), .init(heading: "NOTE")], rows)
    }

    @Test func columnsAreAsWideAsTheirWidestCellAndLinesEndWithoutSpaces() {
        let table = Self.table([["con_1", "Ada", "x"], ["c", "Grace Hopper", ""]])
        #expect(
            table.text(width: nil, palette: Self.plain) == """
                ID     NAME          NOTE
                con_1  Ada           x
                c      Grace Hopper

                """)
    }

    @Test func theWidestColumnsAreCutToFitAndWhatPeopleCopyIsNot() {
        let table = Self.table([["con_0123456789", "Grace Brewster Hopper", "short"]])
        let text = table.text(width: 34, palette: Self.plain)
        #expect(
            text == """
                ID              NAME         NOTE
                con_0123456789  Grace Brew…  short

                """)
    }

    @Test func aTerminalTooNarrowForTheTableStillGetsIt() {
        let table = Self.table([["con_0123456789", "Grace Brewster Hopper", "also quite long"]])
        let text = table.text(width: 10, palette: Self.plain)
        #expect(text.contains("con_0123456789  Grace B…  also qu…"))
    }

    @Test func columnsWithoutTextAreLeftOut() {
        let table = Self.table([["con_1", "", "x"]])
        #expect(table.text(width: nil, palette: Self.plain) == "ID     NOTE\ncon_1  x\n")
    }

    @Test func aTableWithoutRowsIsNothing() {
        #expect(Self.table([]).text(width: 80, palette: Self.plain).isEmpty)
    }

    @Test func coloursDoNotMoveColumns() {
        let table = Self.table([["con_1", .init("Ada", .good), "x"]])
        let text = table.text(width: nil, palette: Palette(isOn: true))
        #expect(text.contains("con_1  \u{1B}[32mAda\u{1B}[0m   x"))
    }

    @Test func wideCharactersTakeTwoColumns() {
        let table = Self.table([["c", "日本", "x"], ["c", "abcdef", "y"]])
        #expect(
            table.text(width: nil, palette: Self.plain) == """
                ID  NAME    NOTE
                c   日本    x
                c   abcdef  y

                """)
    }

    @Test(arguments: [
        ("line\nbreak", "line\u{FFFD}break"), ("\u{1B}[2J", "\u{FFFD}[2J"), ("\u{9B}2J", "\u{FFFD}2J"),
        ("a\u{202E}b", "a\u{FFFD}b"), ("tab\tbed", "tab\u{FFFD}bed"), ("Zoë 日本", "Zoë 日本"),
    ])
    func nothingThatSteersATerminalIsShown(_ text: String, _ expected: String) {
        #expect(text.printable == expected)
        #expect(TextTable.Cell(text).text == expected)
    }

    @Test(arguments: [
        ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("日本語", 4, "日…"), ("日本語", 5, "日本…"), ("abc", 1, "…"), ("abc", 0, ""),
        ("", 0, ""), ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
    ])
    func textIsCutToColumns(_ text: String, _ width: Int, _ expected: String) {
        #expect(text.cut(to: width) == expected)
    }
}
