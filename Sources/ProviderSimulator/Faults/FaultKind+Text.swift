internal import OAuth

extension FaultKind {
    /// The table as the page `Sources/ProviderSimulator/FAULTS.md`, to the last byte.
    package static func markdown() -> String {
        var page = introduction
        page +=
            "\n| fault | what the client sees | carried out | what Purser makes of it |\n| --- | --- | --- | --- |\n"
        for kind in all {
            let columns = ["`\(kind.usage)`", kind.sight, kind.fault.isApplied ? "yes" : "no", kind.verdict]
            page += "| " + columns.joined(separator: " | ") + " |\n"
        }
        return page
    }

    /// The table for a terminal.
    package static func list() -> String {
        let rows = all.map { kind in
            """
              \(kind.usage)
                  \(kind.sight.replacing("`", with: ""))\(kind.fault.isApplied ? "; the request is carried out" : "")
                  Purser: \(kind.verdict.replacing("`", with: ""))

            """
        }
        return rows.joined()
    }

    /// The name, with what may be set.
    private var usage: String { name + (setting.map { "[:\($0.form)]" } ?? "") }

    /// What is seen, and how it is set unless it is set otherwise.
    private var sight: String { fault.name == name ? seen : seen + "; by itself `\(fault.name)`" }

    private var verdict: String {
        switch meaning {
        case .granted: "granted"
        case .failed(let failureClass, let reason, let maybeApplied):
            "\(failureClass.rawValue), `\(reason)`" + (maybeApplied ? ", maybe applied" : "")
        }
    }

    private static let introduction = """
        # Faults that the simulated provider has

        An OAuth provider that goes wrong in the ways that real ones do, for any client to be tried against:

        ```sh
        swift run provider-simulator --fault truncated_json
        swift run provider-simulator --fault too_many_requests:seconds=30 --fault gateway_page:503 --times 4
        swift run provider-simulator --provider xero --mix --rate 0.3 --seed 7
        ```

        It prints an address, a client, a refresh token and a line of `curl` to begin with, then each request and what it
        met. Several faults are met by turns. `--help` tells the rest.

        The rows are written from the table in `Sources/ProviderSimulator/Faults`; tests hold the page to it, and each row to
        what Purser makes of it over a real connection.

        - *fault*: what stands in brackets may be set; the row is of the fault as it is by itself.
        - *carried out*: the provider acts on the request, and a refresh token that rotates is spent. Elsewhere nothing has
          changed there, and the same request may be sent again.
        - *what Purser makes of it*: class and reason at a token request, as [`Protocol/FAILURES.md`](../../Protocol/FAILURES.md)
          explains them. *Maybe applied*: whether the request was carried out cannot be known from outside.

        A fault of TLS strikes the next connection, whatever is asked on it. Where there is one, or `--tls`, the simulator
        speaks TLS with certificates of an authority that is made anew at each start; a file for the client to trust is
        named in the first lines. `unresolvable_host` is in the address that discovery and the simulator's first lines
        name, since no server can fail to be found; it cannot be mixed with others.

        """
}
