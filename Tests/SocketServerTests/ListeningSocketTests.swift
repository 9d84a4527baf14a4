import Glibc
import Testing

@testable import SocketServer

@Suite("Listening sockets", .serialized)
struct ListeningSocketTests {
    @Test("The file has exactly the mode that was asked for under any umask, and the umask is as before")
    func mode() async {
        // A process of its own, for the umask belongs to the whole of it.
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            for mask in [0, 0o022, 0o077, 0o777] as [mode_t] {
                for mode in [0o600, 0o660, 0o666] as [UInt32] {
                    umask(mask)
                    let socket = try ListeningSocket(path: "\(directory.path)/s", mode: mode, groupID: nil)
                    let found = try status("\(directory.path)/s").st_mode & 0o7777
                    guard found == mode, umask(0) == mask else { throw Failure("mode", CInt(mode)) }
                    close(socket.descriptor)
                }
            }
        }
    }

    @Test("The file belongs to the group that was asked for")
    func group() throws {
        let directory = try TemporaryDirectory()
        // A user may give files to the own groups only; root to any.
        let group: gid_t = geteuid() == 0 ? 54_321 : getegid()
        let socket = try ListeningSocket(path: "\(directory.path)/s", mode: 0o660, groupID: group)
        defer { close(socket.descriptor) }
        #expect(try status("\(directory.path)/s").st_gid == group)
    }

    @Test("A group that cannot be given leaves no file behind", .enabled(if: geteuid() != 0))
    func foreignGroup() throws {
        let directory = try TemporaryDirectory()
        #expect(throws: SocketError.self) {
            try ListeningSocket(path: "\(directory.path)/s", mode: 0o660, groupID: 54_321)
        }
        #expect(directory.names.isEmpty)
    }

    @Test("A socket that nobody serves any more is replaced")
    func staleSocket() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/s"
        close(try ListeningSocket(path: path, mode: 0o600, groupID: nil).descriptor)
        let socket = try ListeningSocket(path: path, mode: 0o600, groupID: nil)
        defer { close(socket.descriptor) }
        _ = try Client(path)
    }

    @Test("A socket that is served is left alone")
    func liveSocket() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/s"
        let socket = try ListeningSocket(path: path, mode: 0o600, groupID: nil)
        defer { close(socket.descriptor) }
        let error = #expect(throws: SocketError.self) { try ListeningSocket(path: path, mode: 0o600, groupID: nil) }
        #expect(error?.description.contains("served by another daemon") == true)
        _ = try Client(path)
    }

    enum Obstacle: String, CaseIterable, CustomTestStringConvertible {
        case file, directory, fifo, symlinkToStaleSocket, symlinkToNothing
        var testDescription: String { rawValue }
    }

    @Test("Anything else in its place is left alone, and a symbolic link is not followed", arguments: Obstacle.allCases)
    func obstacle(_ obstacle: Obstacle) throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/s"
        switch obstacle {
        case .file: close(unsafe open(path, O_CREAT | O_WRONLY, 0o600))
        case .directory: unsafe mkdir(path, 0o700)
        case .fifo: unsafe mkfifo(path, 0o600)
        case .symlinkToStaleSocket:
            close(try ListeningSocket(path: "\(directory.path)/t", mode: 0o600, groupID: nil).descriptor)
            unsafe symlink("t", path)
        case .symlinkToNothing: unsafe symlink("t", path)
        }
        let before = (directory.names.sorted(), try status(path).st_ino)
        let error = #expect(throws: SocketError.self) { try ListeningSocket(path: path, mode: 0o600, groupID: nil) }
        #expect(error?.description.contains("is no socket") == true)
        #expect(directory.names.sorted() == before.0)
        #expect(try status(path).st_ino == before.1)
    }

    struct Directory: CustomTestStringConvertible {
        var testDescription: String
        /// Modes of the directory above the socket's, and of the socket's own.
        var modes: (mode_t, mode_t)
        var problem: String?
    }

    @Test(
        "A directory that others can change, at any level, is refused",
        arguments: [
            Directory(testDescription: "private", modes: (0o700, 0o700), problem: nil),
            Directory(testDescription: "readable", modes: (0o755, 0o755), problem: nil),
            Directory(testDescription: "for its group", modes: (0o755, 0o775), problem: "can be changed by others"),
            Directory(testDescription: "for everybody", modes: (0o755, 0o757), problem: "can be changed by others"),
            Directory(testDescription: "sticky", modes: (0o755, 0o1777), problem: nil),
            Directory(
                testDescription: "below one for everybody", modes: (0o777, 0o700), problem: "can be changed by others"),
            Directory(testDescription: "below a sticky one", modes: (0o1777, 0o700), problem: nil),
        ])
    func directory(_ row: Directory) throws {
        let above = try TemporaryDirectory()
        let own = "\(above.path)/d"
        unsafe mkdir(own, 0o700)
        defer {
            unsafe unlink("\(own)/s")
            unsafe rmdir(own)
        }
        unsafe chmod(above.path, row.modes.0)
        unsafe chmod(own, row.modes.1)
        if let problem = row.problem {
            let error = #expect(throws: SocketError.self) {
                try ListeningSocket(path: "\(own)/s", mode: 0o600, groupID: nil)
            }
            #expect(error?.description.contains(problem) == true)
        } else {
            close(try ListeningSocket(path: "\(own)/s", mode: 0o600, groupID: nil).descriptor)
        }
    }

    @Test("A directory of another user is refused", .enabled(if: geteuid() == 0))
    func foreignDirectory() throws {
        let directory = try TemporaryDirectory()
        unsafe chown(directory.path, 54_321, 0)
        let error = #expect(throws: SocketError.self) {
            try ListeningSocket(path: "\(directory.path)/s", mode: 0o600, groupID: nil)
        }
        #expect(error?.description.contains("belongs to another user") == true)
    }

    @Test(
        "A path that cannot be is refused",
        arguments: [
            ("run/s", "must be absolute"), ("", "must be absolute"), ("/tmp/a\0b", "must be absolute"),
            ("/nowhere-at-all/s", "cannot be used for the socket"),
            ("/tmp/" + String(repeating: "s", count: 103), "longer than the 107 bytes"),
        ])
    func path(_ path: String, _ problem: String) {
        let error = #expect(throws: SocketError.self) { try ListeningSocket(path: path, mode: 0o600, groupID: nil) }
        #expect(error?.description.contains(problem) == true)
    }

    @Test("The longest path that can be is served")
    func longestPath() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/" + String(repeating: "s", count: 107 - directory.path.utf8.count - 1)
        let socket = try ListeningSocket(path: path, mode: 0o600, groupID: nil)
        defer { close(socket.descriptor) }
        _ = try Client(path)
    }

    @Test("At the end its own file is removed, and no other that has taken its place")
    func removal() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/s"
        let first = try ListeningSocket(path: path, mode: 0o600, groupID: nil)
        unsafe rename(path, "\(directory.path)/t")
        let second = try ListeningSocket(path: path, mode: 0o600, groupID: nil)
        defer {
            close(first.descriptor)
            close(second.descriptor)
        }
        first.removeFile()
        #expect(directory.names.sorted() == ["s", "t"])
        second.removeFile()
        #expect(directory.names == ["t"])
    }

    @Test("A socket that was handed over has no file to remove, and is not passed on")
    func adopted() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/s"
        let socket = try ListeningSocket(path: path, mode: 0o600, groupID: nil)
        defer { close(socket.descriptor) }
        ListeningSocket(adopting: socket.descriptor).removeFile()
        #expect(directory.names == ["s"])
        #expect(fcntl(socket.descriptor, F_GETFD) & FD_CLOEXEC != 0)
    }
}

private func status(_ path: String) throws -> stat {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { throw Failure("lstat", errno) }
    return status
}
