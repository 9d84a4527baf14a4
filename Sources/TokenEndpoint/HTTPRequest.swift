import AsyncHTTPClient
import NIOHTTP1
import OAuth

extension HTTPClient.Request {
    /// The message for `request`, whose body is `body`. Its authorization is added on the connection, for the exchange
    /// of this number. Throws a ``TransportFailure`` where it must not be sent.
    init(_ request: borrowing ProviderRequest, body: HTTPClient.Body?, exchange: UInt64) throws {
        let refused = TransportFailure(.refusedAddress, mayHaveBeenReceived: false)
        guard let address = try? EndpointAddress.validate(request.url) else { throw refused }
        var headers = HTTPHeaders(request.headers.map { ($0.name, $0.value) })
        headers.remove(name: "Authorization")
        headers.replaceOrAdd(name: ExchangeTable.fieldName, value: "\(exchange)")
        try self.init(
            url: request.url, method: HTTPMethod(rawValue: request.method.rawValue), headers: headers, body: body)
        // Two parsers have read the address; if they disagree on where it leads, it leads nowhere.
        guard host.trimmingBrackets().lowercased() == address.host, port == address.port else { throw refused }
    }
}

extension String {
    fileprivate func trimmingBrackets() -> String {
        hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
    }
}
