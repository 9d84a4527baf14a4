/// How large one record may be.
package enum RecordLimits {
    /// Bytes of a key: its length is kept in one byte.
    package static let keyLength = 255
    /// Bytes of a payload: 256 KiB.
    package static let payloadLength = 256 << 10

    /// The bytes that a record takes in the log, its header and padding included.
    static func recordLength(key: Int, payload: Int) throws(VaultError) -> Int {
        guard key <= keyLength else { throw .keyTooLong(key) }
        guard payload <= payloadLength else { throw .payloadTooLarge(payload) }
        return RecordHeader.recordLength(key: key, payload: payload)
    }
}
