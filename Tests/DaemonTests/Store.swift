import Glibc
import Synchronization
import Systemd

/// A service manager that keeps descriptors, as systemd does.
final class Store: Sendable {
    private let kept = Mutex<[(name: String, descriptor: CInt)]>([])
    /// `FileDescriptorStoreMax=`
    private let limit: Int
    private let isDeaf = Mutex(false)
    private let refused = Mutex<String?>(nil)

    init(limit: Int) { self.limit = limit }

    /// Takes no message, as where its socket is gone.
    var takesNothing: Bool {
        get { isDeaf.withLock { $0 } }
        set { isDeaf.withLock { $0 = newValue } }
    }

    /// Takes no message that begins so, as where its queue is full at that moment.
    var refuses: String? {
        get { refused.withLock { $0 } }
        set { refused.withLock { $0 = newValue } }
    }

    var names: [String] { kept.withLock { $0.map(\.name) } }

    var notifier: ServiceNotifier {
        ServiceNotifier(environment: ServiceEnvironment([.notifySocket: "/run/none"])) { [self] message, descriptors in
            guard !takesNothing, refuses.map({ message.hasPrefix($0) }) != true else { return -ENOBUFS }
            let name = message.split(separator: "\n").first { $0.hasPrefix("FDNAME=") }.map { String($0.dropFirst(7)) }
            kept.withLock { kept in
                if message.hasPrefix("FDSTOREREMOVE=1") {
                    for entry in kept where entry.name == name { close(entry.descriptor) }
                    kept.removeAll { $0.name == name }
                }
                if message.hasPrefix("FDSTORE=1"), let descriptor = descriptors.first, let name,
                    // systemd closes what it has no room for, and says nothing.
                    kept.count < limit,
                    // It keeps one object once, under its first name.
                    !kept.contains(where: { Self.isSame($0.descriptor, descriptor) })
                {
                    kept.append((name, dup(descriptor)))
                }
            }
            return 1
        }
    }

    private static func isSame(_ one: CInt, _ other: CInt) -> Bool {
        var (first, second) = (stat(), stat())
        guard unsafe fstat(one, &first) == 0, unsafe fstat(other, &second) == 0 else { return false }
        return first.st_ino == second.st_ino && first.st_dev == second.st_dev
    }

    /// What the next process of the unit finds.
    func handOver() -> ListenDescriptors {
        ListenDescriptors(kept.withLock { $0.map { .init(descriptor: dup($0.descriptor), name: $0.name) } })
    }

    func add(_ descriptor: CInt, name: String) { kept.withLock { $0.append((name, dup(descriptor))) } }
}
