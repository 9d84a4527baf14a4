package import NIOCore
import NIOSSL
import OAuth

/// Looks at where a connection really leads, after name resolution and before the first byte of a request.
package enum ConnectedAddress {
    /// The connection leads to where no credential may go.
    package struct Refused: Error {}

    /// Where connections for a host may lead. Nowhere does it include link-local peers (a cloud's metadata service among
    /// them), nor, unless they are this machine, unencrypted ones.
    package enum Reach: Sendable, CaseIterable {
        /// A name may resolve to what it likes, so a private or loopback peer means that somebody wants credentials sent
        /// there.
        case internet
        /// The host is `localhost` or a loopback address, as it was written.
        case thisMachine
        /// The operator has said that the host is on a network of their own.
        case privateNetwork
    }

    /// Fails, and closes the channel, if its peer is out of reach.
    package static func check(_ channel: any Channel, within reach: Reach) -> EventLoopFuture<Void> {
        guard let peer = channel.remoteAddress?.ipAddress.flatMap(IPAddress.init) else {
            return refuse(channel, ChannelError.ioOnClosedChannel)
        }
        let isEncrypted = (try? channel.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)) != nil
        guard !peer.isLinkLocal, isEncrypted || peer.isLoopback, reach.includes(peer) else {
            return refuse(channel, Refused())
        }
        return channel.eventLoop.makeSucceededVoidFuture()
    }

    private static func refuse(_ channel: any Channel, _ error: any Error) -> EventLoopFuture<Void> {
        channel.close(promise: nil)
        return channel.eventLoop.makeFailedFuture(error)
    }
}

extension ConnectedAddress.Reach {
    fileprivate func includes(_ peer: IPAddress) -> Bool {
        switch self {
        case .internet: peer.leadsToInternet
        case .thisMachine: peer.isLoopback
        case .privateNetwork: true
        }
    }
}
