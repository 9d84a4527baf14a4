internal import ConnectedAccounts
internal import DaemonConfiguration
internal import JSON
internal import JSONRPC
internal import OAuth
internal import ProviderCatalog
internal import SecretBytes

/// Links whose user enters a code on another device (RFC 8628), and links whose issuer must be asked first.
extension Broker {
    /// Begins a link after all; what the caller may do is looked at again, for time has passed.
    func link(_ call: LinkCall, _ caller: Caller, _ reply: RPCReply) async {
        guard let authConfig = await discovered(call.authConfigID), authConfig.isDiscovered else {
            return conclude { _, _ in [FinishedCall(reply, error: .notLinkable(call.authConfigID))] }
        }
        guard authConfig.flow(for: call) == .device else {
            return conclude { state, now in
                [
                    FinishedCall(reply) { (result) throws(RPCError) in
                        try state.openBrowserLink(call, from: caller, now: now, into: &result)
                    }
                ]
            }
        }
        guard let url = authConfig.deviceAuthorizationURL, let description = authConfig.tokenEndpoint else {
            return conclude { _, _ in [FinishedCall(reply, error: .noDeviceFlow(call.authConfigID))] }
        }
        let prepared = withState { state, now in
            PreparedRequest(state.deviceRequest(to: url, authConfig, description), at: now)
        }
        guard let request = prepared.take() else {
            return conclude { _, _ in [FinishedCall(reply, error: .notLinkable(call.authConfigID))] }
        }
        let outcome = DeviceAuthorizationAnswer.read(
            await transport.send(request, timeout: .seconds(30)), description: description, receivedAt: wallSeconds)
        switch consume outcome {
        case .failed(let failure):
            let error = RPCError.unusableRegistration(
                ConnectFailure(failure).description, authConfigID: call.authConfigID)
            conclude { _, _ in [FinishedCall(reply, error: error)] }
        case .granted(let answer):
            let codes = DeviceCodes(answer)
            conclude { state, now in
                [
                    FinishedCall(reply) { (result) throws(RPCError) in
                        try state.openDeviceLink(
                            call, codes, from: caller, sentAt: prepared.at, now: now, into: &result)
                    }
                ]
            }
        }
    }

    /// Asks, at its time, whether the user has entered the code; goes on until there is an answer, or the link is over.
    func poll(_ connectionID: String, _ polling: DevicePolling<BootInstant>, at instant: BootInstant) async {
        var next: (polling: DevicePolling<BootInstant>, at: BootInstant)? = (polling, instant)
        while let (polling, instant) = next {
            guard (try? await clock.sleep(until: instant, tolerance: nil)) != nil else { return }
            next = await toTheEnd { await self.pollOnce(connectionID, polling) }
        }
    }

    /// Nil if the link is over, one way or the other.
    private func pollOnce(
        _ connectionID: String, _ polling: DevicePolling<BootInstant>
    ) async -> (polling: DevicePolling<BootInstant>, at: BootInstant)? {
        let isPaused = withState { state, _ in state.isHandedOver && state.links[connectionID] != nil }
        if isPaused { return (polling, clock.now.advanced(by: .seconds(5))) }
        let box = withState { state, now in PreparedRequest(state.devicePoll(connectionID), at: now) }
        let (link, authConfig) = withState { state, _ in
            (state.links[connectionID], state.links[connectionID].flatMap { state.authConfigs[$0.authConfigID] })
        }
        guard let link, let authConfig, let description = authConfig.tokenEndpoint, let request = box.take() else {
            return nil
        }
        let outcome = DevicePollOutcome.read(
            await transport.send(request, timeout: .seconds(30)), description: description, receivedAt: wallSeconds)
        switch consume outcome {
        case .granted(let answer):
            withState { state, _ in state.wipeLink(connectionID) }
            _ = await connect(link, answer, nil, [], authConfig, sentAt: box.at)
            return nil
        case .refused(let verdict):
            var polling = polling
            switch polling.next(after: verdict, at: clock.now) {
            case .poll(let instant): return (polling, instant)
            case .expire: return nil
            case .end(let end):
                let failure = ConnectFailure(end)
                _ = self.end(link, StatusReason(failure.reason), failure.description)
                return nil
            }
        }
    }
}

/// The codes of a device flow, where only copyable values go.
final class DeviceCodes: Sendable {
    let deviceCode: SecretBox
    let userCode: String
    let verificationURI: String
    let verificationURIComplete: String?
    let expiresIn: Duration
    let interval: Duration

    init(_ answer: consuming DeviceAuthorizationAnswer) {
        userCode = answer.userCode
        verificationURI = answer.verificationURI
        verificationURIComplete = answer.verificationURIComplete
        expiresIn = answer.expiresIn
        interval = answer.interval
        deviceCode = SecretBox(answer.deviceCode.copy())
    }
}

extension BrokerState {
    borrowing func deviceRequest(
        to url: String, _ authConfig: AuthConfig, _ description: TokenEndpointDescription
    ) -> ProviderRequest? {
        guard let clientID = authConfig.definition.clientID else { return nil }
        return try? DeviceAuthorizationRequest.make(
            to: url, tokenEndpoint: description, clientID: clientID, clientSecret: clientSecret(of: authConfig),
            scopes: authConfig.scopes, scopeSeparator: authConfig.provider.authorization.scopeSeparator)
    }

    borrowing func devicePoll(_ connectionID: String) -> ProviderRequest? {
        guard !isHandedOver, let link = links[connectionID], let code = linkSecret(.deviceCode, of: connectionID),
            let authConfig = authConfigs[link.authConfigID], let description = authConfig.tokenEndpoint,
            let clientID = authConfig.definition.clientID
        else { return nil }
        return try? DeviceTokenRequest.make(
            to: description, clientID: clientID, clientSecret: clientSecret(of: authConfig), deviceCode: code.bytes)
    }

    mutating func openDeviceLink(
        _ call: LinkCall, _ codes: DeviceCodes, from caller: Caller, sentAt: BootInstant, now: BootInstant,
        into result: inout JSONWriter
    ) throws(RPCError) {
        _ = try authConfig(for: call, from: caller, now: now)
        let target = try target(of: call, from: caller, now: now)
        let link = try open(
            call, target, flow: .device, stateHash: nil, lifetime: min(codes.expiresIn, LinkRegister.lifetime),
            secrets: [(.deviceCode, codes.deviceCode)], from: caller, now: now)
        links.setPollInterval(codes.interval, of: link.connectionID)
        let polling = DevicePolling<BootInstant>(start: sentAt, expiresIn: codes.expiresIn, interval: codes.interval)
        if case .poll(let instant) = polling.first(at: now) {
            try begin(.pollDevice(connectionID: link.connectionID, polling, at: instant))
        }
        result.object { result in
            result.member("id", link.connectionID)
            result.member("status", ConnectionStatus.initiated.rawValue)
            result.member("redirectUrl", codes.verificationURIComplete ?? codes.verificationURI)
            result.member("expiresAt", shown(wall(link.expiresAt)))
            result.member("userCode", codes.userCode)
            result.member("verificationUri", codes.verificationURI)
            result.member("verificationUriComplete", codes.verificationURIComplete)
        }
    }
}

extension FinishedCall {
    /// The answer that `write` writes, or the error that it throws.
    convenience init(_ reply: RPCReply, _ write: (inout JSONWriter) throws(RPCError) -> Void) {
        var writer = JSONWriter()
        do throws(RPCError) {
            try write(&writer)
            self.init(reply, answer: writer.finish())
        } catch {
            self.init(reply, error: error)
        }
    }
}

extension RPCError {
    fileprivate static func noDeviceFlow(_ authConfigID: String) -> RPCError {
        .invalidParams(
            "this provider has no device flow; leave `flow` out, and use `connectedAccounts.completeLink` if the browser "
                + "is on another machine",
            data: ["parameter": "flow", "authConfigId": .string(authConfigID)])
    }
}
