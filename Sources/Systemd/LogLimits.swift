/// How large one log entry may be; what is beyond is cut off, marked with "…" (text) or left out (fields).
enum LogLimits {
    static let messageBytes = 8192
    static let keyBytes = 256
    static let valueBytes = 2048
    static let fields = 32
}
