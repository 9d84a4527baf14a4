import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import OAuth

extension TransportFailure {
    /// What an error before anything was handed to the client means.
    init(_ error: any Error) {
        self = error as? TransportFailure ?? TransportFailure(.other, mayHaveBeenReceived: false)
    }

    /// What an error from the client means, given how far the request had got.
    ///
    /// Until the head was handed to the connection nothing can have been received. The client says that it was after it
    /// wrote it, so a write that fails at once is the one case in between: a request with a body is then still not
    /// whole, one without may have gone out.
    init(_ error: any Error, headWasSent: Bool, hasBody: Bool) {
        guard !(error is HTTPExchange.Withheld) else {
            self.init(.withheld, mayHaveBeenReceived: false)
            return
        }
        let kind = Kind(error, headWasSent: headWasSent)
        let isUnclear = !hasBody && (kind == .connectionClosed || kind == .other) && !error.isClosedBeforeUse
        self.init(kind, mayHaveBeenReceived: headWasSent || isUnclear)
    }
}

extension TransportFailure.Kind {
    fileprivate init(_ error: any Error, headWasSent: Bool) {
        switch error {
        case let error as HTTPClientError: self.init(error)
        case let error as NIOConnectionError: self.init(error)
        case let error as IOError: self.init(error, headWasSent: headWasSent)
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            // After the handshake, the end of TLS without its closing alert is the end of the connection.
            self = headWasSent ? .connectionClosed : .tls
        case ChannelError.connectTimeout: self = .timeout
        case is ChannelError: self = .connectionClosed
        case HTTPParserError.invalidEOFState: self = .connectionClosed
        case is AnswerGatherer.BodyTooLarge: self = .bodyTooLarge
        case is ConnectedAddress.Refused: self = .refusedAddress
        case is CancellationError: self = .cancelled
        default: self = .other
        }
    }

    private init(_ error: HTTPClientError) {
        switch error {
        case .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout, .deadlineExceeded, .readTimeout,
            .writeTimeout:
            self = .timeout
        case .cancelled, .requestStreamCancelled, .alreadyShutdown:
            self = .cancelled
        case .remoteConnectionClosed, .uncleanShutdown:
            self = .connectionClosed
        case .invalidURL, .emptyHost, .emptyScheme:
            self = .refusedAddress
        default:
            self = .other
        }
    }

    private init(_ error: NIOConnectionError) {
        if error.connectionErrors.isEmpty, error.dnsAError != nil || error.dnsAAAAError != nil {
            self = .nameResolution
        } else {
            let isTimeout =
                !error.connectionErrors.isEmpty && error.connectionErrors.allSatisfy { $0.error.isConnectTimeout }
            self = isTimeout ? .timeout : .connect
        }
    }

    private init(_ error: IOError, headWasSent: Bool) {
        switch error.errnoCode {
        case ECONNRESET, EPIPE, ECONNABORTED: self = .connectionClosed
        case ETIMEDOUT: self = .timeout
        default: self = headWasSent ? .connectionClosed : .connect
        }
    }
}

extension Error {
    fileprivate var isConnectTimeout: Bool {
        if case .connectTimeout = self as? ChannelError { true } else { false }
    }

    /// The connection was gone before the request was handed to it.
    fileprivate var isClosedBeforeUse: Bool {
        self as? ChannelError == .ioOnClosedChannel
    }
}
