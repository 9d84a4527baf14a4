internal import ConnectedAccounts
internal import Glibc

extension Moment {
    /// This instant on the machine's clocks.
    package static func current() -> Moment {
        let boot = time(on: CLOCK_BOOTTIME)
        return Moment(
            boot: BootInstant(nanoseconds: Int64(boot.tv_sec) * 1_000_000_000 + Int64(boot.tv_nsec)),
            wall: WallInstant(seconds: Int64(time(on: CLOCK_REALTIME).tv_sec)))
    }

    private static func time(on clock: clockid_t) -> timespec {
        var time = timespec()
        // Fails only for a clock that does not exist, and Linux has had both since 2.6.39.
        let result = unsafe clock_gettime(clock, &time)
        precondition(result == 0, "clock_gettime failed for a clock that every Linux has")
        return time
    }
}
