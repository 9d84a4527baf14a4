// swift-tools-version: 6.2
import PackageDescription

// Dependencies point downwards only. A target names each module it imports, and CI builds with
// `--explicit-target-dependency-import-check error`, so a wrong arrow does not compile. One line per target and test target,
// from the leaves of the graph to the executables.

let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
]

let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioLocks: Target.Dependency = .product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioHTTP: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let certificates: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let jwt: Target.Dependency = .product(name: "JWTKit", package: "jwt-kit")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")

func module(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

let package = Package(
    name: "purser",
    products: [
        .executable(name: "purserd", targets: ["purserd"]),
        .executable(name: "purser", targets: ["purser"]),
        .executable(name: "provider-simulator", targets: ["provider-simulator"]),
        .library(name: "PurserClient", targets: ["PurserClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.3.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.15.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.1.4"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.90.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.25.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.0"),
    ],
    targets: [
        // C: what Swift cannot say, and files that are built in.
        .target(name: "CLinux"),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .target(name: "CEmbedded"),

        // Values and state machines: no I/O, no clock.
        module("SecretBytes"),
        tests("SecretBytesTests", ["SecretBytes"]),
        module("JSON", ["SecretBytes"]),
        tests("JSONTests", ["JSON", "SecretBytes"]),
        module("JSONRPC", ["JSON", "SecretBytes"]),
        tests("JSONRPCTests", ["JSON", "JSONRPC", "SecretBytes"]),
        module("RFC3339"),
        tests("RFC3339Tests", ["RFC3339"]),
        module("OAuth", ["JSON", "SecretBytes", crypto]),
        tests("OAuthTests", ["OAuth", "SecretBytes"]),
        module("SignedTokens", ["JSON", "OAuth", "SecretBytes", crypto, cryptoExtras, jwt]),
        tests("SignedTokensTests", ["JSON", "OAuth", "SecretBytes", "SignedTokens", crypto, cryptoExtras]),
        module("ConnectedAccounts", [deque, heap]),
        tests("ConnectedAccountsTests", ["ConnectedAccounts"]),
        module("StrictYAML", ["Yams"]),
        tests("StrictYAMLTests", ["StrictYAML"]),
        module(
            "ProviderCatalog", ["CEmbedded", "ConnectedAccounts", "JSON", "OAuth", "StrictYAML"],
            exclude: ["FORMAT.md", "Providers"]),
        tests("ProviderCatalogTests", ["ConnectedAccounts", "OAuth", "ProviderCatalog", "StrictYAML"]),
        module(
            "DaemonConfiguration",
            ["ConnectedAccounts", "JSON", "OAuth", "ProviderCatalog", "RFC3339", "SecretBytes", "StrictYAML"]),
        tests(
            "DaemonConfigurationTests",
            ["ConnectedAccounts", "DaemonConfiguration", "OAuth", "ProviderCatalog", "SecretBytes", "StrictYAML"]),

        // The vault, and the one stateful part over it.
        module("SecretVault", ["CLinux"], exclude: ["FORMAT.md"]),
        tests("SecretVaultTests", ["CLinux", "SecretBytes", "SecretVault"]),
        module("VaultExport", ["SecretBytes", crypto], exclude: ["FORMAT.md"]),
        tests("VaultExportTests", ["SecretBytes", "VaultExport"]),
        module(
            "CredentialBroker",
            [
                "ConnectedAccounts", "DaemonConfiguration", "JSON", "JSONRPC", "OAuth", "ProviderCatalog", "RFC3339",
                "SecretBytes", "SecretVault", "SignedTokens", "VaultExport", crypto, deque, heap,
            ]),
        .target(
            name: "TestKit",
            dependencies: [
                "CLinux", "ConnectedAccounts", "CredentialBroker", "DaemonConfiguration", "JSON", "JSONRPC", "OAuth",
                "RFC3339",
                "SecretBytes", "SecretVault",
            ], path: "Tests/TestKit", swiftSettings: strict),
        tests(
            "CredentialBrokerTests",
            [
                "ConnectedAccounts", "CredentialBroker", "DaemonConfiguration", "JSON", "JSONRPC", "OAuth",
                "SecretBytes", "SecretVault", "TestKit", "VaultExport", cryptoExtras,
            ], exclude: ["Vaults"]),
        tests("ProtocolTests", ["ConnectedAccounts", "CredentialBroker", "DaemonConfiguration", "JSON", "TestKit"]),

        // Leaves that talk to the world.
        module("SecretFiles", ["SecretBytes"]),
        tests("SecretFilesTests", ["SecretBytes", "SecretFiles"]),
        module("Systemd", ["CLinux", "CSystemd", "RFC3339", logging]),
        tests("SystemdTests", ["CLinux", "Systemd", logging]),
        module("WipedByteBuffers", ["SecretBytes", nio]),
        module("SocketServer", ["CLinux", "JSON", "JSONRPC", "SecretBytes", "WipedByteBuffers", nio, nioPosix]),
        tests("SocketServerTests", ["JSON", "JSONRPC", "SocketServer", "TestKit", nio, nioEmbedded, nioPosix]),
        module("TLSRecords", ["SecretBytes", "WipedByteBuffers", crypto, nio]),
        .target(
            name: "RecordSealing", dependencies: ["SecretBytes", crypto], path: "Tests/RecordSealing",
            swiftSettings: strict),
        tests("TLSRecordsTests", ["RecordSealing", "SecretBytes", "TLSRecords", nio]),
        module(
            "TokenEndpoint",
            [
                "CLinux", "OAuth", "SecretBytes", "TLSRecords", "WipedByteBuffers", httpClient, nio, nioHTTP, nioPosix,
                nioTLS,
            ]),
        tests(
            "TokenEndpointTests",
            [
                "CLinux", "ConnectedAccounts", "OAuth", "RecordSealing", "SecretBytes", "TestKit", "TokenEndpoint",
                nio, nioEmbedded, nioPosix, nioTLS,
            ]),
        module("CallbackServer", ["OAuth", "SecretBytes", "WipedByteBuffers", crypto, nio, nioHTTP, nioPosix]),
        tests("CallbackServerTests", ["CallbackServer", "OAuth", "SecretBytes", crypto, nio, nioEmbedded, nioPosix]),
        .executableTarget(
            name: "callback-pages", dependencies: ["CallbackServer", "OAuth", "SecretBytes", nio, nioPosix],
            path: "Tests/CallbackPages", swiftSettings: strict),
        module(
            "ProviderSimulator",
            [
                "ConnectedAccounts", "OAuth", "ProviderCatalog", "SecretBytes", "StrictYAML", asn1, certificates,
                crypto,
                cryptoExtras, nio, nioHTTP, nioPosix, nioTLS, signals,
            ], exclude: ["FAULTS.md"]),
        .executableTarget(
            name: "provider-simulator", dependencies: ["ProviderSimulator", arguments], swiftSettings: strict),
        tests(
            "ProviderSimulatorTests",
            [
                "CEmbedded", "ConnectedAccounts", "DaemonConfiguration", "OAuth", "ProviderCatalog",
                "ProviderSimulator", "SecretBytes", "StrictYAML", crypto, cryptoExtras, nio, nioPosix,
            ]),
        tests(
            "ProviderFaultTests",
            ["OAuth", "ProviderSimulator", "SecretBytes", "TestKit", "TokenEndpoint", nioPosix]),
        tests(
            "SeedProviderTests",
            [
                "ConnectedAccounts", "CredentialBroker", "JSON", "OAuth", "ProviderSimulator", "RFC3339", "SecretBytes",
                "TestKit",
            ]),

        // The daemon.
        module(
            "Daemon",
            [
                "CEmbedded", "CLinux", "CallbackServer", "ConnectedAccounts", "CredentialBroker", "DaemonConfiguration",
                "OAuth", "ProviderCatalog", "ProviderSimulator", "SecretBytes", "SecretFiles", "SecretVault",
                "SocketServer", "Systemd", "TokenEndpoint", logging, nio, nioLocks, nioPosix, signals,
            ]),
        tests(
            "DaemonTests",
            [
                "CallbackServer", "ConnectedAccounts", "CredentialBroker", "Daemon", "DaemonConfiguration", "OAuth",
                "ProviderCatalog", "SecretBytes", "SecretVault", "SocketServer", "Systemd", "TestKit", "TokenEndpoint",
                "VaultExport", logging, nio, nioPosix,
            ]),
        .executableTarget(
            name: "purserd", dependencies: ["Daemon", "DaemonConfiguration", "Systemd", arguments, logging],
            swiftSettings: strict),

        // The client and the command line over it; they know nothing of the daemon's inside.
        module("PurserClient", ["JSON", "RFC3339", "SecretBytes"]),
        module("PurserCommand", ["PurserClient", "SecretBytes", arguments]),
        .executableTarget(name: "purser", dependencies: ["PurserCommand"], swiftSettings: strict),
        .target(name: "LineServer", path: "Tests/LineServer", swiftSettings: strict),
        tests("PurserClientTests", ["LineServer", "PurserClient", "SecretBytes"]),
        tests("PurserCommandTests", ["LineServer", "PurserClient", "PurserCommand", "SecretBytes"]),

        // The whole, against real programs.
        tests(
            "SystemTests",
            [
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ], exclude: ["Scripts"]),
    ]
)

// libFuzzer's targets need its driver at every link, so they exist only where they are asked for: Tests/Fuzzing/run.
if Context.environment["PURSER_FUZZ"] != nil {
    func fuzzer(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
        .executableTarget(
            name: name, dependencies: ["FuzzDriver"] + dependencies, path: "Tests/Fuzzing/\(name)",
            swiftSettings: strict)
    }
    package.targets += [
        .target(name: "FuzzDriver", path: "Tests/Fuzzing/FuzzDriver", swiftSettings: strict),
        fuzzer("FuzzEnvelope", ["JSON", "JSONRPC", "SecretBytes"]),
        fuzzer("FuzzTokenAnswer", ["OAuth", "SecretBytes"]),
        fuzzer("FuzzConfiguration", ["ConnectedAccounts", "DaemonConfiguration"]),
        .target(
            name: "FuzzMemory", dependencies: ["SecretVault"], path: "Tests/Fuzzing/FuzzMemory", swiftSettings: strict),
        fuzzer("FuzzVault", ["FuzzMemory", "SecretVault"]),
        fuzzer("FuzzExchange", ["FuzzMemory", "RecordSealing", "SecretBytes", "SecretVault", "TLSRecords", nio]),
        fuzzer(
            "FuzzExport",
            [
                "ConnectedAccounts", "CredentialBroker", "DaemonConfiguration", "OAuth", "SecretBytes", "SecretVault",
                "VaultExport",
            ]),
    ]
}
