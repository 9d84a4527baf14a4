internal import DaemonConfiguration

extension PurserConfiguration {
    /// A warning for each setting that differs from the configuration the daemon started with, and that a reload cannot
    /// change. The socket's settings are not looked at where systemd passes the socket, for they are not used there.
    func changesForRestart(since started: PurserConfiguration, isSocketOurs: Bool) -> [String] {
        var changed: [String] = []
        if isSocketOurs {
            if socket.path != started.socket.path { changed.append("socket") }
            if socket.mode != started.socket.mode { changed.append("socketMode") }
            if socket.group != started.socket.group { changed.append("socketGroup") }
        }
        if callback != started.callback { changed.append("callback.listen") }
        return changed.map { "\($0): changed, which takes effect at the next restart" }
    }
}
