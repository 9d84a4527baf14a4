import ConnectedAccounts
import ProviderSimulator
import Testing

@Suite("The simulated provider over HTTP", .timeLimit(.minutes(1)))
struct ProviderServerTests {
    @Test("A refresh over a real connection rotates the token, and the connection serves the next request")
    func refreshes() async throws {
        let rig = try await Rig()
        let first = try await rig.exchange(rig.refresh())
        #expect(first.status == 200)
        let rotated = try #require(member("refresh_token", of: first.body)).filter { $0 != "\"" }
        let both = try await rig.exchange(
            rig.refresh(rotated) + "GET /acme/.well-known/openid-configuration?x=1 HTTP/1.1\r\nHost: h\r\n\r\n",
            until: .answers(2))
        #expect(both.end == .open)
        #expect(both.text.contains("\"issuer\":\"\(rig.server.baseURL)/acme\""))
        #expect(rig.server.withProvider("acme") { provider, _ in provider.ledger.refreshes } == 2)
        await rig.server.stop()
    }

    @Test("The access token opens the API, by the time of the machine's own clock")
    func userinfo() async throws {
        let rig = try await Rig()
        let seen = try await rig.exchange(
            "GET /acme/user HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(rig.tokens.accessToken)\r\n\r\n")
        #expect(seen.status == 200)
        #expect(seen.body.contains("\"login\":\"ada\""))
        await rig.server.stop()
    }

    @Test(
        "Paths of no provider, and of none of its endpoints, are not found",
        arguments: [
            "/", "/token", "/nobody/token", "/acme", "/acme/", "/acme/token/x", "//acme/nowhere",
        ])
    func notFound(path: String) async throws {
        let rig = try await Rig()
        let seen = try await rig.exchange("GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(seen.status == 404)
        await rig.server.stop()
    }

    @Test("What is not HTTP is answered with 400 and the end of the connection")
    func notHTTP() async throws {
        let rig = try await Rig()
        let seen = try await rig.exchange("nonsense\r\n\r\n", until: .end)
        #expect(seen.status == 400)
        #expect(seen.end != .open)
        await rig.server.stop()
    }

    @Test("A client that asks for the end of the connection gets it after the answer")
    func connectionClose() async throws {
        let rig = try await Rig()
        let seen = try await rig.exchange(rig.refresh(more: "Connection: close\r\n"), until: .end)
        #expect(seen.status == 200)
        #expect(seen.end == .closed)
        await rig.server.stop()
    }

    @Test("A body beyond the limit is refused, and one at the limit is read")
    func bodyLimit() async throws {
        var limits = ProviderServer.Limits()
        limits.bodyBytes = 1000
        let rig = try await Rig(limits: limits)
        let most = try await rig.exchange(RawClient.post("/acme/token", String(repeating: "a", count: 1000)))
        #expect(most.status == 401)
        let more = try await rig.exchange(
            RawClient.post("/acme/token", String(repeating: "a", count: 1001)), until: .end)
        #expect(more.status == 413)
        await rig.server.stop()
    }

    @Test("The places of connections that ended are free again")
    func placesAreFreed() async throws {
        var limits = ProviderServer.Limits()
        limits.connections = 8
        let rig = try await Rig(.google, limits: limits)
        for _ in 0..<20 {
            #expect(try await rig.exchange(rig.refresh(more: "Connection: close\r\n"), until: .end).status == 200)
        }
        await rig.server.stop()
    }

    @Test("One connection more than the limit is closed")
    func connectionLimit() async throws {
        var limits = ProviderServer.Limits()
        limits.connections = 1
        let rig = try await Rig(limits: limits)
        rig.add(.next([.hangBeforeAnswer]))
        async let hanging = rig.exchange(rig.refresh(), until: .end)
        await rig.faults()
        let refused = try await rig.exchange(rig.refresh(), until: .end)
        #expect(refused.bytes.isEmpty)
        #expect(refused.end != .open)
        await rig.server.stop()
        #expect(try await hanging.bytes.isEmpty)
    }

    @Test("A connection that sends no request is closed in time")
    func idleTime() async throws {
        var limits = ProviderServer.Limits()
        limits.idleTime = .milliseconds(50)
        let rig = try await Rig(limits: limits)
        let seen = try await rig.exchange("", until: .end)
        #expect(seen.bytes.isEmpty)
        #expect(seen.end == .closed)
        await rig.server.stop()
    }

    @Test("A connection that does not finish its request is closed in time")
    func requestTime() async throws {
        var limits = ProviderServer.Limits()
        limits.requestTime = .milliseconds(50)
        let rig = try await Rig(limits: limits)
        let seen = try await rig.exchange(
            "POST /acme/token HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf", until: .end)
        #expect(seen.bytes.isEmpty)
        #expect(seen.end != .open)
        await rig.server.stop()
    }

    @Test("A hang ends when the time for answers is over")
    func answerTime() async throws {
        var limits = ProviderServer.Limits()
        limits.answerTime = .milliseconds(50)
        let rig = try await Rig(limits: limits)
        rig.add(.always(.hangBeforeAnswer))
        let seen = try await rig.exchange(rig.refresh(), until: .end)
        #expect(seen.bytes.isEmpty)
        #expect(seen.end == .closed)
        await rig.server.stop()
    }

    @Test("Stopping ends connections in the middle of whatever they do, and frees the port")
    func stops() async throws {
        let rig = try await Rig()
        rig.add(.next([.hangBeforeAnswer, .held, .slowBytes(every: .seconds(60))]))
        await withThrowingTaskGroup(of: RawClient.End.self) { group in
            for _ in 0..<3 { group.addTask { try await rig.exchange(rig.refresh(), until: .end).end } }
            await rig.faults(3)
            await rig.server.stop()
        }
        await rig.server.stop()
        let next = try await ProviderServer.start(port: rig.server.port, providers: [:])
        #expect(next.port == rig.server.port)
        await next.stop()
    }

    @Test("It does not start where it must not, or cannot, and says why")
    func doesNotStart() async throws {
        await #expect {
            _ = try await ProviderServer.start(host: "0.0.0.0", providers: [:])
        } throws: {
            "\($0)".contains("127.0.0.1 or ::1 only")
        }
        let rig = try await Rig()
        await #expect {
            _ = try await ProviderServer.start(port: rig.server.port, providers: [:])
        } throws: {
            "\($0)".contains("cannot listen on 127.0.0.1 port \(rig.server.port)")
        }
        await rig.server.stop()
    }

    @Test("Events name their provider and come as things happen")
    func events() async throws {
        let rig = try await Rig()
        _ = try await rig.exchange(rig.refresh())
        await rig.server.stop()
        var lines: [String] = []
        for await event in rig.events {
            lines.append(event.description)
            if lines.count == 2 { break }
        }
        #expect(
            lines == [
                "acme: token request from app", "acme: ada: refreshed, token set 2 lives 3600 s, refresh token rotated",
            ])
    }
}
