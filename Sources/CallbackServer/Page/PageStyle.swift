internal import Crypto
internal import SecretBytes

/// The one style sheet of the pages, and its hash by which the policy admits it and no other.
enum PageStyle {
    /// `sha256-…`, as a source of `style-src` (CSP level 3, section 2.3.1).
    static let sourceHash: String = {
        let digest = SHA256.hash(data: text.withUTF8Buffer { unsafe Array($0) })
        var base64 = SecretBuffer()
        Base64.encode(Array(digest).span, into: &base64)
        let symbols = base64.withBytes { bytes in bytes.indices.map { bytes[$0] } }
        return "sha256-" + String(decoding: symbols, as: UTF8.self)
    }()

    static let text: StaticString = """
        :root {
          color-scheme: light dark;
          --page: #f4f5f7; --card: #fff; --edge: #e3e6ea; --ink: #16191d; --soft: #5a636e;
          --box: #f4f5f7; --accent: #5a636e; --tint: #eef0f3;
        }
        .connected { --accent: #14784a; --tint: #e9f6ef; }
        .failed { --accent: #b4391f; --tint: #fdf0ed; }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #0f1215; --card: #181c21; --edge: #2a3038; --ink: #eceff2; --soft: #a0a9b4;
            --box: #21272e; --accent: #a8b1bc; --tint: #252c34;
          }
          .connected { --accent: #4cc38a; --tint: #14291f; }
          .failed { --accent: #ff8f73; --tint: #33201b; }
        }
        * { box-sizing: border-box; margin: 0; }
        body {
          min-height: 100vh; min-height: 100svh; padding: 1.5rem 1rem;
          display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 1.25rem;
          background: var(--page); color: var(--ink); overflow-wrap: anywhere;
          font: 1.0625rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Cantarell, Ubuntu, sans-serif;
          -webkit-text-size-adjust: 100%; text-size-adjust: 100%;
        }
        main {
          width: 100%; max-width: 31rem; padding: 2.25rem;
          background: var(--card); border: 1px solid var(--edge); border-radius: 1rem;
          box-shadow: 0 1px 2px rgb(0 0 0 / .04), 0 12px 32px rgb(0 0 0 / .06);
        }
        svg { display: block; margin-bottom: 1.25rem; }
        circle { fill: var(--tint); }
        path { fill: none; stroke: var(--accent); stroke-width: 3.5; stroke-linecap: round; stroke-linejoin: round; }
        h1 {
          margin-bottom: .625rem; font-size: 1.625rem; line-height: 1.2; font-weight: 650; letter-spacing: -.015em;
          text-wrap: balance;
        }
        p { color: var(--soft); text-wrap: pretty; }
        strong { color: var(--ink); font-weight: 600; }
        dl { margin-top: 1.25rem; border-top: 1px solid var(--edge); font-size: .9375rem; }
        dl div { display: flex; gap: 1rem; padding: .5rem 0; border-bottom: 1px solid var(--edge); }
        dt { flex: 0 0 8rem; color: var(--soft); }
        dd { flex: 1; min-width: 0; }
        section { margin-top: 1.25rem; }
        section p { color: var(--ink); }
        .connected section { margin-top: .75rem; }
        .connected dl + section { margin-top: 1.25rem; }
        .failed section, .neutral section { padding: .875rem 1rem 1rem; background: var(--box); border-radius: .625rem; }
        h2 { margin-bottom: .25rem; font-size: .8125rem; font-weight: 600; color: var(--soft); }
        footer { max-width: 31rem; color: var(--soft); font-size: .8125rem; text-align: center; text-wrap: balance; }
        @media (max-width: 30rem) {
          body { justify-content: flex-start; padding: 1rem .75rem; }
          main { padding: 1.5rem; }
          dl div { flex-direction: column; gap: 0; }
          dt { flex: none; }
        }
        """
}
