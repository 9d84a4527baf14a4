import CallbackServer
import Testing

@Suite("Requests that no browser sends after consent", .timeLimit(.minutes(1)))
struct HostileRequestTests {
    @Test(
        "A page of another site, whose name was made to resolve to this machine, gets nothing",
        arguments: [
            "evil.example", "evil.example:PORT", "localhost", "127.0.0.1", "localhost:1", "localhost:PORT.evil.example",
            "127.0.0.1:PORT@evil.example", "127.0.0.2:PORT", "0.0.0.0:PORT", "localhost.:PORT", "[::1]", "",
            "localhost:PORT, evil.example",
        ])
    func wrongHost(_ host: String) async throws {
        let rig = try await Rig()
        let host = host.replacing("PORT", with: String(rig.port))
        let answer = try await rig.exchange("GET /callback?\(Rig.connected) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        #expect(answer.status == 421)
        #expect(rig.queries.isEmpty)
        await rig.listener.close()
    }

    @Test("Any name of this machine will do", arguments: ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
    func rightHost(_ host: String) async throws {
        let rig = try await Rig()
        let answer = try await rig.exchange("GET /done/unknown HTTP/1.1\r\nHost: \(host):\(rig.port)\r\n\r\n")
        #expect(answer.status == 200)
        await rig.listener.close()
    }

    @Test("No host, and two of them, are refused")
    func hostCount() async throws {
        let rig = try await Rig()
        #expect(try await rig.exchange("GET /done/unknown HTTP/1.0\r\n\r\n").status == 421)
        let twice = rig.request("/done/unknown", more: "Host: 127.0.0.1:\(rig.port)\r\n")
        #expect(try await rig.exchange(twice).status == 421)
        await rig.listener.close()
    }

    @Test(
        "Every other path is a page that is not there",
        arguments: [
            "/", "/callback/", "/Callback?code=1", "/callback/../callback?code=1", "//callback?code=1", "/%63allback",
            "/done/", "/done/../callback", "/done/..%2f..%2fetc%2fpasswd", "/../../etc/passwd", "/done/unknown/",
            "/done/%75nknown", "/favicon.ico", "http://127.0.0.1/callback?code=1", "/callback;a?code=1",
        ])
    func otherPaths(_ target: String) async throws {
        let rig = try await Rig()
        let answer = try await rig.get(target)
        #expect(answer.status == 404)
        #expect(answer.body.contains("There is nothing here"))
        #expect(rig.queries.isEmpty)
        await rig.listener.close()
    }

    @Test("Other methods are refused", arguments: ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
    func methods(_ method: String) async throws {
        let rig = try await Rig()
        let answer = try await rig.get("/callback?\(Rig.connected)", method: method)
        #expect(answer.status == 405)
        #expect(answer.header("Allow") == "GET, HEAD")
        #expect(rig.queries.isEmpty)
        await rig.listener.close()
    }

    @Test(
        "A body is refused before it comes",
        arguments: ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length: 1000000000\r\n"])
    func body(_ field: String) async throws {
        let rig = try await Rig()
        #expect(try await rig.get("/callback?\(Rig.connected)", more: field).status == 413)
        #expect(rig.queries.isEmpty)
        await rig.listener.close()
    }

    @Test(
        "What is no HTTP is called malformed",
        arguments: [
            "hello\r\n\r\n", "GET\r\n\r\n", "GET /callback?code=1&state=2\r\n\r\n", "GET /a b?c HTTP/1.1\r\n\r\n",
            "GET / HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "PRI * HTTP/2.0\r\n\r\n",
        ])
    func malformed(_ text: String) async throws {
        let rig = try await Rig()
        #expect(try await rig.exchange(text).status == 400)
        #expect(rig.queries.isEmpty)
        await rig.listener.close()
    }

    @Test("What asks for another protocol is answered in this one")
    func upgrades() async throws {
        let rig = try await Rig()
        let upgrade = "Upgrade: websocket\r\nConnection: upgrade\r\n"
        #expect(try await rig.get("/done/unknown", more: upgrade).status == 200)
        #expect(try await rig.get("example.com:443", method: "CONNECT").status == 405)
        await rig.listener.close()
    }

    @Test("A head of 16 KiB is read, and one byte more is not, wherever it stands")
    func headSize() async throws {
        let rig = try await Rig()
        func fitting(_ count: Int) -> String {
            let more =
                "X: " + String(repeating: "x", count: count - rig.request("/done/unknown").utf8.count - 5) + "\r\n"
            return rig.request("/done/unknown", more: more)
        }
        #expect(try await rig.exchange(fitting(16 << 10)).status == 200)
        #expect(try await rig.exchange(fitting((16 << 10) + 1)).status == 431)
        #expect(try await rig.get("/callback?code=" + String(repeating: "x", count: 16 << 10)).status == 431)
        #expect(rig.queries.isEmpty)
        await rig.listener.close()
    }

    @Test("Megabytes without an end are answered after 16 KiB, and not with a reset, which would take the answer back")
    func endlessHead() async throws {
        // However long it takes on a busy machine.
        var limits = CallbackLimits()
        limits.lingering = .seconds(60)
        let rig = try await Rig(limits: limits)
        let connection = try await RawConnection.open(port: rig.port)
        let block = String(repeating: "x", count: 1 << 16)
        #expect(await connection.send("GET /callback?"))
        for _ in 0..<64 { #expect(await connection.send(block)) }
        #expect(await connection.answer().status == 431)
        await rig.listener.close()
    }

    @Test("A request that does not end in time is answered and ended")
    func slow() async throws {
        var limits = CallbackLimits()
        limits.requestTime = .milliseconds(30)
        let rig = try await Rig(limits: limits)
        for start in ["", "GET /callb", "GET /callback?\(Rig.connected) HTTP/1.1\r\nHost: 127.0.0.1"] {
            #expect(try await rig.exchange(start).status == 408)
        }
        #expect(rig.queries.isEmpty)
        await rig.listener.close()
    }

    @Test("A peer that keeps its side open after the answer is cut in time")
    func lingering() async throws {
        var limits = CallbackLimits()
        limits.lingering = .milliseconds(20)
        let rig = try await Rig(limits: limits)
        let connection = try await RawConnection.open(port: rig.port)
        await connection.send(rig.request("/done/unknown"))
        // Answered, then cut.
        #expect(await connection.answer(closing: false).status == 200)
        while await rig.listener.connections > 0 { await Task.yield() }
        await rig.listener.close()
    }

    @Test("Byte by byte is as good as at once")
    func bytewise() async throws {
        let rig = try await Rig()
        let connection = try await RawConnection.open(port: rig.port)
        for character in rig.request("/callback?\(Rig.connected)") { await connection.send(String(character)) }
        #expect(await connection.answer().status == 303)
        #expect(rig.queries == [Rig.connected])
        await rig.listener.close()
    }

    @Test("A peer that ends its side after its request is answered; before, it is let go")
    func halfClosed() async throws {
        let rig = try await Rig()
        let whole = try await RawConnection.open(port: rig.port)
        await whole.send(rig.request("/callback?\(Rig.held)"))
        await whole.finishSending()
        #expect(await next(rig.arrivals) == Rig.held)
        rig.releaseHeld()
        #expect(await whole.answer().status == 303)
        let half = try await RawConnection.open(port: rig.port)
        await half.send("GET /callback?\(Rig.connected) HTTP/1.1\r\nHost:")
        await half.finishSending()
        #expect([400, nil].contains(await half.answer().status))
        #expect(rig.queries == [Rig.held])
        await rig.listener.close()
    }

    @Test("Only the first request of a connection is answered, whatever follows it")
    func pipelined() async throws {
        let rig = try await Rig()
        let request = rig.request("/callback?\(Rig.connected)")
        let answer = try await rig.exchange(request + request + "garbage")
        #expect(answer.status == 303)
        #expect(answer.text.split(separator: "HTTP/1.1").count == 1)
        #expect(rig.queries == [Rig.connected])
        await rig.listener.close()
    }

    @Test("A hundred connections that send nothing do not keep a browser out")
    func crowd() async throws {
        let rig = try await Rig()
        var crowd: [RawConnection] = []
        for _ in 0..<100 { crowd.append(try await RawConnection.open(port: rig.port)) }
        #expect(try await rig.get("/callback?\(Rig.connected)").status == 303)
        #expect(await rig.listener.connections <= 32)
        // The first ones made room.
        #expect(await crowd[0].answer().text.isEmpty)
        await rig.listener.close()
    }

    @Test("Connections that await an outcome keep their place; one more is closed")
    func fullHouse() async throws {
        let rig = try await Rig()
        var waiting: [RawConnection] = []
        var arrivals = rig.arrivals.makeAsyncIterator()
        for _ in 0..<32 {
            let connection = try await RawConnection.open(port: rig.port)
            await connection.send(rig.request("/callback?\(Rig.held)"))
            waiting.append(connection)
            #expect(await arrivals.next() == Rig.held)
        }
        #expect(try await rig.get("/done/unknown").text.isEmpty)
        rig.releaseHeld()
        for connection in waiting { #expect(await connection.answer().status == 303) }
        #expect(try await rig.get("/done/unknown").status == 200)
        await rig.listener.close()
    }
}
