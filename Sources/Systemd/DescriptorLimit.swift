internal import Glibc

/// How many descriptors the process may have open (RLIMIT_NOFILE of getrlimit(2)).
package enum DescriptorLimit {
    /// Raises the soft limit, often 1024 for the sake of select(2), to the hard one.
    ///
    /// - Returns: the limit that holds from then on, which is the one before if it cannot be raised.
    package static func raise() -> Int {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        guard unsafe getrlimit(resource, &limit) == 0 else { return 0 }
        var raised = rlimit(rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max)
        let isRaised = unsafe setrlimit(resource, &raised) == 0
        return Int(clamping: isRaised ? raised.rlim_cur : limit.rlim_cur)
    }
}
