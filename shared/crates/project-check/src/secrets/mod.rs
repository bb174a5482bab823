//! Detection of keys and passwords.
//!
//! A video may show a secret, and a model may copy it. A finding names the kind and the line, never
//! the secret.

mod entropy;
mod shapes;
#[cfg(test)]
mod tests;

use super::finding::{Findings, Rule};

/// Maximum bytes of a line in which secrets are guessed. Longer lines are not written by hand.
const MAX_LINE_LENGTH: usize = 2_000;

/// Maximum bytes before a text that are searched for its name.
const MAX_NAME_LENGTH: usize = 100;

/// Minimum length of a secret.
const MIN_LENGTH: usize = 6;

/// Placeholder words for a secret.
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

/// Files with hashes that are not secrets.
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

/// Names of secret values, in lower case and without separators.
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

/// Reports secrets in a file.
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

/// Guesses secrets from the name and the entropy of a text.
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
        // Test credentials are rarely real, and a short word may be a label. A text of letters only
        // may be a label or the name of a header.
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

/// Quoted text with its context in the line.
struct Quoted<'a> {
    /// Text of the line before the quote.
    before: &'a str,
    text: &'a str,
}

/// Returns the quoted texts of a line.
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

/// Returns true if the text is assigned to a secret name: `name = `, `"name": `, `name: str = `.
fn names_secret(before: &str) -> bool {
    let mut from = before.len().saturating_sub(MAX_NAME_LENGTH);
    while !before.is_char_boundary(from) {
        from += 1;
    }
    let before = before[from..].trim_end();
    let Some(before) = before.strip_suffix(['=', ':']) else {
        return false;
    };
    // `==` is a comparison, not an assignment.
    if before.ends_with(['=', '!', '<', '>']) {
        return false;
    }
    // A type annotation may follow the name.
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

/// Returns true if a text could be a password. It is not prose, a path or the name of a variable.
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

/// Returns true if a line contains public random data, such as hashes and images.
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

/// Returns true if a text is a UUID (RFC 9562) or an address.
fn is_id(text: &str) -> bool {
    let uuid = text.len() == 36 && text.bytes().filter(|b| *b == b'-').count() == 4;
    uuid || text.contains("//")
}
