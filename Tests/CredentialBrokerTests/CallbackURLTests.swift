import JSON
import TestKit
import Testing

@Suite("Where a browser goes on to after a link", .timeLimit(.minutes(2)))
struct CallbackURLTests {
    @Test(
        "A callbackUrl that a browser could not be sent to is refused when the link is begun",
        arguments: [
            ("https://app.example/?status=mine", "has the parameter status already"),
            ("https://app.example/?a=1&connected%5Faccount_id=x", "has the parameter connected_account_id already"),
            ("http://app.example/", "must begin with https://"), ("https://10.0.0.1/", "private"),
            ("https://me@app.example/", "user name"),
        ])
    func callbackURL(url: String, reason: String) async throws {
        let stage = try LinkStage()
        let answer = await stage.ask(
            "connectedAccounts.link", ["userId": "alice", "authConfigId": "ac_hub", "callbackUrl": .string(url)])
        #expect(answer.error?["message"]?.string?.contains("callbackUrl") == true)
        #expect(answer.error?["message"]?.string?.contains(reason) == true)
        #expect(answer.errorData?["parameter"] == "callbackUrl")
        #expect(await stage.ask("connectedAccounts.list", [:])["items"]?.elements.isEmpty == true)
        let fine = await stage.ask(
            "connectedAccounts.link",
            ["userId": "alice", "authConfigId": "ac_hub", "callbackUrl": "https://app.example/?substatus=1#/done"])
        #expect(fine["status"] == "INITIATED")
    }
}
