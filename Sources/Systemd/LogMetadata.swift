internal import Logging

/// Puts together what a log entry carries besides its message.
enum LogMetadata {
    /// Keys and values in the order of the keys, at most ``LogLimits/fields``. What is said with the entry goes
    /// before what the provider says, and that before what the logger carries; an attached error appears under
    /// `error`.
    static func fields(
        of event: LogEvent, logger: Logger.Metadata, provider: Logger.MetadataProvider?
    ) -> [(key: String, value: String)] {
        var metadata = logger
        metadata.merge(provider?.get() ?? [:]) { _, provided in provided }
        metadata.merge(event.metadata ?? [:]) { _, said in said }
        if let error = event.error, metadata["error"] == nil { metadata["error"] = "\(error)" }
        return metadata.sorted { $0.key < $1.key }.prefix(LogLimits.fields).map { (key: $0.key, value: "\($0.value)") }
    }
}
