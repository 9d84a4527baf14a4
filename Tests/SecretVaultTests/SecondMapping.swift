import Glibc
import Testing

/// A mapping of its own of a vault's memory: what the next process, or a thief of the descriptor, would see.
@safe
struct SecondMapping: ~Copyable {
    private let memory: UnsafeMutableRawBufferPointer

    init(of descriptor: CInt) throws {
        var status = stat()
        try #require(unsafe fstat(descriptor, &status) == 0)
        let count = Int(status.st_size)
        let start = unsafe mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        try #require(unsafe start != MAP_FAILED)
        unsafe memory = UnsafeMutableRawBufferPointer(start: start, count: count)
    }

    deinit { unsafe munmap(memory.baseAddress, memory.count) }

    var bytes: [UInt8] { unsafe Array(memory) }

    /// Where it starts, as /proc/PID/mem counts.
    var address: Int { unsafe Int(bitPattern: memory.baseAddress) }

    /// Changes one byte behind the vault's back.
    func set(_ byte: UInt8, at offset: Int) { unsafe memory[offset] = byte }
}
