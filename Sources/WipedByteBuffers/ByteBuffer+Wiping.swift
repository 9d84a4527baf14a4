package import NIOCore
package import SecretBytes

extension ByteBuffer {
    /// The secret, in storage of its own.
    package init(copying secret: borrowing SecretBytes) {
        self = ByteBufferAllocator().buffer(capacity: secret.count)
        writeSecret(secret)
    }

    /// Writes the secret at the end; there must be room for it, or the copy that makes room is not wiped.
    package mutating func writeSecret(_ secret: borrowing SecretBytes) {
        secret.withBytes { bytes in
            _ = unsafe bytes.withUnsafeBytes { unsafe self.writeBytes($0) }
        }
    }

    /// Copies the readable bytes to the end of `secret`.
    package func appendReadable(to secret: inout SecretBuffer) {
        unsafe withUnsafeReadableBytes { bytes in
            unsafe secret.append(bytes.bindMemory(to: UInt8.self).span)
        }
    }

    /// Overwrites the readable bytes where they stand, for all who share this storage.
    ///
    /// Writing through a pointer to constant bytes is deliberate: a mutating method would first copy what others share,
    /// and wipe only the copy. To be called on the event loop, when all others are done with these bytes.
    package func wipeShared() {
        unsafe withUnsafeReadableBytes { unsafe wipe(UnsafeMutableRawBufferPointer(mutating: $0)) }
    }

    /// Overwrites the bytes if no one else holds this storage; where someone does, only a copy of them is wiped.
    package mutating func wipeIfLastOwner() {
        unsafe withUnsafeMutableReadableBytes { unsafe wipe($0) }
    }
}
