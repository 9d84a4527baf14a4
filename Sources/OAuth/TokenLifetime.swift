/// Reads `expires_in` and its kin.
///
/// A life of zero or less, of more than ten years (a date, or "never"), and of anything but a number or a decimal
/// string is read as absent: then the token's own claim, the catalogue or the last known lifetime decide. Fractions are
/// kept to a millisecond.
package enum TokenLifetime {
    /// Ten years of 365 days.
    package static let longest: Duration = .seconds(315_360_000)

    /// The life that `number` says, in seconds unless told otherwise.
    package static func duration(_ number: Double, inMilliseconds: Bool = false) -> Duration? {
        let milliseconds = inMilliseconds ? number : number * 1000
        guard milliseconds >= 1, milliseconds <= 315_360_000_000 else { return nil }
        return .milliseconds(Int64(milliseconds))
    }

    /// The life that a decimal number of at most 32 bytes says.
    package static func duration(_ text: String, inMilliseconds: Bool = false) -> Duration? {
        let text = text.utf8.count <= 32 ? text.trimmingBlanks() : ""
        // `Double` alone would take hexadecimal, "inf" and "nan" too.
        guard text.utf8.allSatisfy({ ASCII.isDigit($0) || ".eE+".utf8.contains($0) }), let number = Double(text) else {
            return nil
        }
        return duration(number, inMilliseconds: inMilliseconds)
    }
}
