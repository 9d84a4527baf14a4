/// The pages that browsers can read at their one-time addresses, for a short time.
struct PageStore: Sendable {
    private struct Entry {
        var id: String
        var page: CallbackPage
        var expiry: Duration
    }

    private let capacity: Int
    private let lifetime: Duration
    /// In the order of arrival, which is that of expiry.
    private var entries: [Entry] = []

    init(limits: CallbackLimits) {
        capacity = limits.pages
        lifetime = limits.pageTime
    }

    /// Keeps a page; the oldest makes room. `id` must be one that nobody can guess.
    mutating func add(_ page: CallbackPage, id: String, now: Duration) {
        removeExpired(now)
        if entries.count >= capacity { entries.removeFirst() }
        entries.append(Entry(id: id, page: page, expiry: now + lifetime))
    }

    /// The page, as often as it is asked for until it expires.
    mutating func page(_ id: String, now: Duration) -> CallbackPage? {
        removeExpired(now)
        return entries.first { $0.id == id }?.page
    }

    mutating func removeAll() { entries = [] }

    private mutating func removeExpired(_ now: Duration) {
        entries.removeAll { $0.expiry <= now }
    }

    /// 128 bits, in hexadecimal digits.
    static func randomID() -> String {
        var random = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: (0..<32).map { _ in digits[Int(random.next(upperBound: 16 as UInt))] }, as: UTF8.self)
    }
}
