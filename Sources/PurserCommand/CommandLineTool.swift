internal import ArgumentParser
internal import PurserClient

/// Runs the command line.
package enum CommandLineTool {
    /// Does what `arguments` (without the program's name) say, and returns the exit code.
    package static func run(_ arguments: [String], in environment: CommandEnvironment) async -> Int32 {
        var isJSON = false
        do {
            let command = try Purser.parseAsRoot(arguments)
            guard let calling = command as? any CallingCommand else { return try runBuiltIn(command, environment) }
            isJSON = calling.options.json
            try await calling.run(try await calling.options.connect(), in: environment)
            return ExitStatus.done.rawValue
        } catch {
            return report(error, isJSON: isJSON, environment).rawValue
        }
    }

    /// The root alone, which names no command, and what the argument parser brings along: `help`.
    private static func runBuiltIn(_ command: any ParsableCommand, _ environment: CommandEnvironment) throws -> Int32 {
        if command is Purser {
            try environment.errors.write(Purser.helpMessage(columns: environment.errors.width) + "\n")
            return ExitStatus.usage.rawValue
        }
        var command = command
        try command.run()
        return ExitStatus.done.rawValue
    }

    private static func report(_ error: any Error, isJSON: Bool, _ environment: CommandEnvironment) -> ExitStatus {
        let (status, text, output) = explanation(of: error, isJSON: isJSON, environment)
        // If not even this can be written, nobody is left to be told.
        try? output.write(text)
        return status
    }

    private static func explanation(
        of error: any Error, isJSON: Bool, _ environment: CommandEnvironment
    ) -> (ExitStatus, String, CommandOutput) {
        let errors = environment.errors
        switch error {
        case let error as PurserError:
            return (ExitStatus(error), errorText(error, isJSON: isJSON, width: errors.width), errors)
        case let failure as CommandFailure:
            return (failure.status, failure.reason.map { "purser: \($0)\n" } ?? "", errors)
        default:
            let text = Purser.fullMessage(for: error, columns: environment.output.width)
            guard Purser.exitCode(for: error) == .success else { return (.usage, text + "\n", errors) }
            return (.done, text.isEmpty ? "" : text + "\n", environment.output)
        }
    }
}
