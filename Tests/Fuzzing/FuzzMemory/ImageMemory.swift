import Glibc
import SecretVault

/// Ordinary memory with an image in it.
package struct ImageMemory: ~Copyable, RecordMemory {
    package private(set) var image: [UInt8]

    package init(image: [UInt8]) { self.image = image }

    package var count: Int { image.count }

    package func withBytes<Result: ~Copyable, Failure>(
        _ range: Range<Int>, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(image.span.extracting(range))
    }

    package mutating func write(_ bytes: Span<UInt8>, at offset: Int) {
        for index in bytes.indices { image[offset + index] = bytes[index] }
    }

    package mutating func store(_ word: UInt64, at offset: Int) {
        precondition(offset % 8 == 0)
        for byte in 0..<8 { image[offset + byte] = UInt8(truncatingIfNeeded: word >> (byte * 8)) }
    }

    package mutating func wipe(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        unsafe image.withUnsafeMutableBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            unsafe memset(start + range.lowerBound, 0, range.count)
        }
    }
}
