internal import Glibc

/// The person who started the daemon by hand.
package enum Terminal {
    /// A line on standard output.
    package static func show(_ text: String) { put(text, on: STDOUT_FILENO) }

    /// A line on standard error.
    package static func complain(_ text: String) { put(text, on: STDERR_FILENO) }

    private static func put(_ text: String, on descriptor: CInt) {
        var line = text + "\n"
        line.withUTF8 { bytes in
            // Words to a person are no part of the daemon's work: if nobody takes them, it goes on.
            _ = unsafe write(descriptor, bytes.baseAddress, bytes.count)
        }
    }
}
