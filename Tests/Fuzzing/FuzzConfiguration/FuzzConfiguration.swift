import ConnectedAccounts
import DaemonConfiguration
import FuzzDriver

// A libFuzzer target: bytes as a configuration file, and as the credentials of each scheme. It looks for traps; an error is
// a good answer. Seeds: Corpora/configuration.

@main
struct FuzzConfiguration {
    static func main() { unsafe fuzz(fuzzConfiguration) }
}

/// Reads the bytes each way.
private func fuzzConfiguration(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = unsafe UnsafeBufferPointer(start: start, count: count).span
    if let configuration = try? PurserConfiguration.load(text, file: "fuzz.yaml", names: AnyNames()) {
        // What was accepted once is accepted again, as the same.
        let again = try? PurserConfiguration.load(text, file: "fuzz.yaml", names: AnyNames())
        precondition(again == configuration)
    }
    for scheme in AuthScheme.allCases {
        _ = try? ImportedCredentials.read(text, authScheme: scheme)
    }
    return 0
}

/// A machine where every name is known, so that no rule is passed over.
private struct AnyNames: NameResolver {
    func uid(ofUser name: String) -> UInt32? { UInt32(name.utf8.count) }

    func gid(ofGroup name: String) -> UInt32? { UInt32(name.utf8.count) }
}
