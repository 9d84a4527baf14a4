internal import ConnectedAccounts
internal import DaemonConfiguration
internal import Glibc

extension PurserConfiguration {
    /// Why the export at the stop, which the next start goes on from, will not be made: `purser export` runs as the daemon's
    /// own user then (systemd/export.conf), and that it is refused shows only when the accounts are lost. Empty if it will.
    func obstaclesToExport(as own: Peer) -> [String] {
        guard exportKey != nil else {
            return ["export: there is no key, so no export can be made at the stop for --import at the next start"]
        }
        let agent = agents.first(matching: own)
        guard agent?.mayExport != true else { return [] }
        let rule = agent.map { "is agent \($0.name), which has" } ?? "matches no agent, and so has"
        return [
            """
            agents: the daemon's own user (uid \(own.uid)) \(rule) no daemon:export on everything: `purser export` at the stop \
            (export.conf) will be refused; add an agent for it before all others that match
            """
        ]
    }
}

extension Peer {
    /// This process, as its own socket would see it.
    static var own: Peer {
        var groups = [gid_t](repeating: 0, count: Int(max(0, getgroups(0, nil))))
        let count = unsafe getgroups(CInt(groups.count), &groups)
        return Peer(
            uid: geteuid(), gid: getegid(), groups: Array(groups.prefix(Int(max(0, count)))), pid: getpid())
    }
}
