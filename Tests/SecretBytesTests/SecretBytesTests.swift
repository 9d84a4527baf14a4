import SecretBytes
import Testing

@Suite("Bytes that are wiped")
struct SecretBytesTests {
    @Test(
        "A copy holds the same bytes and is compared without looking",
        arguments: [
            ("gho_abc", true),
            ("gho_abd", false),
            ("gho_ab", false),
            ("", false),
        ])
    func copies(other: String, same: Bool) {
        let token = SecretBytes(utf8: "gho_abc").copy()
        let equal = token.isEqual(to: SecretBytes(utf8: other))
        #expect(equal == same)
    }

    @Test("A buffer keeps its bytes while it grows, and gives them up from either end")
    func grows() {
        var buffer = SecretBuffer()
        for number in 0..<1000 { buffer.append(UInt8(number % 251)) }
        buffer.removeFirst(10)
        buffer.truncate(to: 500)
        #expect(buffer.count == 500)
        #expect(buffer.withBytes { $0[0] } == 10)
        #expect(buffer.withBytes { $0[499] } == UInt8(509 % 251))
        buffer.removeAll()
        buffer.append("tail")
        buffer.append(utf8: "ed")
        let tailed = buffer.bytes().isEqual(to: SecretBytes(utf8: "tailed"))
        #expect(tailed)
    }

    @Test("What was given up is zero in memory, where it stood")
    func wipes() throws {
        var buffer = SecretBuffer(minimumCapacity: 64)
        buffer.append("a secret that must not stay")
        let before = unsafe buffer.withBytes { unsafe $0.withUnsafeBytes { unsafe $0 } }
        #expect(unsafe before.contains(UInt8(ascii: "s")))
        buffer.removeAll()
        #expect(unsafe before.allSatisfy { $0 == 0 })
    }
}
