/// One thing that is wrong in a YAML text, where it is, and what to do about it.
///
/// Its words name keys and kinds of value, never a value: that could be a secret in the wrong place.
package struct YAMLProblem: Sendable, Equatable, CustomStringConvertible {
    package let location: YAMLLocation
    package let message: String

    package init(at location: YAMLLocation, _ message: String) {
        self.location = location
        self.message = message
    }

    /// `purser.yaml:12: authConfigs.ac_github.clientSecert: unknown key; did you mean clientSecret?`
    package var description: String { "\(location): \(message)" }
}

/// Everything that is wrong in a YAML text, up to a bound: who mends a file wants to hear it all at once.
package struct YAMLProblems: Error, Sendable, Equatable, CustomStringConvertible {
    /// The first ones, in the order found.
    package private(set) var problems: [YAMLProblem] = []
    /// How many more there were.
    package private(set) var omittedCount = 0

    /// How many are kept.
    package static let limit = 20

    package init() {}

    package var isEmpty: Bool { problems.isEmpty }

    /// The message is made only if it will be kept: a search for what was meant takes its time.
    package mutating func add(at location: YAMLLocation, _ message: @autoclosure () -> String) {
        if problems.count < Self.limit {
            problems.append(YAMLProblem(at: location, message()))
        } else {
            omittedCount += 1
        }
    }

    package mutating func add(at node: YAMLNode, _ message: @autoclosure () -> String) {
        add(at: node.location, message())
    }

    package mutating func add(_ others: YAMLProblems) {
        for problem in others.problems { add(at: problem.location, problem.message) }
        omittedCount += others.omittedCount
    }

    /// Throws itself unless nothing is wrong.
    package func check() throws(YAMLProblems) {
        guard isEmpty else { throw self }
    }

    /// One line for each.
    package var description: String {
        let lines = problems.map(\.description)
        return (omittedCount == 0 ? lines : lines + ["and \(omittedCount) more"]).joined(separator: "\n")
    }
}
