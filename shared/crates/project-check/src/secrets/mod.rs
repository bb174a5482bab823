//! What looks like a key or a password: a video may show one, and a model may copy it. A finding
//! says what kind it is and in which line, and never what it is.

mod entropy;
mod shapes;
#[cfg(test)]
mod tests;

use super::finding::{Findings, Rule};

/// Longest line in which secrets are guessed at, in bytes: longer ones are no writing of anybody's.
const MAX_LINE_LENGTH: usize = 2_000;

/// How much before a text may name it, in bytes.
const MAX_NAME_LENGTH: usize = 100;

/// Shortest text that is taken for a secret.
const MIN_LENGTH: usize = 6;

/// Words that stand where a secret will.
const PLACEHOLDERS: [&str; 24] = [
    "your",
    "example",
    "changeme",
    "change-me",
    "change_me",
    "placeholder",
    "xxxx",
    "dummy",
    "fake",
    "replace",
    "insert",
    "todo",
    "sample",
    "<",
    "${",
    "{{",
    "...",
    "****",
    "test",
    "mock",
    "foo",
    "secret-key",
    "not-a",
    "development",
];

/// Files of hashes, which are no secrets.
const LOCKS: [&str; 8] = [
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "Cargo.lock",
    "poetry.lock",
    "uv.lock",
    "Pipfile.lock",
];

/// Names of what is secret, in small letters and without what joins words.
const NAMES: [&str; 15] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "secretkey",
    "apikey",
    "apitoken",
    "accesstoken",
    "authtoken",
    "accesskey",
    "privatekey",
    "clientsecret",
    "bearertoken",
    "dbpassword",
    "token",
];

/// What a file tells that it should not.
pub(super) fn check(path: &str, text: &str, findings: &mut Findings) {
    let name = path.rsplit('/').next().unwrap_or(path);
    let hashes = LOCKS.contains(&name);
    let in_test = path
        .split('/')
        .any(|part| part.contains("test") || part.contains("spec"));
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(kind) = shapes::known(line) {
            let message = format!("this looks like {kind}: read it from the environment");
            findings.error(number, Rule::Secret, message);
        } else if !hashes && line.len() <= MAX_LINE_LENGTH {
            let texts = match (name.starts_with(".env"), line.split_once('=')) {
                (true, Some((before, _))) => vec![Quoted {
                    before: &line[..=before.len()],
                    text: line[before.len() + 1..].trim_matches(['"', '\'', ' ']),
                }],
                _ => quoted(line),
            };
            guessed(number, line, texts, in_test, findings);
        }
    }
}

/// By the name that a text is given, and by how little it looks like language.
fn guessed(
    number: u32,
    line: &str,
    texts: Vec<Quoted<'_>>,
    in_test: bool,
    findings: &mut Findings,
) {
    let of_public = is_of_public(line);
    for quoted in texts {
        if quoted.text.len() < MIN_LENGTH || is_placeholder(quoted.text) {
            continue;
        }
        let random = !of_public && !is_id(quoted.text) && entropy::is_random(quoted.text);
        let named = names_secret(quoted.before) && is_dense(quoted.text);
        let message = match (named, random) {
            (true, _) => "a password or key is written into the file: read it from the environment",
            (_, true) => "this looks like a key: read it from the environment",
            _ => continue,
        };
        // What a test logs in with is seldom anybody's; and a short word may be a label.
        // Letters alone may be a label or the name of a header.
        let is_letter = |c: char| c.is_alphabetic() || matches!(c, '-' | '_');
        let mixed = quoted.text.len() >= 12 && !quoted.text.chars().all(is_letter);
        let sure = random || mixed && entropy::per_character(quoted.text) >= 2.5;
        if sure && !in_test {
            return findings.error(number, Rule::Secret, message);
        } else {
            findings.warning(number, Rule::Secret, message)
        }
    }
}

/// A text that a line gives to something.
struct Quoted<'a> {
    /// What stands before it in its line.
    before: &'a str,
    text: &'a str,
}

/// The texts in quotes of a line.
fn quoted(line: &str) -> Vec<Quoted<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = line[from..].find(['"', '\'', '`']).map(|at| from + at) {
        let quote = &line[open..=open];
        let Some(length) = line[open + 1..].find(quote) else {
            break;
        };
        let text = &line[open + 1..open + 1 + length];
        let before = &line[..open];
        found.push(Quoted { before, text });
        from = open + length + 2;
    }
    found
}

/// Whether a text is given to a name that is one of a secret: `name = `, `"name": `, `name: str = `.
fn names_secret(before: &str) -> bool {
    let mut from = before.len().saturating_sub(MAX_NAME_LENGTH);
    while !before.is_char_boundary(from) {
        from += 1;
    }
    let before = before[from..].trim_end();
    let Some(before) = before.strip_suffix(['=', ':']) else {
        return false;
    };
    // `==` compares.
    if before.ends_with(['=', '!', '<', '>']) {
        return false;
    }
    // A type between the name and its value.
    let name = before.rsplit_once(':').map_or(before, |(name, kind)| {
        let is_type = |c: char| c.is_alphanumeric() || " _|[]&'".contains(c);
        if kind.chars().all(is_type) && !kind.trim().is_empty() {
            name
        } else {
            before
        }
    });
    let name = name.trim_end().trim_end_matches(['"', '\'', '`', ']']);
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let name = name
        .rsplit(|c: char| !is_name(c))
        .next()
        .unwrap_or_default();
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    NAMES.iter().any(|secret| plain.ends_with(secret))
}

fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    PLACEHOLDERS.iter().any(|word| lower.contains(word))
}

/// Whether a text could be a password: no words with spaces, no path, no name of a variable.
fn is_dense(text: &str) -> bool {
    let is_name = text
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'-');
    let is_constant = text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let spaced = text.contains(char::is_whitespace);
    !spaced
        && !is_name
        && !is_constant
        && !text.starts_with(['/', '.', '#'])
        && !text.contains("://")
}

/// Whether a line tells of what is random by nature and public: hashes and pictures.
fn is_of_public(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let words = [
        "integrity",
        "sha256",
        "sha384",
        "sha512",
        "checksum",
        "data:",
        "base64,",
        "etag",
    ];
    words.iter().any(|word| lower.contains(word))
}

/// Whether a text is an id (RFC 9562) or an address.
fn is_id(text: &str) -> bool {
    let uuid = text.len() == 36 && text.bytes().filter(|b| *b == b'-').count() == 4;
    uuid || text.contains("//")
}
