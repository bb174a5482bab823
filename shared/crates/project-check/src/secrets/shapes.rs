//! Known token formats of services
//! (<https://docs.github.com/code-security/secret-scanning/introduction/supported-secret-scanning-patterns>).

/// Format of a token.
struct Shape {
    kind: &'static str,
    begins: &'static str,
    /// Characters allowed after the prefix besides letters and digits.
    also: &'static str,
    /// Minimum and maximum number of characters after the prefix.
    length: (usize, usize),
}

const fn shape(
    kind: &'static str,
    begins: &'static str,
    also: &'static str,
    length: (usize, usize),
) -> Shape {
    Shape {
        kind,
        begins,
        also,
        length,
    }
}

const MANY: usize = 1000;

/// Formats in order of match: a longer prefix comes before its own beginning.
const SHAPES: [Shape; 27] = [
    shape("an access key of AWS", "AKIA", "", (16, 16)),
    shape("an access key of AWS", "ASIA", "", (16, 16)),
    shape("a token of GitHub", "github_pat_", "_", (36, MANY)),
    shape("a token of GitHub", "ghp_", "", (36, MANY)),
    shape("a token of GitHub", "gho_", "", (36, MANY)),
    shape("a token of GitHub", "ghu_", "", (36, MANY)),
    shape("a token of GitHub", "ghs_", "", (36, MANY)),
    shape("a token of GitHub", "ghr_", "", (36, MANY)),
    shape("a token of GitLab", "glpat-", "-_", (20, MANY)),
    shape("a key of Google", "AIza", "-_", (35, 35)),
    shape("a client secret of Google", "GOCSPX-", "-_", (28, 28)),
    shape("a live key of Stripe", "sk_live_", "", (16, MANY)),
    shape("a live key of Stripe", "rk_live_", "", (16, MANY)),
    shape("a secret of a webhook", "whsec_", "+/=", (24, MANY)),
    shape("a token of Slack", "xoxb-", "-", (20, MANY)),
    shape("a token of Slack", "xoxp-", "-", (20, MANY)),
    shape("a token of Slack", "xoxa-", "-", (20, MANY)),
    shape("a token of Slack", "xoxs-", "-", (20, MANY)),
    shape("a token of Slack", "xapp-", "-", (20, MANY)),
    shape("a key of Anthropic", "sk-ant-", "-_", (20, MANY)),
    shape("a key of OpenAI", "sk-proj-", "-_", (20, MANY)),
    shape("a key of OpenAI", "sk-", "", (32, MANY)),
    shape("a token of Vercel", "vcp_", "", (20, MANY)),
    shape("a token of Netlify", "nfp_", "", (30, MANY)),
    shape("a token of npm", "npm_", "", (36, 36)),
    shape("a token of PyPI", "pypi-", "-_", (50, MANY)),
    shape("a token of Hugging Face", "hf_", "", (30, MANY)),
];

/// Returns the kind of token in a line.
pub(super) fn known(line: &str) -> Option<&'static str> {
    if line.contains("-----BEGIN") && line.contains("PRIVATE KEY") {
        return Some("a private key");
    }
    let found = SHAPES.iter().find(|shape| stands_in(shape, line));
    let found = found.map(|shape| shape.kind);
    found.or_else(|| is_web_token(line).then_some("a JSON web token"))
}

fn stands_in(shape: &Shape, line: &str) -> bool {
    line.match_indices(shape.begins).any(|(at, begins)| {
        let after = &line[at + begins.len()..];
        let fits = |c: char| c.is_ascii_alphanumeric() || shape.also.contains(c);
        let length = after.find(|c| !fits(c)).unwrap_or(after.len());
        let token = &after[..length];
        let (least, most) = shape.length;
        alone(&line[..at]) && (least..=most).contains(&length) && !is_made_up(token)
    })
}

/// Returns true if the text before the token ends at a word boundary.
fn alone(before: &str) -> bool {
    let last = before.chars().next_back();
    !last.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

/// Returns true for example tokens: words, or one repeated letter or pattern.
fn is_made_up(token: &str) -> bool {
    let mut seen = [false; 128];
    let mut different = 0;
    for byte in token.bytes().filter(u8::is_ascii) {
        different += usize::from(!std::mem::replace(&mut seen[usize::from(byte)], true));
    }
    let lower = token.to_ascii_lowercase();
    let words = [
        "example",
        "your",
        "xxxx",
        "placeholder",
        "replace",
        "changeme",
        "....",
    ];
    different < 6 || words.iter().any(|word| lower.contains(word))
}

/// Returns true for a JSON Web Token: three base64url parts, of which the first two begin like `{"`
/// (RFC 7519).
fn is_web_token(line: &str) -> bool {
    line.match_indices("eyJ").any(|(at, _)| {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let token = &line[at..];
        let end = token.find(|c| !fits(c)).unwrap_or(token.len());
        let parts: Vec<&str> = token[..end].split('.').collect();
        let payload = parts.get(1).is_some_and(|part| part.starts_with("eyJ"));
        alone(&line[..at]) && parts.len() == 3 && payload && parts[2].len() >= 16
    })
}
