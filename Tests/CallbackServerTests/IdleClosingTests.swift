import CallbackServer
import Testing

@Suite("Closing when idle", .timeLimit(.minutes(1)))
struct IdleClosingTests {
    @Test("It waits for the page to be read, and for as long again after each reading")
    func grace() async throws {
        let rig = try await Rig()
        var sleeps = rig.time.sleeps.makeAsyncIterator()
        let location = try #require(try await rig.get("/callback?\(Rig.connected)").location)
        let start = rig.time.now
        async let closed: Void = rig.listener.close(whenIdle: .seconds(30))
        #expect(await sleeps.next() == start + .seconds(30))
        rig.time.advance(by: .seconds(20))
        #expect(try await rig.get(location).status == 200)
        rig.time.advance(by: .seconds(10))
        // Read ten seconds ago.
        #expect(await sleeps.next() == start + .seconds(50))
        #expect(await rig.listener.isOpen)
        rig.time.advance(by: .seconds(20))
        await closed
        #expect(await !rig.listener.isOpen)
    }

    @Test("Made-up requests do not keep it open")
    func noise() async throws {
        let rig = try await Rig()
        var sleeps = rig.time.sleeps.makeAsyncIterator()
        _ = try await rig.get("/callback?\(Rig.connected)")
        async let closed: Void = rig.listener.close(whenIdle: .seconds(30))
        _ = await sleeps.next()
        rig.time.advance(by: .seconds(20))
        for target in ["/callback?state=guessed", "/done/unknown", "/done/guessed", "/"] {
            _ = try await rig.get(target)
        }
        let silent = try await RawConnection.open(port: rig.port)
        rig.time.advance(by: .seconds(10))
        await closed
        #expect(await !rig.listener.isOpen)
        #expect(await silent.answer().text.isEmpty)
    }

    @Test("Reading over and over keeps it open no longer than a page lives")
    func latest() async throws {
        let rig = try await Rig()
        var sleeps = rig.time.sleeps.makeAsyncIterator()
        let start = rig.time.now
        var location = try #require(try await rig.get("/callback?\(Rig.connected)").location)
        async let closed: Void = rig.listener.close(whenIdle: .seconds(200))
        #expect(await sleeps.next() == start + .seconds(200))
        rig.time.advance(by: .seconds(150))
        location = try #require(try await rig.get("/callback?\(Rig.connected)").location)
        rig.time.advance(by: .seconds(50))
        #expect(await sleeps.next() == start + .seconds(300))
        rig.time.advance(by: .seconds(99))
        #expect(try await rig.get(location).status == 200)
        rig.time.advance(by: .seconds(1))
        await closed
        #expect(await !rig.listener.isOpen)
    }

    @Test("A callback that is being decided keeps it open, and its page can be read")
    func undecided() async throws {
        let rig = try await Rig()
        var sleeps = rig.time.sleeps.makeAsyncIterator()
        async let held = rig.get("/callback?\(Rig.held)")
        #expect(await next(rig.arrivals) == Rig.held)
        async let closed: Void = rig.listener.close(whenIdle: .zero)
        _ = await sleeps.next()
        rig.time.advance(by: .seconds(1))
        _ = await sleeps.next()
        #expect(await rig.listener.isOpen)
        rig.releaseHeld()
        #expect(try await held.status == 303)
        rig.time.advance(by: .seconds(1))
        await closed
        #expect(await !rig.listener.isOpen)
    }

    @Test("Where nobody came, it closes at once")
    func nobody() async throws {
        let rig = try await Rig()
        rig.time.advance(by: .seconds(600))
        await rig.listener.close(whenIdle: .seconds(30))
        #expect(await !rig.listener.isOpen)
    }

    @Test("Opening once more overtakes it")
    func reopened() async throws {
        let rig = try await Rig()
        var sleeps = rig.time.sleeps.makeAsyncIterator()
        _ = try await rig.get("/callback?\(Rig.connected)")
        async let closed: Void = rig.listener.close(whenIdle: .seconds(30))
        _ = await sleeps.next()
        #expect(try await rig.listener.open() == rig.address)
        rig.time.advance(by: .seconds(30))
        await closed
        #expect(await rig.listener.isOpen)
        await rig.listener.close()
    }

    @Test("Cancelled, it closes at once")
    func cancelled() async throws {
        let rig = try await Rig()
        var sleeps = rig.time.sleeps.makeAsyncIterator()
        _ = try await rig.get("/callback?\(Rig.connected)")
        let closing = Task { await rig.listener.close(whenIdle: .seconds(30)) }
        _ = await sleeps.next()
        closing.cancel()
        await closing.value
        #expect(await !rig.listener.isOpen)
    }
}
