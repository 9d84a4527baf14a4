import ConnectedAccounts
import OAuth
package import ProviderCatalog
import StrictYAML

extension PurserConfiguration {
    /// Reads a configuration file.
    ///
    /// - Parameters:
    ///   - text: The file's bytes.
    ///   - file: How problems and warnings name the file.
    ///   - names: Who knows the machine's users and groups.
    /// - Returns: The configuration, with warnings where there are any.
    /// - Throws: All that is wrong, at most ``YAMLProblems/limit``; then nothing of the file counts.
    package static func load(
        _ text: Span<UInt8>, file: String, names: some NameResolver
    ) throws(ConfigurationError) -> PurserConfiguration {
        try load(ConfigurationText(text, file: file), names: names)
    }

    /// The same of a text that was read before, with the files of its ``ConfigurationText/providersDirectory``.
    ///
    /// A file with mistakes is refused and the others count: what is wrong with it is among the warnings. Only what
    /// needs a refused provider is an error.
    package static func load(
        _ text: ConfigurationText, providerFiles: [ProviderFile] = [], names: some NameResolver
    ) throws(ConfigurationError) -> PurserConfiguration {
        var reader = ConfigurationReader(names: names, providerFiles: providerFiles)
        reader.read(text.root)
        try reader.problems.check()
        return reader.configuration
    }
}

/// A configuration file whose YAML is in order, and of whose meaning nothing is known yet but where to read on.
package struct ConfigurationText: Sendable {
    let root: YAMLNode
    /// As ``PurserConfiguration/providersDirectory``.
    package let providersDirectory: String?

    /// Reads a configuration file's bytes; problems and warnings name it `file`. Throws what is wrong with the YAML, or
    /// with the directory.
    package init(_ text: Span<UInt8>, file: String) throws(ConfigurationError) {
        root = try YAMLDocument.parse(text, file: file)
        var problems = YAMLProblems()
        // What else is wrong is said with the whole.
        let members = if case .mapping(let members) = root.content { members } else { [YAMLMember]() }
        let node = members.first { $0.key == "providersDirectory" }?.value
        providersDirectory = node.flatMap { Self.directory($0, &problems) }
        try problems.check()
    }

    static func directory(_ node: YAMLNode, _ problems: inout YAMLProblems) -> String? {
        guard let path = node.nonEmptyString(maximumLength: 4095, &problems) else { return nil }
        guard path.hasPrefix("/") else {
            problems.add(at: node, "needs an absolute path")
            return nil
        }
        return path
    }
}

/// Builds a configuration from its file. What is wrong is noted and passed over, so that all of it is found in one go.
struct ConfigurationReader<Names: NameResolver> {
    let names: Names
    private let providerFiles: [ProviderFile]
    var configuration = PurserConfiguration()
    var problems = YAMLProblems()

    /// The names in the file, those with mistakes included: a reference to one of these is not wrong itself.
    private(set) var givenProviders: Set<String> = []
    private(set) var givenAuthConfigs: Set<String> = []
    var authConfigs: [String: AuthConfigDefinition] = [:]
    var toolkitsInUse: Set<String> = []
    private var warningCount = 0

    init(names: Names, providerFiles: [ProviderFile]) {
        self.names = names
        self.providerFiles = providerFiles
    }

    mutating func read(_ root: YAMLNode) {
        let keys = [
            "socket", "socketMode", "socketGroup", "callback", "masking", "privateHosts", "providersDirectory",
            "providers", "authConfigs", "connections", "agents", "export",
        ]
        guard let fields = root.mapping(keys, &problems) else { return }
        readSocket(fields)
        fields["callback"].map { readCallback($0) }
        if let masking = fields["masking"]?.choice(of: Masking.self, &problems) { configuration.masking = masking }
        fields["privateHosts"].map { readPrivateHosts($0) }
        configuration.providersDirectory = fields["providersDirectory"].flatMap {
            ConfigurationText.directory($0, &problems)
        }
        fields["export"].map { readExport($0) }
        readProviders(fields["providers"]?.members(&problems) ?? [])
        if let members = fields["authConfigs"]?.members(&problems) {
            givenAuthConfigs = Set(members.map(\.key))
            readAuthConfigs(members)
        }
        fields["connections"].map { readConnections($0) }
        if let agents = fields["agents"] {
            readAgents(agents)
        } else {
            warn(at: root, "there are no agents, so nobody has access")
        }
        if let export = fields["export"], !configuration.agents.contains(where: \.mayExport) {
            warn(
                at: export,
                "no agent may make an export: it needs a grant of daemon:export with users, toolkits and connections [\"*\"]"
            )
        }
    }

    private mutating func readProviders(_ members: [YAMLMember]) {
        givenProviders = Set(members.map(\.key))
        guard !members.isEmpty || !providerFiles.isEmpty else { return }
        var refused = YAMLProblems()
        configuration.catalog = ProviderCatalog(
            files: providerFiles, overrides: members, warnings: &refused, &problems)
        configuration.warnings += refused.problems.map { "\($0); the provider is refused" }
        if refused.omittedCount > 0 {
            configuration.warnings.append("and \(refused.omittedCount) more mistakes in files of providers")
        }
    }

    mutating func warn(at node: YAMLNode, _ message: String) {
        // As bounded as the problems are: a warning is for a person.
        guard warningCount < YAMLProblems.limit else { return }
        warningCount += 1
        configuration.warnings.append(YAMLProblem(at: node.location, message).description)
    }

    // MARK: - Socket, callback and private hosts

    private mutating func readSocket(_ fields: YAMLMapping) {
        if let node = fields["socket"], let path = node.nonEmptyString(&problems) {
            // sun_path has 108 bytes, one of them zero (unix(7)).
            if !path.hasPrefix("/") || path.utf8.count > 107 {
                problems.add(at: node, "needs an absolute path of at most 107 bytes")
            }
            configuration.socket.path = path
        }
        if let node = fields["socketMode"] { readSocketMode(node) }
        if let node = fields["socketGroup"] { readSocketGroup(node) }
    }

    private mutating func readSocketMode(_ node: YAMLNode) {
        guard case .scalar(let text, isPlain: false) = node.content, (3...4).contains(text.utf8.count),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }),
            let mode = UInt32(text, radix: 8), mode <= 0o777
        else {
            problems.add(at: node, "needs an octal mode in quotes, such as \"0660\"")
            return
        }
        configuration.socket.mode = mode
    }

    private mutating func readSocketGroup(_ node: YAMLNode) {
        guard let name = node.nonEmptyString(maximumLength: 256, &problems) else { return }
        do {
            if let gid = try names.gid(ofGroup: name) {
                configuration.socket.group = SocketConfiguration.Group(name: name, gid: gid)
            } else {
                problems.add(at: node, "this machine has no group of this name")
            }
        } catch {
            problems.add(at: node, "the group cannot be looked up now (errno \(error.code)); try again")
        }
    }

    private mutating func readCallback(_ node: YAMLNode) {
        guard
            let parts = node.mapping(["listen"], &problems),
            let listen = parts.required("listen", &problems),
            let text = listen.nonEmptyString(maximumLength: 256, &problems)
        else { return }
        // Plain http is acceptable to EndpointAddress for this machine alone, which is just what is needed here.
        guard
            let address = try? EndpointAddress.validate("http://\(text)/"), address.target == "/",
            text.hasSuffix(":\(address.port)")
        else {
            problems.add(at: listen, "needs a loopback address with a port, such as 127.0.0.1:7580 or [::1]:7580")
            return
        }
        configuration.callback = ListenAddress(host: address.host, port: address.port)
    }

    private mutating func readExport(_ node: YAMLNode) {
        guard let parts = node.mapping(["key"], &problems), let key = parts.required("key", &problems) else { return }
        configuration.exportKey = SecretReference.read(key, &problems)
    }

    private mutating func readPrivateHosts(_ node: YAMLNode) {
        for element in node.elements(&problems) ?? [] {
            guard let name = element.nonEmptyString(maximumLength: 256, &problems) else { continue }
            // Loopback hosts need no leave, and other addresses in numbers are refused wherever they stand.
            guard
                let address = try? EndpointAddress.validate("https://\(name)/"), address.target == "/",
                address.host.utf8.count == name.utf8.count, !address.isLoopback, IPAddress(address.host) == nil
            else {
                problems.add(at: element, "needs the name of a host, such as id.corp.example, without scheme and port")
                continue
            }
            configuration.privateHosts.insert(address.host)
        }
    }
}
