package import OAuth
package import SecretBytes

/// A browser that has come back.
package struct CallbackRequest: ~Copyable, Sendable {
    /// What stood after the `?`, as it came: not decoded and not checked. It holds the authorization code, so it is not
    /// copied anywhere and is wiped with this value. At most ``CallbackLimits/headBytes`` long.
    package let query: SecretBytes

    package init(query: consuming SecretBytes) {
        self.query = query
    }
}

/// What came of a callback.
package enum CallbackOutcome: Sendable, Equatable {
    /// An account is connected. With a redirect the browser goes on there, and the page is not shown.
    case connected(CallbackPage.Connection, redirect: RedirectTarget.Location? = nil)
    /// A pending link has ended without an account, or goes on without one.
    case failed(CallbackPage.Failure, redirect: RedirectTarget.Location? = nil)
    /// No link is pending with this `state`: it was used, has expired, or was never given out.
    case unknownState
}
