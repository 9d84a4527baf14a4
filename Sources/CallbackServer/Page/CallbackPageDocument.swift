/// The markup around what a page says.
struct CallbackPageDocument {
    private let words: CallbackPageWords

    init(_ words: CallbackPageWords) {
        self.words = words
    }

    var html: [UInt8] {
        var writer = HTMLWriter()
        writer.markup(
            """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="robots" content="noindex">
            <title>
            """)
        plain(words.heading, &writer)
        writer.markup("</title>\n<style>")
        writer.markup(PageStyle.text)
        writer.markup("</style>\n</head>\n<body>\n<main class=\"")
        writer.markup(moodClass)
        writer.markup("\">\n")
        writer.markup(icon)
        writer.markup("\n<div role=\"status\">\n<h1>")
        rich(words.heading, &writer)
        writer.markup("</h1>\n<p>")
        rich(words.message, &writer)
        writer.markup("</p>\n")
        rows(&writer)
        nextStep(&writer)
        writer.markup(
            "</div>\n</main>\n<footer>Purser · No secret is on this page or in its address.</footer>\n</body>\n</html>\n"
        )
        return writer.bytes
    }

    private func rows(_ writer: inout HTMLWriter) {
        guard !words.rows.isEmpty else { return }
        writer.markup("<dl>\n")
        for row in words.rows {
            writer.markup("<div><dt>")
            writer.text(row.name)
            writer.markup("</dt><dd><bdi>")
            writer.text(row.value)
            writer.markup("</bdi></dd></div>\n")
        }
        writer.markup("</dl>\n")
    }

    private func nextStep(_ writer: inout HTMLWriter) {
        writer.markup("<section>\n")
        if words.mood != .connected { writer.markup("<h2>What to do next</h2>\n") }
        writer.markup("<p>")
        rich(words.nextStep, &writer)
        writer.markup("</p>\n</section>\n")
    }

    private func plain(_ pieces: [CallbackPageWords.Piece], _ writer: inout HTMLWriter) {
        for piece in pieces {
            switch piece {
            case .text(let text): writer.text(text, maximumLength: Self.sentenceLength)
            case .name(let name), .key(let name): writer.text(name)
            }
        }
    }

    private func rich(_ pieces: [CallbackPageWords.Piece], _ writer: inout HTMLWriter) {
        for piece in pieces {
            switch piece {
            case .text(let text):
                writer.text(text, maximumLength: Self.sentenceLength)
            case .name(let name):
                writer.markup("<bdi>")
                writer.text(name)
                writer.markup("</bdi>")
            case .key(let name):
                writer.markup("<strong><bdi>")
                writer.text(name)
                writer.markup("</bdi></strong>")
            }
        }
    }

    /// The most Unicode scalars of a sentence in the owner's words.
    private static let sentenceLength = 600

    private var moodClass: StaticString {
        switch words.mood {
        case .connected: "connected"
        case .failed: "failed"
        case .neutral: "neutral"
        }
    }

    /// Drawn with presentation attributes alone: the policy allows no style but that of the page.
    private var icon: StaticString {
        switch words.mood {
        case .connected:
            """
            <svg viewBox="0 0 48 48" width="48" height="48" aria-hidden="true" focusable="false">\
            <circle cx="24" cy="24" r="24"/><path d="M14.5 24.8l6.6 6.6 12.6-13.6"/></svg>
            """
        case .failed:
            """
            <svg viewBox="0 0 48 48" width="48" height="48" aria-hidden="true" focusable="false">\
            <circle cx="24" cy="24" r="24"/><path d="M24 13.5v13M24 34v.2"/></svg>
            """
        case .neutral:
            """
            <svg viewBox="0 0 48 48" width="48" height="48" aria-hidden="true" focusable="false">\
            <circle cx="24" cy="24" r="24"/><path d="M24 21.5v13M24 14v.2"/></svg>
            """
        }
    }
}
