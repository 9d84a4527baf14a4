/// A place in a YAML text, for whoever has to mend it.
package struct YAMLLocation: Sendable, Equatable, CustomStringConvertible {
    /// The file's name as it was given.
    package let file: String
    /// Counted from 1. A mapping's value has the line of its key.
    package let line: Int
    package let path: YAMLPath

    package init(file: String, line: Int, path: YAMLPath = .root) {
        self.file = file
        self.line = line
        self.path = path
    }

    /// `purser.yaml:12: agents[0].match.user`; the root has no path.
    package var description: String {
        path.isRoot ? "\(file):\(line)" : "\(file):\(line): \(path)"
    }
}

/// The keys and positions that lead to a value. Each node shares those of its parent, so that long paths cost nothing.
package final class YAMLPath: Sendable, Equatable, CustomStringConvertible {
    private enum Step: Sendable, Equatable {
        case key(String)
        case index(Int)
    }

    private let parent: YAMLPath?
    private let step: Step

    package static let root = YAMLPath(nil, .index(0))

    private init(_ parent: YAMLPath?, _ step: Step) {
        self.parent = parent
        self.step = step
    }

    package func key(_ key: String) -> YAMLPath { YAMLPath(self, .key(key)) }

    /// Counted from 0.
    package func index(_ index: Int) -> YAMLPath { YAMLPath(self, .index(index)) }

    package var isRoot: Bool { parent == nil }

    /// `agents[0].match.user`
    package var description: String {
        guard let parent else { return "" }
        switch step {
        case .key(let key): return parent.isRoot ? key : "\(parent).\(key)"
        case .index(let index): return "\(parent)[\(index)]"
        }
    }

    package static func == (left: YAMLPath, right: YAMLPath) -> Bool {
        left === right || (left.step == right.step && left.parent == right.parent)
    }
}
