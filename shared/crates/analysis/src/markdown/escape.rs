//! Escaping of untrusted text.

/// Escapes text for one line: a paragraph, list item, heading, table cell or emphasis.
///
/// Backslash escapes and character references are defined by CommonMark
/// (<https://spec.commonmark.org/0.31.2/#backslash-escapes>). GitHub also links addresses and
/// mentions in plain text, and renders formulas between dollars; the function breaks those up.
pub fn inline(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::with_capacity(words.len() + words.len() / 8);
    for (at, character) in words.char_indices() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            ':' if words[at..].starts_with("://") => out.push_str("&#58;"),
            '.' if ends_with_www(&words[..at]) => out.push_str("&#46;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '#' | '$' => {
                out.push('\\');
                out.push(character);
            }
            '+' | '-' | '=' if at == 0 => {
                out.push('\\');
                out.push(character);
            }
            '.' | ')' if is_number(&words[..at]) => {
                out.push('\\');
                out.push(character);
            }
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

fn ends_with_www(text: &str) -> bool {
    let tail = text.len().checked_sub(3).and_then(|at| text.get(at..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case("www"))
}

/// Returns true if the line so far would be the number of a list.
fn is_number(text: &str) -> bool {
    (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Writes text in a fence that is longer than any row of backticks in it.
pub(super) fn code_block(text: &str) -> String {
    let rows = text.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(rows.max().unwrap_or(0).max(2) + 1);
    let keep = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    let text: String = text.chars().filter(keep).collect();
    format!("{fence}\n{text}\n{fence}")
}
