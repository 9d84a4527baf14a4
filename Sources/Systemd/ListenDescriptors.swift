internal import CSystemd
internal import Glibc

/// What systemd handed to this process: listening sockets (`purserd.socket`) and what an earlier process of the unit
/// put into the descriptor store, each under its name (sd_listen_fds_with_names(3)).
package struct ListenDescriptors: Sendable {
    /// One descriptor, owned by whoever takes it; close-on-exec.
    package struct Entry: Equatable, Sendable {
        package let descriptor: CInt
        package let name: String

        package init(descriptor: CInt, name: String) {
            self.descriptor = descriptor
            self.name = name
        }
    }

    /// All of them, in the order systemd gave them.
    package let entries: [Entry]

    package init(_ entries: [Entry]) {
        self.entries = entries
    }

    /// Reads them from the environment of the process, which stays as it is: a second call finds the same ones again.
    /// Empty if there are none, or if they are meant for another process (`LISTEN_PID`).
    package static func received() throws(ListenDescriptorsError) -> ListenDescriptors {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = unsafe sd_listen_fds_with_names(0, &names)
        guard count >= 0 else { throw .unreadable(errno: -count) }
        guard let list = unsafe names else { return ListenDescriptors([]) }
        defer { unsafe free(list) }
        var entries: [Entry] = []
        for index in 0..<Int(count) {
            guard let name = unsafe list[index] else { break }
            entries.append(unsafe Entry(descriptor: SD_LISTEN_FDS_START + CInt(index), name: String(cString: name)))
            unsafe free(name)
        }
        return ListenDescriptors(entries)
    }

    /// Those called `name`, of whatever kind.
    package func descriptors(named name: String) -> [CInt] {
        entries.filter { $0.name == name }.map(\.descriptor)
    }

    /// The socket called `name`, known to be a Unix stream socket that listens; nil if systemd passed no listening
    /// socket at all.
    ///
    /// A listening socket under another name is an error: to go on would mean to bind a second one beside it.
    package func listeningSocket(named name: String) throws(ListenDescriptorsError) -> CInt? {
        let candidates = descriptors(named: name)
        guard let descriptor = candidates.first else {
            for entry in entries where try Self.listens(entry) {
                throw .otherName(entry.name, expected: name)
            }
            return nil
        }
        guard candidates.count == 1 else { throw .several(name) }
        guard try Self.listens(Entry(descriptor: descriptor, name: name)) else { throw .notAListeningUnixSocket(name) }
        return descriptor
    }

    private static func listens(_ entry: Entry) throws(ListenDescriptorsError) -> Bool {
        let result = sd_is_socket_unix(entry.descriptor, CInt(SOCK_STREAM.rawValue), 1, nil, 0)
        guard result >= 0 else { throw .unusable(entry.name, errno: -result) }
        return result > 0
    }
}

/// Why what systemd passed cannot be used.
package enum ListenDescriptorsError: Error, Equatable, Sendable {
    /// `LISTEN_FDS` and its kin contradict each other.
    case unreadable(errno: CInt)
    /// The descriptor of this name is not open, or not to be examined.
    case unusable(String, errno: CInt)
    /// The descriptor of this name is something else.
    case notAListeningUnixSocket(String)
    /// Two sockets of this name.
    case several(String)
    /// A listening socket, but under another name.
    case otherName(String, expected: String)
}

extension ListenDescriptorsError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let code):
            "LISTEN_FDS, the sockets that systemd passed, cannot be read: \(systemMessage(code)); check the socket unit"
        case .unusable(let name, let code):
            "the descriptor \"\(name)\" from systemd cannot be used: \(systemMessage(code)); check the socket unit"
        case .notAListeningUnixSocket(let name):
            "the descriptor \"\(name)\" from systemd is no listening Unix stream socket; use one ListenStream=/PATH"
        case .several(let name):
            "systemd passed several sockets called \"\(name)\"; leave one ListenStream= in the socket unit"
        case .otherName(let name, let expected):
            "systemd passed a socket called \"\(name)\"; set FileDescriptorName=\(expected) in the socket unit"
        }
    }
}
