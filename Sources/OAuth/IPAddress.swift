import Glibc

/// An IPv4 or IPv6 address, and what kind of network it belongs to.
package struct IPAddress: Sendable, Equatable {
    /// In network order: 4 bytes or 16.
    package let bytes: [UInt8]

    /// Reads exactly dotted-decimal IPv4 or IPv6 text (inet_pton(3)); no zone, no short, octal or hexadecimal IPv4.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        guard text.utf8.count < Int(INET6_ADDRSTRLEN), !text.utf8.contains(0) else { return nil }
        guard let bytes = Self.parse(text, family: AF_INET, length: 4) ?? Self.parse(text, family: AF_INET6, length: 16)
        else {
            return nil
        }
        self.bytes = bytes
    }

    /// From the bytes of an address structure; nil unless 4 or 16.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    package var isIPv4: Bool { bytes.count == 4 }

    /// 127.0.0.0/8, ::1.
    package var isLoopback: Bool {
        isIPv4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
    }

    /// 169.254.0.0/16, fe80::/10: neighbours on the wire, and the metadata services of clouds. The AWS one at
    /// fd00:ec2::254 too.
    package var isLinkLocal: Bool {
        if let embedded = embeddedIPv4 { return embedded.isLinkLocal }
        if isIPv4 { return bytes[0] == 169 && bytes[1] == 254 }
        let isMetadata = bytes.starts(with: [0xFD, 0x00, 0x0E, 0xC2])
        return isMetadata || (bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80)
    }

    /// Whether a connection to this address goes to the internet: as ``isGlobal``, but of an address that carries an IPv4
    /// one, that is asked, for a NAT64 translates it on the way.
    package var leadsToInternet: Bool { embeddedIPv4.map(\.isGlobal) ?? isGlobal }

    /// Reachable from the whole internet as far as the number tells: not in a block that the IANA special-purpose
    /// registries (RFC 6890) keep from it, nor IPv6 that carries an IPv4 address, which has its own way of being
    /// written.
    package var isGlobal: Bool {
        isIPv4 ? isGlobalIPv4 : embeddedIPv4 == nil && isGlobalIPv6
    }

    private var isGlobalIPv4: Bool {
        switch (bytes[0], bytes[1]) {
        case (0, _), (10, _), (127, _), (224..., _): false
        case (100, 64...127), (169, 254), (172, 16...31), (192, 168), (198, 18...19): false
        case (192, 0): bytes[2] != 0 && bytes[2] != 2
        case (198, 51): bytes[2] != 100
        case (203, 0): bytes[2] != 113
        default: true
        }
    }

    private var isGlobalIPv6: Bool {
        // Global unicast is 2000::/3 so far; 2001:db8::/32 and 3fff::/20 are for documentation, 2001::/23 for
        // protocols.
        guard bytes[0] & 0xE0 == 0x20 else { return false }
        let isProtocol = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] <= 0x01
        let isDocumentation = bytes.starts(with: [0x20, 0x01, 0x0D, 0xB8]) || (bytes[0] == 0x3F && bytes[1] == 0xFF)
        return !isProtocol && !isDocumentation
    }

    /// The IPv4 address inside a mapped (::ffff:0:0/96), compatible (::/96), NAT64 (64:ff9b::/96) or 6to4 (2002::/16)
    /// one.
    private var embeddedIPv4: IPAddress? {
        guard !isIPv4, !isLoopback else { return nil }
        if bytes.starts(with: [0x20, 0x02]) { return IPAddress(bytes: Array(bytes[2..<6])) }
        let prefix = bytes[..<12]
        let zeros = [UInt8](repeating: 0, count: 10)
        let carries =
            prefix.elementsEqual(zeros + [0xFF, 0xFF]) || prefix.elementsEqual(zeros + [0, 0])
            || prefix.elementsEqual([0x00, 0x64, 0xFF, 0x9B] + zeros.prefix(8))
        return carries ? IPAddress(bytes: Array(bytes[12...])) : nil
    }

    private static func parse(_ text: String, family: Int32, length: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: length)
        let result = unsafe bytes.withUnsafeMutableBytes { unsafe inet_pton(family, text, $0.baseAddress) }
        return result == 1 ? bytes : nil
    }
}
