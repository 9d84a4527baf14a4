import SecretVault
import Testing

extension SegmentPolicy {
    /// Both kinds of memory; the first falls back by itself where the kernel lacks it.
    static let bothKinds: [SegmentPolicy] = [SegmentPolicy(kind: .secretMemfd), SegmentPolicy(kind: .lockedMemfd)]

    /// Takes nothing from RLIMIT_MEMLOCK, which all tests share.
    static let unlocked = SegmentPolicy(kind: .lockedMemfd, locksMemory: false)
}

extension SegmentPolicy: CustomTestStringConvertible {
    /// Its name in a test's title.
    public var testDescription: String { "\(kind.rawValue)\(locksMemory ? "" : ", unlocked")" }
}
