/// Something that a grant can allow.
package enum Operation: String, Sendable, CaseIterable {
    case accountsRead = "accounts:read"
    case credentialsRead = "credentials:read"
    case clientSecretRead = "clientSecret:read"
    case accountsRefresh = "accounts:refresh"
    case accountsConnect = "accounts:connect"
    case accountsManage = "accounts:manage"
    case sessionsCreate = "sessions:create"
    case toolsExecute = "tools:execute"
    case eventsRead = "events:read"
    case daemonRead = "daemon:read"
    case daemonExport = "daemon:export"
}

/// A set of operations in two bytes.
package struct OperationSet: Sendable, Hashable {
    private var bits: UInt16

    package init(_ operations: some Sequence<Operation> = []) {
        bits = operations.reduce(0) { $0 | $1.bit }
    }

    package static let all = OperationSet(Operation.allCases)

    package func contains(_ operation: Operation) -> Bool { bits & operation.bit != 0 }

    package func isSuperset(of other: OperationSet) -> Bool { bits & other.bits == other.bits }

    package mutating func formUnion(_ other: OperationSet) { bits |= other.bits }

    package var isEmpty: Bool { bits == 0 }

    /// In the order of the declaration.
    package var operations: [Operation] { Operation.allCases.filter(contains) }
}

extension Operation {
    fileprivate var bit: UInt16 {
        switch self {
        case .accountsRead: 1 << 0
        case .credentialsRead: 1 << 1
        case .clientSecretRead: 1 << 2
        case .accountsRefresh: 1 << 3
        case .accountsConnect: 1 << 4
        case .accountsManage: 1 << 5
        case .sessionsCreate: 1 << 6
        case .toolsExecute: 1 << 7
        case .eventsRead: 1 << 8
        case .daemonRead: 1 << 9
        case .daemonExport: 1 << 10
        }
    }
}
