internal import Glibc
internal import SecretBytes

/// Where text goes, and what can be shown there.
package struct CommandOutput: Sendable {
    /// Whether people look at it.
    package var isTerminal: Bool

    /// Columns of the terminal; nil for what is none.
    package var width: Int?

    /// Whether colours are welcome.
    package var hasColours: Bool

    private let writeBytes: @Sendable (Span<UInt8>) throws -> Void

    /// An output from its parts.
    package init(
        isTerminal: Bool, width: Int?, hasColours: Bool, writeBytes: @escaping @Sendable (Span<UInt8>) throws -> Void
    ) {
        self.isTerminal = isTerminal
        self.width = width
        self.hasColours = hasColours
        self.writeBytes = writeBytes
    }

    func write(_ bytes: Span<UInt8>) throws { try writeBytes(bytes) }

    func write(_ text: String) throws { try write(text.utf8.span) }

    var palette: Palette { Palette(isOn: hasColours) }

    /// Standard output or standard error.
    static func descriptor(_ descriptor: CInt) -> CommandOutput {
        let isTerminal = isatty(descriptor) == 1
        return CommandOutput(
            isTerminal: isTerminal, width: isTerminal ? terminalWidth(descriptor) : nil,
            hasColours: isTerminal && wantsColours(variable: environmentVariable)
        ) { try writeAll($0, to: descriptor) }
    }

    /// Whether the user wants colours on a terminal (no-color.org), and the terminal can show them.
    static func wantsColours(variable: (String) -> String?) -> Bool {
        variable("NO_COLOR")?.isEmpty != false && variable("TERM") != "dumb"
    }

    /// The terminal's columns (ioctl_tty(2)).
    private static func terminalWidth(_ descriptor: CInt) -> Int? {
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    private static func writeAll(_ bytes: Span<UInt8>, to descriptor: CInt) throws {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.extracting(written...).withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CommandFailure(.answeredWithError, "the result cannot be written") }
            written += count
        }
    }
}
