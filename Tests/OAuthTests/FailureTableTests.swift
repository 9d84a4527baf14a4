import OAuth
import SecretBytes
import Testing

@Suite("The failure table")
struct FailureTableTests {
    @Test("Each failure has the class, reason and consequence that are published for it", arguments: FailureCase.all)
    func row(_ row: FailureCase) throws {
        let failure = try #require(row.read())
        #expect(failure.failureClass == row.failureClass)
        #expect(failure.reason == row.reason)
        #expect(failure.isRevocation == row.isRevocation)
        #expect(failure.mayHaveBeenApplied == row.mayHaveBeenApplied)
        #expect(failure.oauthError == row.code)
        #expect(failure.status == row.status)
    }

    @Test("No row of the table is without a case of its own", arguments: FailureTable.rows)
    func everyRowIsTested(_ row: FailureRow) {
        #expect(FailureCase.all.contains { FailureTable.row(for: $0.observation()) == row })
    }

    @Test(
        "Every kind of transport failure has a row of its own", arguments: TransportFailure.Kind.allCases,
        [true, false])
    func transport(kind: TransportFailure.Kind, sent: Bool) throws {
        let read = failed(
            TokenAnswerReader.read(
                .failed(TransportFailure(kind, mayHaveBeenReceived: sent)),
                description: .init(url: "https://id.example/"),
                receivedAt: now))
        let failure = try #require(read)
        let row = FailureTable.row(for: .transport(TransportFailure(kind, mayHaveBeenReceived: sent)))
        #expect(row.cause == .transport(kind))
        #expect(failure.reason == row.reason)
        #expect(failure.mayHaveBeenApplied == sent)
        #expect(failure.status == nil)
    }

    @Test("Only an error code ends a grant, and a verdict leaves nothing open")
    func classes() {
        for row in FailureTable.rows {
            guard case .code = row.cause else {
                #expect(row.failureClass != .deadGrant)
                continue
            }
            #expect(!row.isRevocation || row.failureClass == .deadGrant)
            #expect(row.failureClass == .transient || !row.mayHaveBeenApplied)
        }
    }

    @Test("Reasons are slugs", arguments: FailureTable.reasons.sorted())
    func slugs(reason: String) {
        #expect(reason.utf8.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789_".utf8.contains($0) })
        #expect((2...40).contains(reason.utf8.count))
    }

    @Test("The published page is this table, and names every reason")
    func published() throws {
        let page = try #require(contents(of: "Protocol/FAILURES.md"))
        #expect(page == FailureTable.markdown())
        for reason in FailureTable.reasons { #expect(page.contains("`\(reason)`")) }
    }
}
