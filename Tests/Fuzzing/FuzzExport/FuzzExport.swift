import ConnectedAccounts
import CredentialBroker
import DaemonConfiguration
import FuzzDriver
import OAuth
import SecretBytes
import SecretVault
import VaultExport

// A libFuzzer target: bytes as an export, and as the records of one, brought into a vault from which a broker then starts. It looks for
// traps and for broken promises; an error is a good answer. Seeds: Corpora/export.

@main
struct FuzzExport {
    static func main() { unsafe fuzz(fuzzExport) }
}

/// The first byte chooses how the rest is taken: as the text of an export; or as its records, which are then sealed as they should be.
private func fuzzExport(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    guard let mode = unsafe input.first else { return 0 }
    let bytes = unsafe [UInt8](input.dropFirst())
    let text = mode % 2 == 0 ? bytes : sealed(bytes)
    do {
        var vault = try SecretVault(creating: SegmentPolicy(kind: .lockedMemfd, locksMemory: false, minimumBytes: 4096))
        let wall = WallInstant(seconds: 2_000_000_000)
        _ = try VaultImport.read(
            text.span, secrets: secrets, into: &vault, now: BootInstant(nanoseconds: 5_000_000_000), wall: wall)
        begin(with: vault)
    } catch {
        precondition(!"\(error)".isEmpty)
    }
    return 0
}

private let secret = "0123456789abcdef0123456789abcdef"

private let secrets: ConfiguredSecrets = {
    var configuration = PurserConfiguration()
    configuration.exportKey = .credential("key")
    return ConfiguredSecrets(of: configuration) { _ throws(ExportError) in SecretBytes(utf8: secret) }
}()

/// Records of kind, length of the key, length of the payload in two bytes, key and payload; the first of them is that of the moment.
private func sealed(_ bytes: [UInt8]) -> [UInt8] {
    guard let key = try? ExportKey(SecretBytes(utf8: secret)) else { return [] }
    var writer = ExportWriter(key: key, salt: Array(repeating: 7, count: 32))
    let moment = Array(bytes.prefix(16)) + Array(repeating: 0, count: 16 - min(16, bytes.count))
    writer.append(kind: 0, key: Span(), payload: moment.span)
    var rest = bytes.dropFirst(16)
    while rest.count >= 4 {
        let header = Array(rest.prefix(4))
        rest = rest.dropFirst(4)
        let name = Array(rest.prefix(Int(header[1])))
        rest = rest.dropFirst(name.count)
        let payload = Array(rest.prefix(Int(header[2]) | Int(header[3]) << 8))
        rest = rest.dropFirst(payload.count)
        writer.append(kind: header[0], key: name.span, payload: payload.span)
    }
    return Array(writer.finish().joined(separator: "\n").utf8)
}

/// Whatever the records say, a broker starts with them, takes its first configuration and looks at what is due.
private func begin(with vault: consuming SecretVault) {
    let settings = BrokerSettings(
        version: "fuzz", pid: 1, configurationPath: nil, contract: Array("{}".utf8),
        fingerprintKey: Array(repeating: 1, count: 32), randomBytes: { Array(repeating: 2, count: $0) })
    let broker = Broker(
        settings: settings, vault: vault, clock: StandingClock(), transport: NoTransport(), seed: 1,
        wallClock: { 2_000_000_000_000_000_000 }, writeAudit: { _, _ in })
    _ = broker.apply(PurserConfiguration(), secrets: secrets)
    _ = broker.beginRound()
    _ = broker.summary()
}

private struct NoTransport: ProviderTransport {
    func send(_ request: consuming ProviderRequest, timeout: Duration) async -> ProviderOutcome {
        .failed(TransportFailure(.connect, mayHaveBeenReceived: false))
    }

    func answer(to name: ExchangeName, timeout: Duration) async -> ProviderOutcome {
        .failed(TransportFailure(.connectionClosed, mayHaveBeenReceived: true))
    }

    func forget(_ name: ExchangeName) {}
}

/// Boot time that does not pass.
private struct StandingClock: Clock {
    var now: BootInstant { BootInstant(nanoseconds: 5_000_000_000) }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: BootInstant, tolerance: Duration?) async throws {}
}
