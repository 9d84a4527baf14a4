package import ConnectedAccounts

/// One instant on both clocks: lifetimes are counted by boot time, and dates are shown by the wall.
package struct Moment: Sendable, Hashable {
    package var boot: BootInstant
    package var wall: WallInstant

    package init(boot: BootInstant, wall: WallInstant) {
        self.boot = boot
        self.wall = wall
    }

    /// The instant `duration` later on both clocks; the wall goes by whole seconds.
    package func advanced(by duration: Duration) -> Moment {
        Moment(
            boot: boot.advanced(by: duration),
            wall: WallInstant(seconds: wall.seconds + duration.nanoseconds / 1_000_000_000))
    }
}
