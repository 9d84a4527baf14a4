internal import Glibc
internal import PurserCommand

/// The `purser` command.
@main
struct EntryPoint {
    static func main() async {
        exit(await CommandLineTool.run(Array(CommandLine.arguments.dropFirst()), in: .process))
    }
}
