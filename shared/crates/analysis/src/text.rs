//! Cleaning of text from a model, a platform or a caller.

use std::borrow::Cow;

use serde::Serialize;
use unicode_normalization::{
    IsNormalized, UnicodeNormalization, char::is_combining_mark, is_nfc_quick,
};

/// Cleans text to one line: collapses white space, then truncates to `most` characters.
pub fn line(text: &str, most: usize) -> String {
    let words = visible(text);
    let joined = words.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&joined, most)
}

/// Cleans text of several lines. Indentation and line breaks stay; white space at both ends is
/// trimmed.
pub fn block(text: &str, most: usize) -> String {
    let text = visible(text).replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    cut(lines.join("\n").trim_matches('\n'), most)
}

/// Removes a Markdown fence, which models sometimes put around JSON.
pub fn without_fence(text: &str) -> &str {
    let text = text.trim();
    let Some(inside) = text.strip_prefix("```") else {
        return text;
    };
    let inside = inside.strip_suffix("```").unwrap_or(inside);
    inside
        .split_once('\n')
        .map_or(inside, |(_info, body)| body)
        .trim()
}

/// Returns at most `items` non-empty lines without case-insensitive duplicates.
pub(super) fn list(texts: &[String], items: usize, most: usize) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for text in texts.iter().take(items).map(|text| line(text, most)) {
        if !text.is_empty() && !kept.iter().any(|other| same(other, &text)) {
            kept.push(text);
        }
    }
    kept
}

/// Returns true if two names are equal without regard to case.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase()
}

/// Name of an enum value in the document.
pub(super) fn name(value: &impl Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}

/// Validates the form of a BCP 47 language tag (RFC 5646, 2.1). Subtags have one to eight letters
/// and digits; the first has letters only.
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

/// Maximum combining marks on one character. Scripts in use need up to five; more marks overlap
/// neighbouring lines.
const MARKS: usize = 8;

/// Normalizes text to NFC and drops invisible characters.
///
/// It drops control characters other than white space, and marks beyond [`MARKS`]. Characters that
/// change the writing direction can disguise text (<https://trojansource.codes>). Zero-width
/// characters can hide text or make equal-looking text differ (Unicode Technical Report 36, section
/// 3). Joiners stay inside a word, where scripts and emoji need them.
fn visible(text: &str) -> String {
    // Dropping a character between a letter and its mark makes them composable.
    composed(&shown(&composed(text))).into_owned()
}

/// Normalization Form C (Unicode Standard Annex 15).
fn composed(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        _ => Cow::Owned(text.nfc().collect()),
    }
}

fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    // A joiner without a neighbour is dropped with the next character.
    let mut joiner = None;
    for c in text.chars() {
        let c = match c {
            '\u{2028}' | '\u{2029}' | '\u{85}' => '\n',
            '\u{200c}' | '\u{200d}' => {
                let joins = out.chars().next_back().is_some_and(|c| !c.is_whitespace());
                joiner = Some(c).filter(|_| joins);
                continue;
            }
            c => c,
        };
        if is_hidden(c) {
            continue;
        }
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        if marks > MARKS {
            continue;
        }
        out.extend(joiner.take().filter(|_| !c.is_whitespace()));
        out.push(c);
    }
    out
}

fn is_hidden(c: char) -> bool {
    match c {
        '\n' | '\t' | '\r' => false,
        // Soft hyphen, grapheme joiner, Mongolian separators, invisible operators, the byte order
        // mark; fillers that are letters by name.
        '\u{ad}' | '\u{34f}' | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{2060}'..='\u{2065}' => {
            true
        }
        '\u{feff}' | '\u{3164}' | '\u{ffa0}' | '\u{115f}' | '\u{1160}' => true,
        // Marks, embeddings, overrides and isolates of direction.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' => true,
        '\u{2066}'..='\u{206f}' => true,
        // Annotations; tags, which spell invisible ASCII; noncharacters.
        '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}' => true,
        c => c.is_control() || u32::from(c) & 0xfffe == 0xfffe,
    }
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => {
            let ends = |c: char| c.is_whitespace() || matches!(c, '\u{200c}' | '\u{200d}');
            text[..end].trim_end_matches(ends).to_owned()
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    #[test]
    fn line_drops_invisible_characters() {
        for (text, expected) in [
            // Trojan source: overrides, isolates, marks of direction.
            (
                "user\u{202e}nimda\u{2066}x\u{2069}\u{200f}\u{61c}",
                "usernimdax",
            ),
            // Zero width, soft hyphen, byte order mark, word joiner, fillers.
            ("pay\u{200b}pal\u{ad}\u{feff}\u{2060}\u{3164}", "paypal"),
            // Tags that spell an instruction unseen.
            ("Talk\u{e0001}\u{e0069}\u{e0067}\u{e006e}", "Talk"),
            ("a\u{fff9}b\u{fffb}\u{ffff}\u{1fffe}", "ab"),
            ("\u{200d}a\u{200d} \u{200c}b\u{200d}", "a b"),
            ("a\u{2028}b\u{2029}c\u{85}d", "a b c d"),
            // Characters that scripts need stay.
            (
                "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
                "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            ),
            (
                "\u{1f469}\u{200d}\u{1f4bb}\u{fe0f}",
                "\u{1f469}\u{200d}\u{1f4bb}\u{fe0f}",
            ),
            // One way of writing.
            ("Cafe\u{301}", "Caf\u{e9}"),
        ] {
            assert_eq!(line(text, 99), expected, "{text:?}");
        }
    }

    #[test]
    fn marks_do_not_pile_up() {
        let flood = format!("Z{}", "\u{335}\u{310}\u{302}".repeat(50));
        let kept = line(&flood, 999);
        assert_eq!(
            kept.chars().filter(|c| is_combining_mark(*c)).count(),
            MARKS
        );
        let tibetan = "\u{f67}\u{fb1}\u{fb2}\u{fb5}\u{f74}\u{f83}";
        assert_eq!(line(tibetan, 99), tibetan);
    }

    #[test]
    fn line_composes_letter_and_mark_after_dropping_characters() {
        assert_eq!(
            line("a\u{17}\u{341}b e\u{202e}\u{301}", 20),
            "\u{e1}b \u{e9}"
        );
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing(
            text in "(\\PC|[el\u{341}\u{200c}\u{200d}\u{301}\u{327}\u{202e}\u{e0041}\u{ad} \n\t\u{0}]){0,40}"
        ) {
            let once = line(&text, 20);
            prop_assert!(once.chars().count() <= 20);
            prop_assert!(!once.contains(|c: char| c.is_control() || is_hidden(c)));
            prop_assert_eq!(&line(&once, 20), &once);
            let once = block(&text, 20);
            prop_assert!(!once.contains(|c: char| c != '\n' && c != '\t' && is_hidden(c)));
            prop_assert_eq!(&block(&once, 20), &once);
        }
    }
}
