import ProviderSimulator
import Testing

@Suite("The page where a user of the simulated provider decides")
struct ConsentPageTests {
    /// Posts a form to the address that the page's forms have.
    private func submit(_ trial: inout ProviderTrial, _ page: AuthorizationServer.Answer, _ form: String) throws
        -> AuthorizationServer.Answer
    {
        let start = try #require(page.text.firstRange(of: "action=\"authorize?"))
        let query = page.text[start.upperBound...].prefix { $0 != "\"" }.replacing("&amp;", with: "&")
        return trial.respond(
            .init(
                method: "POST", path: "/authorize", query: String(query),
                contentType: "application/x-www-form-urlencoded", body: Array(form.utf8)))
    }

    @Test("It has one form for each user and one to deny, works without scripts, and forbids all from elsewhere")
    func page() {
        var trial = ProviderTrial(.google)
        trial.server.consent = .page
        let page = trial.authorize()
        #expect(page.status == 200)
        #expect(page.text.split(separator: "<form ").count == 4)
        #expect(page.text.contains("Allow as Ada<") && page.text.contains("Allow as Bob<"))
        #expect(page.text.contains("openid, email"))
        #expect(page.header("Content-Security-Policy")?.hasPrefix("default-src 'none'") == true)
        #expect(page.header("Cache-Control") == "no-store")
        #expect(!page.text.contains("<script"))
    }

    @Test(
        "Where a consent is for one organisation, it has a form for each", arguments: [SimulatedProvider.notion, .myob])
    func organisations(provider: SimulatedProvider) throws {
        var trial = ProviderTrial(provider)
        trial.server.consent = .page
        let page = trial.authorize()
        #expect(page.text.contains("Allow as Ada, One<") && page.text.contains("Allow as Ada, Two<"))
        let answer = try submit(&trial, page, "user_id=sub-ada&organisation_id=org-2")
        let landing = try ProviderTrial.landing(answer)
        let tokens = trial.exchange(landing["code"])
        if provider == .notion {
            #expect(tokens.string("workspace_id") == "org-2")
        } else {
            #expect(landing["businessId"] == "org-2")
        }
    }

    @Test("Its forms decide as the user did, and for that user")
    func forms() throws {
        var trial = ProviderTrial(.google)
        trial.server.consent = .page
        let page = trial.authorize(["state": "a&b"])
        let yes = try ProviderTrial.landing(submit(&trial, page, "user_id=sub-bob"))
        #expect(yes["state"] == "a&b")
        let token = trial.exchange(yes["code"]).string("access_token")
        #expect(trial.call("/userinfo", token).string("sub") == "sub-bob")
        let no = try ProviderTrial.landing(submit(&trial, page, "decision=deny"))
        #expect(no["error"] == "access_denied")
    }

    @Test(
        "A form that says nothing, or speaks for a stranger, decides nothing",
        arguments: ["", "user_id=nobody", "user_id=sub-bob&organisation_id=org-1", "decision=perhaps"])
    func strangeForms(form: String) throws {
        var trial = ProviderTrial(.notion)
        trial.server.consent = .page
        let page = trial.authorize()
        #expect(try submit(&trial, page, form).status == 400)
    }

    @Test("Text from outside is no markup in it")
    func escapes() {
        var trial = ProviderTrial(.google)
        trial.server.consent = .page
        trial.server.add(
            AuthorizationServer.User(id: "\"><i>", number: 1, login: "x", email: "x", name: "<b>'&"))
        let page = trial.authorize(["scope": "<script>alert(1)</script>", "state": "\"><u>"])
        #expect(!page.text.contains("<script>"))
        #expect(!page.text.contains("<b>") && !page.text.contains("<i>") && !page.text.contains("<u>"))
        #expect(page.text.contains("&lt;b&gt;&#39;&amp;"))
        let raw = ProviderTrial.query(ProviderTrial.parameters(.google)) + "&x=\"><u>"
        #expect(!trial.respond(.init(method: "GET", path: "/authorize", query: raw)).text.contains("<u>"))
    }
}
