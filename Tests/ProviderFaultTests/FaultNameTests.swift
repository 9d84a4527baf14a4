import ProviderSimulator
import Testing

@Suite("The names of faults")
struct FaultNameTests {
    @Test("Each fault is read back from its name", arguments: FaultKind.all.map(\.fault) + Fault.harmless)
    func roundTrip(fault: Fault) throws {
        #expect(try Fault(named: fault.name) == fault)
        #expect(try Fault(named: fault.kind).kind == fault.kind)
    }

    @Test("No two faults share a name, and each loss and each failure of TLS has one")
    func complete() {
        let names = Set(FaultKind.all.map(\.name))
        #expect(names.count == FaultKind.all.count)
        #expect(Fault.Loss.allCases.allSatisfy { names.contains(Fault.answerLost($0).kind) })
        #expect(Fault.Handshake.allCases.allSatisfy { names.contains(Fault.tls($0).kind) })
    }

    @Test(
        "A fault is set behind the colon",
        arguments: [
            ("delayed:1500", Fault.delayed(.milliseconds(1500))), ("slow_bytes:1", .slowBytes(every: .milliseconds(1))),
            ("gateway_page:503", .gatewayPage(status: 503)), ("too_many_requests", .tooManyRequests(.missing)),
            ("too_many_requests:seconds=30", .tooManyRequests(.seconds(30))),
            ("too_many_requests:date=30", .tooManyRequests(.date(secondsAhead: 30))),
            ("too_many_requests:text=soon", .tooManyRequests(.text("soon"))),
            ("redirect:https://127.0.0.1:9/a:b", .redirect(to: "https://127.0.0.1:9/a:b")),
            ("oversized_body:2000000", .oversizedBody(bytes: 2_000_000)),
            ("expires_in:\"soon\"", .expiresIn("\"soon\"")),
            ("error:503=temporarily_unavailable", .error("temporarily_unavailable", status: 503)),
            ("github_error:slow_down", .githubError("slow_down")),
            (#"recorded:403={"a":"b=c"}"#, .recorded(status: 403, body: #"{"a":"b=c"}"#)),
        ])
    func setting(text: String, fault: Fault) throws {
        #expect(try Fault(named: text) == fault)
    }

    @Test(
        "What is no fault is told, with what to write instead",
        arguments: [
            ("truncated", "truncated_json"), ("", "too_many_requests"), ("held", "hang_before_answer"),
            ("reset:now", "leave “:now” out"), ("gateway_page:", "gateway_page:STATUS"),
            ("gateway_page:99", "gateway_page:STATUS"), ("gateway_page:five", "gateway_page:STATUS"),
            ("too_many_requests:30", "too_many_requests:seconds=N"), ("delayed:-1", "delayed:MILLISECONDS"),
            ("error:invalid_scope", "error:STATUS=CODE"), ("recorded:403", "recorded:STATUS=BODY"),
        ])
    func wrong(text: String, hint: String) {
        let error = #expect(throws: FaultNameError.self) { try Fault(named: text) }
        #expect(error?.description.contains(hint) == true)
    }
}
