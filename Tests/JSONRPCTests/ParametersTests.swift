import JSON
import JSONRPC
import Testing

@Suite("Parameters")
struct ParametersTests {
    /// What `read` makes of the parameters, or the error.
    private func read(
        _ params: String?, _ names: [StaticString], path: StaticString = "",
        _ read: (RPCParameters) throws(RPCError) -> JSONTree
    ) throws -> Result<JSONTree, RPCError> {
        let document = JSONDocument()
        if let params { try document.parse(Array(params.utf8).span) }
        do throws(RPCError) {
            return .success(try read(RPCParameters(params == nil ? nil : document.root, names: names, path: path)))
        } catch {
            return .failure(error)
        }
    }

    private func error(_ result: Result<JSONTree, RPCError>) -> RPCError? {
        if case .failure(let error) = result { error } else { nil }
    }

    @Test(
        "A parameter is found by name and by position; null and missing ones are absent",
        arguments: [
            (#"{"a":"x","b":2}"#, ["x", 2]),
            (#"{"b":2,"a":"x"}"#, ["x", 2]),
            (#"{"b":2}"#, ["none", 2]),
            (#"{"a":null,"b":2}"#, ["none", 2]),
            (#"{"\u0061":"x"}"#, ["x", nil]),
            (#"["x",2]"#, ["x", 2]),
            (#"[null,2]"#, ["none", 2]),
            (#"["x"]"#, ["x", nil]),
            ("[]", ["none", nil]),
            ("{}", ["none", nil]),
            (nil, ["none", nil]),
        ] as [(String?, JSONTree)])
    func found(params: String?, expected: JSONTree) throws {
        let result = try read(params, ["a", "b"]) { (params) throws(RPCError) in
            let a = try params.optionalString("a") ?? "none"
            let b = try params.optionalInt("b")
            return [.string(a), b.map { .int($0) } ?? nil]
        }
        #expect(result == .success(expected))
    }

    @Test(
        "A parameter that the method did not list is absent, by name and by position", arguments: ["[1]", #"{"a":1}"#])
    func unlisted(params: String) throws {
        let result = try read(params, ["a"]) { (params) throws(RPCError) in params.value("b") == nil ? nil : true }
        #expect(result == .success(nil))
    }

    @Test(
        "Unknown names are refused and named, with the one that was meant",
        arguments: [
            (#"{"conectionId":"x"}"#, "'conectionId' (did you mean 'connectionId'?)"),
            (#"{"connectionID":"x"}"#, "'connectionID' (did you mean 'connectionId'?)"),
            (#"{"generation":1}"#, "'generation'. Known are: 'connectionId', 'ifGeneration'."),
            (#"{"xy":1}"#, "'xy'."),
            (#"{"connectionId":"x","ifGenerations":1,"y":2}"#, "'ifGenerations' (did you mean 'ifGeneration'?), 'y'."),
            (#"{"":1}"#, "''."),
        ])
    func unknown(params: String, message: String) throws {
        let result = try read(params, ["connectionId", "ifGeneration"]) { _ throws(RPCError) in nil }
        let error = error(result)
        #expect(error?.code == -32602)
        #expect(error?.name == "INVALID_PARAMS")
        #expect(error?.message.contains(message) == true)
        #expect(error?.data.first { $0.key == "expected" }?.value == ["connectionId", "ifGeneration"])
        let unknown = error?.data.first { $0.key == "unknown" }?.value
        #expect(unknown?.elements.allSatisfy { error?.message.contains("'\($0.text ?? "?")'") == true } == true)
        #expect(unknown?.elements.isEmpty == false)
    }

    @Test("Many long unknown names make no long message")
    func unknownFlood() throws {
        let names = (0..<500).map { "\"\($0)\(String(repeating: "x", count: 1000))\":0" }
        let error = error(try read("{" + names.joined(separator: ",") + "}", ["a"]) { _ throws(RPCError) in nil })
        #expect((error?.message.utf8.count ?? .max) < 1000)
        #expect(error?.data.first { $0.key == "unknown" }?.value.elements.count == 8)
    }

    @Test(
        "Too many parameters by position are refused",
        arguments: [
            ("[1,2,3]", ["a", "b"] as [StaticString], "'a', 'b'"), ("[null]", [], "no parameters"),
        ])
    func tooMany(params: String, names: [StaticString], message: String) throws {
        let error = error(try read(params, names) { _ throws(RPCError) in nil })
        #expect(error?.name == "INVALID_PARAMS")
        #expect(error?.message.contains(message) == true)
        #expect(error?.data.first { $0.key == "expected" }?.value.elements.count == names.count)
    }

    struct Wrong: Sendable, CustomTestStringConvertible {
        let value: String
        let message: String
        let read: @Sendable (RPCParameters) throws(RPCError) -> Void
        var testDescription: String { "\(value): \(message)" }

        init(_ value: String, _ message: String, _ read: @escaping @Sendable (RPCParameters) throws(RPCError) -> Void) {
            self.value = value
            self.message = message
            self.read = read
        }
    }

    @Test(
        "A wrong value is refused with the parameter's name and what to pass, never with the value",
        arguments: [
            Wrong("null", "'p' is missing: pass a string") { (p) throws(RPCError) in _ = try p.requiredString("p") },
            Wrong("null", "'p' is missing: pass a whole number from 0 to 9") { (p) throws(RPCError) in
                _ = try p.requiredInt("p", in: 0...9)
            },
            Wrong("5432", "'p' must be a string") { (p) throws(RPCError) in _ = try p.requiredString("p") },
            Wrong(#""s3cret""#, "at most 5 bytes; it is a string of 6 bytes") { (p) throws(RPCError) in
                _ = try p.optionalString("p", maxBytes: 5)
            },
            Wrong(#""s3cret""#, "'p' must be a whole number; it is a string") { (p) throws(RPCError) in
                _ = try p.optionalInt("p")
            },
            Wrong("5432.0", "'p' must be a whole number; it is a number that is not whole") { (p) throws(RPCError) in
                _ = try p.optionalInt("p")
            },
            Wrong("5432", "from 0 to 60000; it is another number") { (p) throws(RPCError) in
                guard try p.optionalInt("p", in: 0...60_000) == 5432 else { return }
                _ = try p.optionalInt("p", in: 0...5431)
                Issue.record("accepted")
            },
            Wrong("-5432", "of at least 1; it is another number") { (p) throws(RPCError) in
                _ = try p.optionalInt("p", in: 1 ... .max)
            },
            Wrong("5432", "of at most 7; it is another number") { (p) throws(RPCError) in
                _ = try p.optionalInt("p", in: .min...7)
            },
            Wrong(#""true""#, "'p' must be true or false") { (p) throws(RPCError) in _ = try p.optionalBool("p") },
            Wrong("{}", "'p' must be an array of at most 2 strings; it is an object") { (p) throws(RPCError) in
                _ = try p.optionalStringArray("p", maxCount: 2)
            },
            Wrong(#"["a","b","s3cret"]"#, "at most 2 strings; it is an array of 3 elements") { (p) throws(RPCError) in
                _ = try p.optionalStringArray("p", maxCount: 2)
            },
            Wrong(#"["a",5432]"#, "'p[1]' must be a string") { (p) throws(RPCError) in
                _ = try p.optionalStringArray("p", maxCount: 2)
            },
            Wrong(#"["s3cret"]"#, "'p' must be an object; it is an array") { (p) throws(RPCError) in
                _ = try p.optionalObject("p")
            },
        ])
    func wrong(_ row: Wrong) throws {
        let error = error(
            try read("{\"p\":\(row.value)}", ["p"]) { (params) throws(RPCError) in
                try row.read(params)
                return nil
            })
        let message = row.message.replacing("from 0 to 60000", with: "from 0 to 5431")
        #expect(error?.code == -32602)
        #expect(error?.message.contains(message) == true)
        #expect(error?.message.contains("s3cret") == false)
        #expect(error?.message.contains("5432") == false)
        #expect(error?.data.map { $0.key } == ["parameter", "expected"])
        #expect(error?.data.first?.value.text?.hasPrefix("p") == true)
    }

    @Test("The typed accessors give the values")
    func values() throws {
        let text = #"{"s":"é","i":-3,"b":false,"a":["x","\n"],"o":{"k":[1]},"e":[]}"#
        let result = try read(text, ["s", "i", "b", "a", "o", "e", "none"]) { (params) throws(RPCError) in
            #expect(try params.requiredString("s", maxBytes: 2) == "é")
            #expect(try params.requiredInt("i", in: -3...0) == -3)
            #expect(try params.optionalBool("b") == false)
            #expect(try params.optionalStringArray("a", maxCount: 2) == ["x", "\n"])
            #expect(try params.optionalStringArray("e", maxCount: 0) == [])
            #expect(try params.optionalBool("none") == nil)
            #expect(try params.optionalStringArray("none", maxCount: 1) == nil)
            #expect(try params.optionalObject("none") == nil)
            return try params.optionalObject("o").map { JSONTree($0) } ?? nil
        }
        #expect(result == .success(["k": [1]]))
    }

    @Test("The standard bound on strings is 4096 bytes", arguments: [(4096, true), (4097, false)])
    func bound(count: Int, isAccepted: Bool) throws {
        let text = String(repeating: "x", count: count)
        let result = try read("[\"\(text)\"]", ["a"]) { (params) throws(RPCError) in
            .string(try params.requiredString("a"))
        }
        #expect((result == .success(.string(text))) == isAccepted)
    }

    @Test("The members of a parameter are named with their path")
    func path() throws {
        let unknown = try read(#"{"apikey":"s3cret"}"#, ["apiKey"], path: "config.") { _ throws(RPCError) in nil }
        #expect(error(unknown)?.message.contains("'config.apikey' (did you mean 'config.apiKey'?)") == true)
        let missing = try read("{}", ["apiKey"], path: "config.") { (params) throws(RPCError) in
            .string(try params.requiredString("apiKey"))
        }
        #expect(error(missing)?.message.contains("'config.apiKey' is missing") == true)
    }
}
