import CLinux
import Glibc
import NIOCore
package import OAuth
import Synchronization

/// Exchanges that outlive a process: what the one before has sent, and what is left to the next.
extension HTTPTransport {
    package func answer(to name: ExchangeName, timeout: Duration) async -> ProviderOutcome {
        let answer = KeptAnswer(on: loop, maximumBodyLength: maximumBodyLength)
        defer { answer.stop(ChannelError.ioOnClosedChannel) }
        // Before it is taken over, so that whoever leaves in this moment finds it.
        guard keptAnswers.withLock({ $0.begin(answer, name) }) else {
            return .failed(TransportFailure(.left, mayHaveBeenReceived: true))
        }
        defer { keptAnswers.withLock { $0.end(name) } }
        guard let keeper, let kept = keeper.takeOver(name) else {
            return .failed(TransportFailure(.connectionClosed, mayHaveBeenReceived: true))
        }
        var written: UInt64 = 0
        if unsafe clinux_tcp_bytes_written(kept.socket, &written) == 0, written == kept.moved.written {
            // The process ended between noting that it would be sent and sending it.
            close(kept.socket)
            return .failed(TransportFailure(.connectionClosed, mayHaveBeenReceived: false))
        }
        // Cancelled, and waited for, when this scope ends.
        async let _ = answer.expire(after: timeout, clock)
        return await answer.read(kept, keeper: keeper)
    }

    package func forget(_ name: ExchangeName) { keeper?.forget(name) }

    /// Leaves what is kept to the next process, and waits for no answer to it any more: for the end of this one, before
    /// ``shutdown(within:)``. Their senders are told (``TransportFailure/Kind/left``) and forget nothing.
    package func leave() {
        let (exchanges, answers) = (exchanges.all(), keptAnswers.withLock { $0.leave() })
        loop.execute {
            for exchange in exchanges { exchange.leave() }
            for answer in answers { answer.leave() }
        }
    }
}

/// The answers to others' requests that are waited for, until all are left.
struct KeptAnswers: Sendable {
    private var answers: [ExchangeName: KeptAnswer] = [:]
    private var areLeft = false

    /// False once they are left.
    mutating func begin(_ answer: KeptAnswer, _ name: ExchangeName) -> Bool {
        guard !areLeft else { return false }
        answers[name] = answer
        return true
    }

    mutating func end(_ name: ExchangeName) { answers[name] = nil }

    mutating func leave() -> [KeptAnswer] {
        areLeft = true
        return Array(answers.values)
    }
}
