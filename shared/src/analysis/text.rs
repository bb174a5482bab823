//! Cleaning of text that comes from a model or a platform, before it is stored.

use serde::Serialize;

/// Text of one line: white space in runs and at the ends is dropped, then what is beyond `most`
/// characters.
pub(super) fn line(text: &str, most: usize) -> String {
    let words = visible(text);
    let joined = words.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&joined, most)
}

/// Text of several lines: indentation and line breaks are kept, white space at the ends is not.
pub(super) fn block(text: &str, most: usize) -> String {
    let text = visible(&text.replace("\r\n", "\n").replace('\r', "\n"));
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    cut(lines.join("\n").trim_matches('\n'), most)
}

/// Non-empty lines without repetitions, whatever their case; at most `items` of them.
pub(super) fn list(texts: &[String], items: usize, most: usize) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for text in texts.iter().take(items).map(|text| line(text, most)) {
        if !text.is_empty() && !kept.iter().any(|other| same(other, &text)) {
            kept.push(text);
        }
    }
    kept
}

/// Whether two names differ in case only.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase()
}

/// The name that a value of an enum has in the document.
pub(super) fn name(value: &impl Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}

/// A BCP 47 language tag, checked for its form alone (RFC 5646, 2.1: subtags of one to eight letters
/// and digits, the first of letters).
pub(super) fn language_tag(text: &str) -> Option<String> {
    let tag = text.trim();
    let mut subtags = tag.split('-');
    let first = subtags.next()?;
    let fits = |s: &str| (1..=8).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric());
    let formed = tag.len() <= 35
        && (2..=8).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_alphabetic())
        && subtags.all(fits);
    formed.then(|| tag.to_owned())
}

/// Drops control characters other than white space, and those that turn the direction of writing,
/// with which text can be made to look like other text (<https://trojansource.codes>).
fn visible(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let keep = |c: &char| !turns(*c) && (!c.is_control() || matches!(c, '\n' | '\t' | '\r'));
    text.chars().filter(keep).collect()
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => text[..end].trim_end().to_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_of_visible_characters() {
        assert_eq!(line(" a\r\n b\u{0}\u{1b}\tc\u{202e} ", 99), "a b c");
        assert_eq!(line("ééééé", 3), "ééé");
        assert_eq!(line("ab cd", 3), "ab");
        assert_eq!(line("\u{feff}\u{7}", 9), "");
    }

    #[test]
    fn a_block_keeps_its_indentation() {
        assert_eq!(block("\n  a  \r\n\r\n\tb\u{8}\n\n", 99), "  a\n\n\tb");
    }

    #[test]
    fn a_list_has_no_repetitions() {
        let texts = ["Rust", " rust ", "", "Ünü", "ünü", "Go", "C"].map(String::from);
        assert_eq!(list(&texts, 6, 9), ["Rust", "Ünü", "Go"]);
    }

    #[test]
    fn a_language_is_checked_for_its_form() {
        assert_eq!(language_tag(" pt-BR ").as_deref(), Some("pt-BR"));
        for text in [
            "",
            "e",
            "en_US",
            "en-",
            "ignore all",
            "en\n",
            "1a-b",
            "zh-abcdefghi",
        ] {
            assert_eq!(
                language_tag(text).filter(|tag| tag != "en"),
                None,
                "{text:?}"
            );
        }
    }
}
