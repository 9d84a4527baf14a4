import CallbackServer
import Testing

@Suite("A browser that comes back", .timeLimit(.minutes(1)))
struct CallbackTests {
    @Test("It is sent to a one-time address without the code, where a page says whose account is connected")
    func connected() async throws {
        let rig = try await Rig()
        let answer = try await rig.get("/callback?\(Rig.connected)")
        #expect(answer.status == 303)
        #expect(answer.body.isEmpty)
        let location = try #require(answer.location)
        #expect(location.wholeMatch(of: /\/done\/[0-9a-f]{32}/) != nil)
        for _ in 0..<2 {
            let page = try await rig.get(location)
            #expect(page.status == 200)
            #expect(page.body.contains("octocat"))
        }
        #expect(rig.queries == [Rig.connected])
        await rig.listener.close()
    }

    @Test("Each callback gets an address of its own")
    func ownAddress() async throws {
        let rig = try await Rig()
        let first = try await rig.get("/callback?\(Rig.connected)").location
        let second = try await rig.get("/callback?\(Rig.connected)").location
        #expect(first != second)
        await rig.listener.close()
    }

    @Test("With a redirect it goes on to the caller's address")
    func redirect() async throws {
        let rig = try await Rig()
        let answer = try await rig.get("/callback?\(Rig.onward)")
        #expect(answer.status == 303)
        #expect(answer.location == "https://app.example/x?a=1&status=success&connected_account_id=con_1")
        await rig.listener.close()
    }

    @Test("What went wrong is said on a page of its own")
    func failed() async throws {
        let rig = try await Rig()
        let location = try #require(try await rig.get("/callback?\(Rig.denied)").location)
        let page = try await rig.get(location)
        #expect(page.body.contains("Access was declined"))
        #expect(!page.body.contains("access_denied"))
        await rig.listener.close()
    }

    @Test("Callbacks that nobody waits for share one page, and none takes the place of a real one")
    func unknownState() async throws {
        let rig = try await Rig()
        let real = try #require(try await rig.get("/callback?\(Rig.connected)").location)
        for number in 0..<40 {
            #expect(try await rig.get("/callback?state=\(number)").location == "/done/unknown")
        }
        #expect(try await rig.get("/done/unknown").body.contains("This link is not open"))
        #expect(try await rig.get(real).status == 200)
        await rig.listener.close()
    }

    @Test("A page is gone after five minutes, and its address is then like any other")
    func expiry() async throws {
        let rig = try await Rig()
        let location = try #require(try await rig.get("/callback?\(Rig.connected)").location)
        rig.time.advance(by: .seconds(299))
        #expect(try await rig.get(location).status == 200)
        rig.time.advance(by: .seconds(1))
        #expect(try await rig.get(location) == rig.get("/done/0123456789abcdef0123456789abcdef"))
        await rig.listener.close()
    }

    @Test("The oldest page makes room for the 33rd")
    func roomForPages() async throws {
        let rig = try await Rig()
        var locations: [String] = []
        for _ in 0..<33 { locations.append(try #require(try await rig.get("/callback?\(Rig.connected)").location)) }
        #expect(try await rig.get(locations[0]).status == 404)
        #expect(try await rig.get(locations[1]).status == 200)
        #expect(try await rig.get(locations[32]).status == 200)
        await rig.listener.close()
    }

    @Test(
        "Every answer forbids to run, load, frame, store or tell anything, and does not name the server",
        arguments: ["/callback?\(Rig.connected)", "/callback?\(Rig.onward)", "/done/unknown", "/", "/favicon.ico"])
    func headers(_ target: String) async throws {
        let rig = try await Rig()
        let answer = try await rig.get(target)
        let policy = try #require(answer.header("Content-Security-Policy"))
        #expect(
            policy.replacing(/sha256-[A-Za-z0-9+\/]{43}=/, with: "HASH")
                == "default-src 'none'; style-src 'HASH'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
        #expect(answer.header("Cache-Control") == "no-store")
        #expect(answer.header("Referrer-Policy") == "no-referrer")
        #expect(answer.header("X-Content-Type-Options") == "nosniff")
        #expect(answer.header("Connection") == "close")
        #expect(!answer.text.lowercased().contains("\r\nserver:"))
        await rig.listener.close()
    }

    @Test("HEAD is answered as GET without a body, and is no callback")
    func head() async throws {
        let rig = try await Rig()
        let location = try #require(try await rig.get("/callback?\(Rig.connected)").location)
        let (get, head) = (try await rig.get(location), try await rig.get(location, method: "HEAD"))
        #expect(head.headers == get.headers)
        #expect(head.body.isEmpty)
        #expect(try await rig.get("/callback?\(Rig.connected)", method: "HEAD").status == 405)
        #expect(rig.queries.count == 1)
        await rig.listener.close()
    }

    @Test("A callback without a query is one too")
    func noQuery() async throws {
        let rig = try await Rig()
        #expect(try await rig.get("/callback").location == "/done/unknown")
        #expect(rig.queries == [""])
        await rig.listener.close()
    }

    @Test("The owner is shown the query as it came")
    func rawQuery() async throws {
        let rig = try await Rig()
        _ = try await rig.get("/callback?code=%2F%00+a?b&state=%zz&&=")
        #expect(rig.queries == ["code=%2F%00+a?b&state=%zz&&="])
        await rig.listener.close()
    }

    @Test("While one outcome is awaited, others are answered")
    func concurrent() async throws {
        let rig = try await Rig()
        async let held = rig.get("/callback?\(Rig.held)")
        #expect(await next(rig.arrivals) == Rig.held)
        #expect(try await rig.get("/callback?\(Rig.connected)").status == 303)
        rig.releaseHeld()
        #expect(try await held.status == 303)
        await rig.listener.close()
    }

    @Test("A browser is told when the outcome takes too long")
    func unanswered() async throws {
        var limits = CallbackLimits()
        limits.answerTime = .milliseconds(20)
        let rig = try await Rig(limits: limits)
        let answer = try await rig.get("/callback?\(Rig.held)")
        #expect(answer.status == 504)
        #expect(answer.body.contains("longer than usual"))
        rig.releaseHeld()
        await rig.listener.close()
    }
}
