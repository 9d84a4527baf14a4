internal import JSON

/// What was answered, as text that is wiped when the last copy is gone.
package struct Answer: Sendable {
    private let value: JSON.JSONValue

    init(_ value: JSON.JSONValue) { self.value = value }

    /// Lends the result as the daemon wrote it, UTF-8 without line breaks.
    package func withUTF8<Result: ~Copyable, Failure>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try value.withRawJSON(body)
    }

    /// A copy as a plain value; secrets in it are plain strings.
    package var copy: JSONValue { JSONValue(value) }
}

extension PurserClient {
    /// As ``call(_:_:timeout:)``, for those who pass the text of parameters and result on.
    package func callText(_ request: RequestLine, timeout: Duration? = nil) async throws -> Answer {
        Answer(try await answer(to: request, timeout: timeout))
    }

    /// As ``call(_:_:timeout:)``, for those who pass the text of the result on.
    package func callText(
        _ method: String, _ parameters: JSONValue = .null, timeout: Duration? = nil
    ) async throws -> Answer {
        Answer(try await answer(to: RequestLine(method, parameters), timeout: timeout))
    }
}
