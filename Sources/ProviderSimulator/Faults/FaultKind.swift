package import OAuth

/// One row of the published table of faults, `FAULTS.md`: a ``Fault`` that a person can ask for by name.
///
/// All faults have one but ``Fault/held``, which only a program can release.
package struct FaultKind: Sendable {
    /// ``Fault/kind`` of its fault.
    package var name: String { fault.kind }
    /// As it is unless it is set otherwise.
    package var fault: Fault
    /// Nil if there is nothing to set.
    package var setting: Setting?
    /// What a client sees of it.
    package var seen: String
    /// What Purser makes of it, if it is a provider without rules of its own.
    package var meaning: Meaning

    /// How a fault is set, behind the colon.
    package struct Setting: Sendable {
        /// As it is to be written, such as `STATUS`.
        package var form: String
        /// Nil for what is not of that form.
        package var read: @Sendable (String) -> Fault?
    }

    /// What Purser makes of a token request that met a fault.
    package enum Meaning: Sendable, Equatable {
        /// The tokens are taken.
        case granted
        /// As a row of ``FailureTable`` has it. `maybeApplied`: Purser cannot know that the token is unspent.
        case failed(FailureClass, reason: String, maybeApplied: Bool)
    }

    init(_ fault: Fault, _ seen: String, _ meaning: Meaning, setting: Setting? = nil) {
        self.fault = fault
        self.setting = setting
        self.seen = seen
        self.meaning = meaning
    }

    /// In the order of the page.
    package static let all: [FaultKind] = unreached + connection + statuses + bodies + errors

    static var names: String { all.map(\.name).joined(separator: ", ") }
}

extension FaultKind.Meaning {
    static func transient(_ reason: String, maybeApplied: Bool = false) -> Self {
        .failed(.transient, reason: reason, maybeApplied: maybeApplied)
    }

    static func dead(_ reason: String) -> Self { .failed(.deadGrant, reason: reason, maybeApplied: false) }

    static func broken(_ reason: String) -> Self { .failed(.brokenApp, reason: reason, maybeApplied: false) }
}

extension FaultKind.Setting {
    static func number(_ form: String, _ range: ClosedRange<Int>, _ make: @escaping @Sendable (Int) -> Fault) -> Self {
        Self(form: form) { text in Int(text).flatMap { range.contains($0) ? make($0) : nil } }
    }

    static func text(_ form: String, _ make: @escaping @Sendable (String) -> Fault) -> Self {
        Self(form: form) { text in text.isEmpty ? nil : make(text) }
    }

    /// `STATUS=` and a text.
    static func status(_ form: String, _ make: @escaping @Sendable (Int, String) -> Fault) -> Self {
        Self(form: "STATUS=" + form) { text in
            let parts = text.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let status = Int(parts[0]), (200...599).contains(status) else { return nil }
            return make(status, String(parts[1]))
        }
    }

    static let retryAfter = Self(form: "seconds=N, date=SECONDS_AHEAD or text=TEXT") { text in
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return nil }
        return switch (parts[0], Int(parts[1])) {
        case ("seconds", let seconds?): .tooManyRequests(.seconds(seconds))
        case ("date", let ahead?): .tooManyRequests(.date(secondsAhead: ahead))
        case ("text", _): .tooManyRequests(.text(parts[1]))
        default: nil
        }
    }
}
