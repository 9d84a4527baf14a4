package import SecretBytes

/// A live secret: an access token, a key, a password. It shows itself to nobody by accident: printing, interpolating,
/// dumping and reflecting it give `<redacted>`. The memory is wiped when the last copy is gone.
///
/// ```swift
/// account.credential?.accessToken?.withString { request.headers["Authorization"] = "Bearer \($0)" }
/// ```
public struct Secret: Sendable {
    /// Shared, so that copies of the value are not copies of the bytes.
    private final class Storage: Sendable {
        let bytes: SecretBytes

        init(_ bytes: consuming SecretBytes) { self.bytes = bytes }
    }

    private let storage: Storage

    /// Takes the bytes over.
    package init(_ bytes: consuming SecretBytes) { storage = Storage(bytes) }

    /// Copies bytes, UTF-8; wiping the original is its owner's affair.
    public init(copying bytes: Span<UInt8>) { self.init(SecretBytes(copying: bytes)) }

    /// Number of bytes.
    public var count: Int { storage.bytes.count }

    /// Lends the bytes, UTF-8 as the daemon sent them, for the length of `body`; they must not be kept.
    public func withBytes<Result: ~Copyable, Failure>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try storage.bytes.withBytes(body)
    }

    /// Lends the secret as a `String`, for libraries that take nothing else. A `String` cannot be wiped: keep it no
    /// longer than the request that needs it, and never log it.
    public func withString<Result: ~Copyable, Failure>(
        _ body: (String) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withBytes { (bytes) throws(Failure) -> Result in
            try body(unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) })
        }
    }
}

extension Secret: Equatable {
    /// Whether both are the same, in a time that depends on their lengths only.
    public static func == (one: Secret, other: Secret) -> Bool {
        one.storage.bytes.isEqual(to: other.storage.bytes)
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `<redacted>`
    public var description: String { "<redacted>" }

    /// `<redacted>`
    public var debugDescription: String { "<redacted>" }

    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
