internal import ConnectedAccounts

/// A device code and what became of it.
struct SimulatedDeviceCode: Sendable {
    enum Standing: Sendable, Equatable {
        case pending
        case approved(Approval)
        case denied
        /// Its tokens were fetched.
        case redeemed
    }

    var clientID: String
    var userCode: String
    var scopes: [String]
    var standing = Standing.pending
    var issuedAt: BootInstant
    /// When the client asked last, or the code was issued.
    var lastPollAt: BootInstant
    /// How long the client must wait between requests; each hasty one makes it longer.
    var interval: Duration
}

/// The device codes that were issued; the oldest are forgotten.
struct DeviceCodeStore: Sendable {
    private static let limit = 1000

    private var codes: [String: SimulatedDeviceCode] = [:]
    private var deviceCodes: [String: String] = [:]
    private var order: [String] = []

    subscript(deviceCode: String) -> SimulatedDeviceCode? { codes[deviceCode] }

    /// The device code that belongs to what a person typed: case and separators do not count (RFC 8628 section 6.1).
    func deviceCode(forUserCode typed: String) -> String? { deviceCodes[Self.normal(typed)] }

    mutating func add(_ deviceCode: String, _ record: SimulatedDeviceCode) {
        codes[deviceCode] = record
        deviceCodes[Self.normal(record.userCode)] = deviceCode
        order.append(deviceCode)
        guard order.count > Self.limit else { return }
        let oldest = order.removeFirst()
        if let old = codes.removeValue(forKey: oldest) { deviceCodes[Self.normal(old.userCode)] = nil }
    }

    mutating func change(_ deviceCode: String, _ change: (inout SimulatedDeviceCode) -> Void) {
        if var record = codes[deviceCode] {
            change(&record)
            codes[deviceCode] = record
        }
    }

    private static func normal(_ userCode: String) -> String {
        userCode.uppercased().filter { $0.isASCII && $0.isLetter }
    }
}

extension AuthorizationServer {
    /// How long a device code lives: half an hour at Google, else a quarter.
    var deviceCodeLifetime: Duration { dialect == .google ? .seconds(1800) : .seconds(900) }

    /// The user codes that wait for somebody, oldest first.
    package func pendingUserCodes(at now: Moment) -> [String] {
        devices.pending(at: now.boot, lifetime: deviceCodeLifetime)
    }

    /// Says yes to a device, as a person would on the page. False if the code is unknown, over or decided, or the user is
    /// unknown.
    @discardableResult
    package mutating func approveDevice(userCode: String, _ approval: Approval, at now: Moment) -> Bool {
        guard users[approval.userID] != nil else { return false }
        return decide(userCode: userCode, .approved(approval), at: now)
    }

    /// Says no to a device. False if the code is unknown, over or decided.
    @discardableResult
    package mutating func denyDevice(userCode: String, at now: Moment) -> Bool {
        decide(userCode: userCode, .denied, at: now)
    }

    private mutating func decide(
        userCode: String, _ standing: SimulatedDeviceCode.Standing, at now: Moment
    ) -> Bool {
        guard let deviceCode = devices.deviceCode(forUserCode: userCode), let record = devices[deviceCode],
            record.standing == .pending, record.issuedAt.duration(to: now.boot) < deviceCodeLifetime
        else { return false }
        devices.change(deviceCode) { $0.standing = standing }
        return true
    }
}

extension DeviceCodeStore {
    fileprivate func pending(at now: BootInstant, lifetime: Duration) -> [String] {
        order.compactMap { codes[$0] }
            .filter { $0.standing == .pending && $0.issuedAt.duration(to: now) < lifetime }
            .map(\.userCode)
    }
}
