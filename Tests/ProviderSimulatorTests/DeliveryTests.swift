import ProviderSimulator
import Testing

@Suite("Faults over a real connection", .timeLimit(.minutes(1)))
struct DeliveryTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var fault: Fault
        var end: RawClient.End
        /// Which part of the answer arrives.
        var arrives: Part
        var testDescription: String { fault.name }

        enum Part { case nothing, head, half, all }

        init(_ fault: Fault, _ arrives: Part, then end: RawClient.End) {
            self.fault = fault
            self.arrives = arrives
            self.end = end
        }
    }

    @Test(
        "A connection that the provider ends breaks off where the fault says",
        arguments: [
            Row(.reset, .nothing, then: .reset), Row(.closed, .nothing, then: .closed),
            Row(.cutOff, .half, then: .closed),
            Row(.answerLost(.reset), .nothing, then: .reset), Row(.answerLost(.closed), .nothing, then: .closed),
            Row(.answerLost(.cutOff), .half, then: .closed),
        ])
    func ended(_ row: Row) async throws {
        let rig = try await Rig()
        rig.add(.always(row.fault))
        let seen = try await rig.exchange(rig.refresh(), until: .end)
        #expect(seen.end == row.end)
        check(seen, row)
        await rig.server.stop()
    }

    @Test(
        "A connection that hangs stays open, with no more than the fault lets through",
        arguments: [
            Row(.hangBeforeAnswer, .nothing, then: .closed), Row(.hangAfterHeaders, .head, then: .closed),
            Row(.answerLost(.hang), .nothing, then: .closed), Row(.answerLost(.hangAfterHeaders), .head, then: .closed),
        ])
    func hanging(_ row: Row) async throws {
        let rig = try await Rig()
        rig.add(.always(row.fault))
        async let exchange = rig.exchange(rig.refresh(), until: .end)
        // The loop that told of the fault then writes what there is to write; only after that does it close.
        await rig.faults()
        await rig.server.stop()
        check(try await exchange, row)
    }

    @Test(
        "An answer that is wrong in itself arrives whole",
        arguments: [
            Fault.gatewayPage(status: 500), .gatewayPage(status: 502), .gatewayPage(status: 503),
            .tooManyRequests(.seconds(3)), .tooManyRequests(.date(secondsAhead: 3)), .requestTimeout,
            .redirect(to: "http://127.0.0.1:1/"), .captivePortal, .emptyBody, .truncatedJSON, .wrongTypes,
            .duplicateKeys,
            .wrongContentType, .expiresIn("1e400"), .invalidGrant, .invalidClient, .githubError("bad_refresh_token"),
            .answerLost(.gatewayTimeout),
        ])
    func whole(_ fault: Fault) async throws {
        let rig = try await Rig()
        rig.add(.next([fault]))
        let seen = try await rig.exchange(rig.refresh() + rig.refresh("unknown"), until: .answers(2))
        #expect(seen.end == .open)
        // The second answer begins where the first one ends.
        let second = try #require(seen.body.firstRange(of: "HTTP/1.1 400"))
        #expect(seen.body[..<second.lowerBound].utf8.count == seen.contentLength)
        await rig.server.stop()
    }

    @Test("An oversized body comes to its last byte")
    func oversized() async throws {
        let rig = try await Rig()
        rig.add(.always(.oversizedBody(bytes: 10 << 20)))
        let seen = try await rig.exchange(rig.refresh(more: "Connection: close\r\n"), until: .end)
        #expect(seen.contentLength == 10 << 20)
        #expect(seen.bytes.count > 10 << 20)
        #expect(seen.bytes.last == UInt8(ascii: " "))
        await rig.server.stop()
    }

    @Test("Slow bytes are the right answer, with the pause after each of them")
    func slowBytes() async throws {
        let rig = try await Rig()
        rig.add(.always(.slowBytes(every: .milliseconds(1))))
        let start = ContinuousClock.now
        let seen = try await rig.exchange(rig.refresh())
        let length = try #require(seen.contentLength)
        #expect(member("access_token", of: seen.body)?.hasPrefix("\"sim_at_") == true)
        // A timer never fires early, so this is a lower bound and no race.
        #expect(ContinuousClock.now - start >= .milliseconds(length - 1))
        await rig.server.stop()
    }

    @Test("A delayed answer is the right one, no sooner than asked for")
    func delayed() async throws {
        let rig = try await Rig()
        rig.add(.always(.delayed(.milliseconds(100))))
        let start = ContinuousClock.now
        let seen = try await rig.exchange(rig.refresh())
        #expect(seen.status == 200)
        #expect(ContinuousClock.now - start >= .milliseconds(100))
        await rig.server.stop()
    }

    @Test("Held answers come when they are released, and count as requests under way until then")
    func held() async throws {
        let rig = try await Rig(.google)
        rig.add(.next(Array(repeating: .held, count: 3)))
        let statuses = try await withThrowingTaskGroup(of: Int?.self) { group in
            for _ in 0..<3 { group.addTask { try await rig.exchange(rig.refresh()).status } }
            await rig.faults(3)
            // Each request was carried out when it came.
            #expect(rig.server.withProvider("acme") { provider, _ in provider.ledger.refreshes } == 3)
            rig.server.releaseHeldAnswers()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == [200, 200, 200])
        #expect(rig.server.peakRequestsInFlight == 3)
        await rig.server.stop()
    }

    private func check(_ seen: RawClient.Seen, _ row: Row) {
        switch row.arrives {
        case .nothing:
            #expect(seen.bytes.isEmpty)
        case .head:
            #expect(seen.status == 200)
            #expect((seen.contentLength ?? 0) > 0)
            #expect(seen.text.hasSuffix("\r\n\r\n"))
        case .half:
            #expect(seen.status == 200)
            #expect(seen.body.utf8.count == (seen.contentLength ?? 0) / 2)
            #expect(!seen.body.isEmpty)
        case .all:
            #expect(seen.body.utf8.count == seen.contentLength)
        }
    }
}
