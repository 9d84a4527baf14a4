/// A page of the simulated provider: a heading, a few lines and forms with one button each. It needs no script.
struct Page {
    struct Form {
        /// Where it is posted to.
        var action: String
        /// Hidden ones.
        var fields: [AuthorizationServer.Field] = []
        /// The name of a field that the person fills in, with its label.
        var input: AuthorizationServer.Field?
        var button: String
        var method = "post"
    }

    var title: String
    var lines: [String] = []
    var forms: [Form] = []

    private static let style = """
        :root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:32rem;margin:10vh auto;padding:0 1rem}\
        button,input{font:inherit;padding:.5rem 1rem;margin:.25rem 0;width:100%;box-sizing:border-box}
        """

    func answer(status: Int = 200) -> AuthorizationServer.Answer {
        let headers: [AuthorizationServer.Field] = [
            .init("Content-Type", "text/html; charset=utf-8"), .init("Cache-Control", "no-store"),
            .init("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
            .init("Referrer-Policy", "no-referrer"),
        ]
        return AuthorizationServer.Answer(status: status, headers: headers, body: Array(html.utf8))
    }

    private var html: String {
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">\
        <title>\(Self.escaped(title))</title><style>\(Self.style)</style></head>
        <body><h1>\(Self.escaped(title))</h1>
        \(lines.map { "<p>\(Self.escaped($0))</p>\n" }.joined())\(forms.map(Self.html).joined())</body></html>

        """
    }

    private static func html(_ form: Form) -> String {
        let hidden = form.fields.map {
            "<input type=\"hidden\" name=\"\(escaped($0.name))\" value=\"\(escaped($0.value))\">"
        }
        let input = form.input.map { "<label>\(escaped($0.value))<input name=\"\(escaped($0.name))\"></label>" }
        return "<form method=\"\(form.method)\" action=\"\(escaped(form.action))\">\(hidden.joined())\(input ?? "")"
            + "<button>\(escaped(form.button))</button></form>\n"
    }

    /// Text that is neither markup nor the end of an attribute.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
