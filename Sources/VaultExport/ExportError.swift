/// Why there is no export, or why one cannot be read. Nothing was changed then, and the file is as good as before.
package enum ExportError: Error, Equatable, Sendable {
    /// The key has this many bytes, fewer than ``ExportKey/minimumBytes``.
    case keyTooShort(Int)
    /// The text does not begin as an export does.
    case notAnExport
    /// Written in a format that this version does not read.
    case unsupportedVersion(String)
    /// The key is another one, or the text was changed or cut short. Lines count from 1.
    case cannotBeOpened(line: Int)
    /// Sealed with the right key by something that is not Purser.
    case malformed
}

extension ExportError: CustomStringConvertible {
    /// What is wrong and what to do next.
    package var description: String {
        switch self {
        case .keyTooShort(let count):
            "the key has \(count) bytes; at least \(ExportKey.minimumBytes) are needed: openssl rand -base64 32"
        case .notAnExport: "this is no export of Purser"
        case .unsupportedVersion(let version):
            "the export is of format \(version), this version reads \(ExportFormat.version): use the one that wrote it"
        case .cannotBeOpened(let line):
            "line \(line) cannot be opened: the key is not the one it was sealed with, or the file was changed or cut short"
        case .malformed: "the export opens, and does not hold records as Purser writes them"
        }
    }
}
