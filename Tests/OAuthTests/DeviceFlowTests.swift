import OAuth
import SecretBytes
import Testing

/// What a device authorization answer was read as.
private struct Device: Equatable, Sendable {
    var deviceCode: String
    var userCode: String
    var uri: String
    var complete: String?
    var expiresIn: Duration
    var interval: Duration
}

private let description = TokenEndpointDescription(url: "https://id.example/token")

private func device(_ outcome: consuming DeviceAuthorizationOutcome) -> Device? {
    switch consume outcome {
    case .failed: nil
    case .granted(let answer):
        Device(
            deviceCode: plain(answer.deviceCode), userCode: answer.userCode, uri: answer.verificationURI,
            complete: answer.verificationURIComplete, expiresIn: answer.expiresIn, interval: answer.interval)
    }
}

private func failure(_ outcome: consuming DeviceAuthorizationOutcome) -> TokenFailure? {
    switch consume outcome {
    case .failed(let failure): failure
    case .granted: nil
    }
}

@Suite("Answers with a device code")
struct DeviceAuthorizationTests {
    private func read(_ body: String, status: Int = 200, contentType: String? = "application/json")
        -> DeviceAuthorizationOutcome
    {
        DeviceAuthorizationAnswer.read(
            .answered(response(body, status: status, contentType: contentType)), description: description,
            receivedAt: now)
    }

    @Test("The answer of RFC 8628 section 3.2 is read")
    func rfcExample() {
        let answer = device(
            read(
                #"""
                {"device_code":"GmRhmhcxhwAzkoEqiMEg","user_code":"WDJB-MJHT","verification_uri":"https://example.com/device",
                "verification_uri_complete":"https://example.com/device?user_code=WDJB-MJHT","expires_in":1800,"interval":7}
                """#))
        #expect(
            answer
                == Device(
                    deviceCode: "GmRhmhcxhwAzkoEqiMEg", userCode: "WDJB-MJHT", uri: "https://example.com/device",
                    complete: "https://example.com/device?user_code=WDJB-MJHT", expiresIn: .seconds(1800),
                    interval: .seconds(7)))
    }

    @Test(
        "Providers' own ways are read too, and lives and intervals are bounded",
        arguments: [
            (
                "google",
                #"{"device_code":"d","user_code":"u","verification_url":"https://g.example","expires_in":"1800"}"#,
                1800, 5
            ),
            ("nothing said", #"{"device_code":"d","user_code":"u","verification_uri":"https://g.example"}"#, 600, 5),
            (
                "no end",
                #"{"device_code":"d","user_code":"u","verification_uri":"https://g.example","expires_in":1e8,"interval":0.01}"#,
                3600, 1
            ),
            (
                "no hurry",
                #"{"device_code":"d","user_code":"u","verification_uri":"https://g.example","expires_in":60,"interval":999}"#,
                60, 60
            ),
        ])
    func deviations(name: String, body: String, life: Int, interval: Int) {
        let answer = device(read(body))
        #expect(answer?.uri == "https://g.example")
        #expect(answer?.expiresIn == .seconds(life))
        #expect(answer?.interval == .seconds(interval))
    }

    @Test("GitHub's form is read")
    func form() {
        let answer = device(
            read(
                "device_code=d&expires_in=899&interval=5&user_code=AB-CD&verification_uri=https%3A%2F%2Fgithub.com%2Flogin%2Fdevice",
                contentType: "application/x-www-form-urlencoded"))
        #expect(answer?.uri == "https://github.com/login/device")
    }

    @Test(
        "What nobody could use is a failure",
        arguments: [
            (
                #"{"device_code":"","user_code":"u","verification_uri":"https://g.example"}"#, 200,
                FailureClass.transient
            ),
            (#"{"device_code":"d","verification_uri":"https://g.example"}"#, 200, .transient),
            (#"{"device_code":"d","user_code":"a\u001bb","verification_uri":"https://g.example"}"#, 200, .transient),
            (#"{"device_code":"d","user_code":"u"}"#, 200, .transient),
            (#"{"device_code":"d","user_code":"u","verification_uri":"javascript:alert(1)"}"#, 200, .transient),
            (#"{"device_code":"d","user_code":"u","verification_uri":"http://evil.example"}"#, 200, .transient),
            (#"{"device_code":"d","user_code":"u","verification_uri":"https://g.example"}"#, 500, .transient),
            (#"{"access_token":"a"}"#, 200, .transient),
            (#"{"error":"unauthorized_client"}"#, 400, .brokenApp),
            (#"{"error":"device_flow_disabled"}"#, 200, .brokenApp),
            ("<html>", 200, .transient),
            ("", 200, .transient),
        ])
    func refusals(body: String, status: Int, failureClass: FailureClass) {
        let failure = failure(read(body, status: status))
        #expect(failure?.failureClass == failureClass)
        #expect(failure.map { FailureTable.reasons.contains($0.reason) } == true)
    }

    @Test("No answer is no answer")
    func transport() {
        let outcome = DeviceAuthorizationAnswer.read(
            .failed(TransportFailure(.connect, mayHaveBeenReceived: false)), description: description, receivedAt: now)
        #expect(failure(outcome)?.reason == "connect")
    }
}

private func verdict(_ outcome: consuming DevicePollOutcome) -> DevicePollVerdict? {
    switch consume outcome {
    case .granted: nil
    case .refused(let verdict): verdict
    }
}

@Suite("What a poll of the device flow means")
struct DevicePollTests {
    private func poll(_ body: String, status: Int, retryAfter: String? = nil) -> DevicePollOutcome {
        DevicePollOutcome.read(
            .answered(response(body, status: status, retryAfter: retryAfter)), description: description, receivedAt: now
        )
    }

    @Test("Tokens end it")
    func tokens() {
        let isGranted = verdict(poll(#"{"access_token":"a","interval":5}"#, status: 200)) == nil
        #expect(isGranted)
    }

    @Test(
        "Each provider's word for it is understood",
        arguments: [
            ("RFC", #"{"error":"authorization_pending"}"#, 400, DevicePollVerdict.pending),
            ("GitHub", #"{"error":"authorization_pending"}"#, 200, .pending),
            (
                "Google", #"{"error":"authorization_pending","error_description":"Precondition Required"}"#, 428,
                .pending
            ),
            ("a gateway before Google", "", 428, .pending),
            ("RFC", #"{"error":"slow_down"}"#, 400, .slowDown(interval: nil)),
            ("GitHub", #"{"error":"slow_down","interval":10}"#, 200, .slowDown(interval: .seconds(10))),
            ("Google", #"{"error":"slow_down"}"#, 403, .slowDown(interval: nil)),
            ("Google", #"{"error":"rate_limit_exceeded"}"#, 403, .slowDown(interval: nil)),
            ("RFC", #"{"error":"access_denied"}"#, 400, .denied),
            ("Google", #"{"error":"access_denied"}"#, 403, .denied),
            ("Microsoft", #"{"error":"authorization_declined"}"#, 400, .denied),
            ("RFC", #"{"error":"expired_token"}"#, 400, .expired),
            ("GitHub", #"{"error":"expired_token"}"#, 200, .expired),
        ])
    func verdicts(name: String, body: String, status: Int, expected: DevicePollVerdict) {
        let verdict = verdict(poll(body, status: status))
        #expect(verdict == expected)
    }

    @Test(
        "A code that is spent or a client that is unknown ends it, a bad moment does not",
        arguments: [
            ("Microsoft", #"{"error":"bad_verification_code"}"#, 400, false),
            ("GitHub", #"{"error":"incorrect_device_code"}"#, 200, false),
            ("RFC", #"{"error":"invalid_grant"}"#, 400, false),
            ("RFC", #"{"error":"invalid_client"}"#, 401, false),
            ("Atlassian's wrong secret", #"{"error":"access_denied"}"#, 401, false),
            ("a front end", "<html>", 502, true), ("a captive portal", "<html>", 200, true),
            ("RFC", #"{"error":"temporarily_unavailable"}"#, 400, true), ("a limit", "", 429, true),
        ])
    func endings(name: String, body: String, status: Int, goesOn: Bool) {
        switch verdict(poll(body, status: status)) {
        case .tryLater: #expect(goesOn)
        case .failed: #expect(!goesOn)
        case let other: Issue.record("read as \(String(describing: other))")
        }
    }
}

@Suite("When to poll")
struct DevicePollingTests {
    private typealias Polling = DevicePolling<ContinuousClock.Instant>

    private let start = ContinuousClock.Instant.now

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func polling(life: Int = 600, interval: Int = 5) -> Polling {
        Polling(start: start, expiresIn: .seconds(life), interval: .seconds(interval))
    }

    private func silence(_ retryAfter: Duration? = nil) -> DevicePollVerdict {
        .tryLater(
            TokenFailure(failureClass: .transient, reason: "timeout", retryAfter: retryAfter, mayHaveBeenApplied: true))
    }

    @Test("A pending authorization is asked for at the interval, counted from each answer")
    func pending() {
        var polling = polling()
        #expect(polling.first(at: at(1)) == .poll(at: at(6)))
        #expect(polling.next(after: .pending, at: at(7)) == .poll(at: at(12)))
        #expect(polling.next(after: .pending, at: at(30)) == .poll(at: at(35)))
    }

    @Test("slow_down adds five seconds for good, or takes the longer interval of the answer")
    func slowDown() {
        var polling = polling()
        #expect(polling.next(after: .slowDown(interval: nil), at: at(0)) == .poll(at: at(10)))
        #expect(polling.next(after: .pending, at: at(10)) == .poll(at: at(20)))
        #expect(polling.next(after: .slowDown(interval: .seconds(25)), at: at(20)) == .poll(at: at(45)))
        #expect(polling.next(after: .slowDown(interval: .seconds(25)), at: at(50)) == .poll(at: at(80)))
        #expect(polling.next(after: .slowDown(interval: .seconds(0)), at: at(80)) == .poll(at: at(115)))
        #expect(polling.interval == .seconds(35))
        _ = polling.next(after: .slowDown(interval: .seconds(100_000)), at: at(115))
        #expect(polling.interval == .seconds(300))
    }

    @Test("Silence doubles the wait up to a minute, and one answer ends that")
    func backOff() {
        var polling = polling(life: 3600)
        let waits = [10, 20, 40, 60, 60, 60, 60, 60, 60]
        for wait in waits {
            #expect(polling.next(after: silence(), at: at(0)) == .poll(at: at(Double(wait))))
        }
        #expect(polling.next(after: .pending, at: at(0)) == .poll(at: at(5)))
        #expect(polling.next(after: silence(), at: at(0)) == .poll(at: at(10)))
    }

    @Test("The server's own wait is honoured, within bounds")
    func retryAfter() {
        var polling = polling(life: 3600)
        #expect(polling.next(after: silence(.seconds(30)), at: at(0)) == .poll(at: at(30)))
        #expect(polling.next(after: silence(.seconds(86_400)), at: at(0)) == .poll(at: at(300)))
        #expect(polling.next(after: silence(.seconds(1)), at: at(0)) == .poll(at: at(40)))
    }

    @Test("The codes' own end is kept: no poll at or after it")
    func expiry() {
        var polling = polling(life: 60)
        #expect(polling.expiry == at(60))
        #expect(polling.next(after: .pending, at: at(54.5)) == .poll(at: at(59.5)))
        #expect(polling.next(after: .pending, at: at(55)) == .expire(at: at(60)))
        #expect(polling.next(after: .pending, at: at(60)) == .end(.expired))
        #expect(polling.next(after: silence(), at: at(70)) == .end(.expired))
        #expect(Polling(start: start, expiresIn: .seconds(3), interval: .zero).first(at: at(0)) == .poll(at: at(1)))
    }

    @Test("A verdict of the server ends it at once")
    func ends() {
        var polling = polling()
        #expect(polling.next(after: .denied, at: at(0)) == .end(.denied))
        #expect(polling.next(after: .expired, at: at(0)) == .end(.expired))
        let failure = TokenFailure(failureClass: .brokenApp, reason: "invalid_client", mayHaveBeenApplied: false)
        #expect(polling.next(after: .failed(failure), at: at(0)) == .end(.failed(failure)))
    }
}
