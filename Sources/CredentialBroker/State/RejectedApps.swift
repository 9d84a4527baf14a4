internal import ConnectedAccounts
internal import OAuth

/// What the providers think of the client registrations, which connections share (R6).
extension BrokerState {
    /// The registration works, or was changed: what was said of it before is no connection's reason any more.
    mutating func forgetRejection(of registration: String) {
        guard rejectedApps.removeValue(forKey: registration) != nil else { return }
        for slot in directory.used where directory[slot]?.registration == registration {
            guard let reason = directory[slot]?.standing.lastFailure, Self.isRejection(reason) else { continue }
            standing(slot) { $0.lastFailure = nil }
        }
    }

    private static func isRejection(_ reason: StatusReason) -> Bool {
        reason == .credentialsMissing || FailureTable.failureClass(ofReason: reason.slug) == .brokenApp
    }
}
