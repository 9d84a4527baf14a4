package import NIOCore
import NIOSSL
import OAuth

/// Looks at where a connection really leads, after name resolution and before the first byte of a request.
package enum ConnectedAddress {
    /// The connection leads to where no credential may go.
    package struct Refused: Error {}

    /// Fails, and closes the channel, if its peer is link-local (a cloud's metadata service among them), or not this
    /// machine although nothing is encrypted.
    package static func check(_ channel: any Channel) -> EventLoopFuture<Void> {
        guard let peer = channel.remoteAddress?.ipAddress.flatMap(IPAddress.init) else {
            return refuse(channel, ChannelError.ioOnClosedChannel)
        }
        let isEncrypted = (try? channel.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)) != nil
        guard !peer.isLinkLocal, isEncrypted || peer.isLoopback else { return refuse(channel, Refused()) }
        return channel.eventLoop.makeSucceededVoidFuture()
    }

    private static func refuse(_ channel: any Channel, _ error: any Error) -> EventLoopFuture<Void> {
        channel.close(promise: nil)
        return channel.eventLoop.makeFailedFuture(error)
    }
}
