import Testing

@testable import ConnectedAccounts

/// The register by reference, so that an expectation may change it.
private final class Desk {
    private var register = SessionRegister()

    var count: Int { register.count }

    func insert(_ session: Session, now: BootInstant) -> Bool { register.insert(session, now: now) }

    func lookUp(_ id: String, agent: String, now: BootInstant) -> SessionRegister.Lookup {
        register.lookUp(id, agent: agent, now: now)
    }

    func close(_ id: String) { register.close(id) }

    func removeExpired(now: BootInstant) { register.removeExpired(now: now) }
}

@Suite("Sessions")
struct SessionTests {
    static let hour = Duration.seconds(3600)

    @Test("A session is open until its last instant, then known as expired for an hour, then unknown")
    func expires() {
        let register = Desk()
        let session = session("ses_1", expiresAt: .seconds(100))
        #expect(register.insert(session, now: .zero))
        #expect(register.lookUp("ses_1", agent: "a", now: BootInstant(nanoseconds: 99_999_999_999)) == .open(session))
        #expect(register.lookUp("ses_1", agent: "a", now: .seconds(100)) == .expired)
        register.removeExpired(now: .seconds(3699))
        #expect(register.lookUp("ses_1", agent: "a", now: .seconds(3699)) == .expired)
        register.removeExpired(now: .seconds(3700))
        #expect(register.lookUp("ses_1", agent: "a", now: .seconds(3700)) == .unknown)
        #expect(register.count == 0)
    }

    @Test("Another agent's session is as unknown as one that never was, whether open or expired")
    func othersAreUnknown() {
        let register = Desk()
        #expect(register.insert(session("ses_1", expiresAt: .seconds(100)), now: .zero))
        for now in [BootInstant.zero, .seconds(200)] {
            #expect(register.lookUp("ses_1", agent: "b", now: now) == .unknown)
            #expect(register.lookUp("ses_2", agent: "b", now: now) == .unknown)
        }
    }

    @Test("An agent has at most its limit of open sessions, and takes none from another")
    func limit() {
        let register = full()
        #expect(!register.insert(session("ses_more", expiresAt: .seconds(100)), now: .seconds(99)))
        #expect(register.lookUp("ses_more", agent: "a", now: .seconds(99)) == .unknown)
        #expect(register.insert(session("ses_b", agent: "b", expiresAt: .seconds(100)), now: .seconds(99)))
        register.close("ses_7")
        #expect(register.insert(session("ses_more", expiresAt: .seconds(100)), now: .seconds(99)))
        #expect(!register.insert(session("ses_again", expiresAt: .seconds(100)), now: .seconds(99)))
        #expect(register.count == SessionRegister.limitPerAgent + 1)
    }

    @Test("Expired sessions count no more against the limit, and making room forgets no other agent's")
    func expiredMakeRoom() {
        let register = full()
        #expect(register.insert(session("ses_b", agent: "b", expiresAt: .seconds(50)), now: .zero))
        #expect(register.insert(session("ses_new", expiresAt: .seconds(900)), now: .seconds(100)))
        #expect(register.lookUp("ses_0", agent: "a", now: .seconds(100)) == .unknown)
        #expect(register.lookUp("ses_b", agent: "b", now: .seconds(100)) == .expired)
        #expect(register.count == 2)
    }

    @Test("Closing twice, or what never was, frees nothing twice")
    func closeTwice() {
        let register = full()
        for _ in 0..<3 { register.close("ses_0") }
        register.close("ses_never")
        #expect(register.insert(session("ses_one", expiresAt: .seconds(100)), now: .zero))
        #expect(!register.insert(session("ses_two", expiresAt: .seconds(100)), now: .zero))
    }

    @Test("The same id twice is one session, and counts once")
    func sameID() {
        let register = Desk()
        for _ in 0..<3 { #expect(register.insert(session("ses_1", expiresAt: .seconds(100)), now: .zero)) }
        #expect(register.count == 1)
        for number in 1..<SessionRegister.limitPerAgent {
            _ = register.insert(session("ses_x\(number)", expiresAt: .seconds(100)), now: .zero)
        }
        #expect(register.count == SessionRegister.limitPerAgent)
    }

    @Test("A session pins connections by toolkit, and nothing else is in it")
    func pins() {
        let session = session("ses_1", expiresAt: .seconds(1))
        #expect(session.pins(connectionID: "con_1", toolkit: "github"))
        #expect(!session.pins(connectionID: "con_1", toolkit: "gmail"))
        #expect(!session.pins(connectionID: "con_2", toolkit: "github"))
        #expect(!session.pins(connectionID: "con_1", toolkit: "xero"))
    }

    private func full() -> Desk {
        let register = Desk()
        for number in 0..<SessionRegister.limitPerAgent {
            _ = register.insert(session("ses_\(number)", expiresAt: .seconds(100)), now: .zero)
        }
        return register
    }

    private func session(_ id: String, agent: String = "a", expiresAt: BootInstant) -> Session {
        Session(
            id: id, agent: agent, userID: "ann", pinned: ["github": ["con_1"], "gmail": []],
            requiresExplicitSelection: false, createdAt: WallInstant(seconds: 0), expiresAt: expiresAt)
    }
}
