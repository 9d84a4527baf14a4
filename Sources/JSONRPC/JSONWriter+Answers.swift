internal import JSON

extension JSONWriter {
    /// Writes the answer to the call with this id: the result that `write` writes, or the error it throws; or nothing, if it
    /// says that the answer comes later.
    mutating func answer(
        _ id: Span<UInt8>, _ write: (inout JSONWriter) throws(RPCError) -> RPCAnswer
    ) -> RPCAnswer {
        let start = mark
        beginAnswer(id)
        let end = mark
        do throws(RPCError) {
            if try result(write) == .later {
                rewind(to: start)
                return .later
            }
        } catch {
            rewind(to: end)
            self.error(error)
        }
        endObject()
        return .written
    }

    /// Writes an error as the answer to the call with this id.
    mutating func answer(_ id: JSONValue?, with error: RPCError) {
        if let id {
            id.withRawJSON { beginAnswer($0) }
        } else {
            beginObject(with: #""jsonrpc":"2.0","id":null"#)
        }
        self.error(error)
        endObject()
    }

    @inline(__always)
    private mutating func beginAnswer(_ id: Span<UInt8>) {
        beginObject(with: #""jsonrpc":"2.0""#)
        memberRaw("id", id)
    }

    /// Writes the member `result`, and holds `write` to writing one value.
    private mutating func result(
        _ write: (inout JSONWriter) throws(RPCError) -> RPCAnswer
    ) throws(RPCError) -> RPCAnswer {
        key("result")
        let start = mark
        beginSlot()
        if try write(&self) == .later { return .later }
        switch endSlot(since: start) {
        case .filled: break
        case .empty: null()
        case .broken: throw .internalError("The daemon wrote a malformed result. Report this as a fault of the daemon.")
        }
        return .written
    }

    private mutating func error(_ error: RPCError) {
        key("error")
        beginObject()
        member("code", error.code)
        member("message", error.message)
        memberObject("data") { data in
            data.member("code", error.name)
            for member in error.data where member.key != "code" { data.member(member.key, member.value) }
        }
        endObject()
    }
}
