import Glibc

/// Why a vault cannot be made, adopted or written. Adopting changes nothing before it fails, so the memory can be set
/// aside as it is.
package enum VaultError: Error, Equatable, Sendable {
    /// The segment was never finished, or has been wiped: it holds nothing and can be let go.
    case blank
    /// The descriptor does not lead to memory made by memfd_secret(2) or memfd_create(2) whose size is fixed.
    case notVaultMemory
    /// Memory of the right sort that does not begin as a vault does.
    case notAVault
    /// A vault whose header is damaged.
    case brokenHeader
    /// Written in a format this version does not read.
    case unsupportedVersion(UInt32)
    /// A key of more than ``RecordLimits/keyLength`` bytes.
    case keyTooLong(Int)
    /// A payload of more than ``RecordLimits/payloadLength`` bytes.
    case payloadTooLarge(Int)
    /// The live records have reached the bound of ``SegmentPolicy/maximumLiveBytes``.
    case full(bound: Int)
    /// The owner of the vault did not take the larger segment; the one before it is still in use.
    case segmentRefused
    /// ``SecretVault/wipe()`` has been called.
    case wiped
    /// A system call failed, with this errno.
    case systemCall(String, errno: CInt)
}

extension VaultError: CustomStringConvertible {
    /// What went wrong and what to do next.
    package var description: String {
        switch self {
        case .blank: "the vault segment is blank: it was never finished or has been wiped; let it go"
        case .notVaultMemory:
            "the descriptor is no vault memory (a memfd of fixed size); remove it from the descriptor store"
        case .notAVault: "the memory does not hold a vault; remove it from the descriptor store"
        case .brokenHeader: "the vault's header is damaged; set the segment aside and connect the accounts again"
        case .unsupportedVersion(let version):
            "the vault is in format \(version), this purserd reads \(SegmentHeader.version): run the one that wrote it"
        case .keyTooLong(let count): "a record's key has \(count) bytes; at most \(RecordLimits.keyLength) are allowed"
        case .payloadTooLarge(let count):
            "a record's payload has \(count) bytes; at most \(RecordLimits.payloadLength) are allowed"
        case .full(let bound): "the vault is full: its live records may take \(bound) bytes; delete connections"
        case .segmentRefused: "the larger vault segment could not be handed over for safekeeping; nothing was written"
        case .wiped: "the vault has been wiped; restart purserd"
        case .systemCall(let call, let code): "\(call): \(systemMessage(code))"
        }
    }
}

/// The system's words for an errno (strerror(3)).
func systemMessage(_ code: CInt) -> String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
        guard let text = buffer.baseAddress, unsafe strerror_r(code, text, buffer.count) == 0 else {
            return "error \(code)"
        }
        return unsafe String(cString: text)
    }
}
