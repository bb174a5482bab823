//! Cleaning of text that comes from a model, a platform or a caller, where it enters.

use std::borrow::Cow;

use serde::Serialize;
use unicode_normalization::{
    IsNormalized, UnicodeNormalization, char::is_combining_mark, is_nfc_quick,
};

/// Text of one line: white space in runs and at the ends is dropped, then what is beyond `most`
/// characters.
pub fn line(text: &str, most: usize) -> String {
    let words = visible(text);
    let joined = words.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&joined, most)
}

/// Text of several lines: indentation and line breaks are kept, white space at the ends is not.
pub fn block(text: &str, most: usize) -> String {
    let text = visible(text).replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    cut(lines.join("\n").trim_matches('\n'), most)
}

/// Models asked for JSON still put it in a fence at times.
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

/// Marks that may stand on one character. Scripts in use come to five; more of them run over the
/// lines above and below.
const MARKS: usize = 8;

/// Writes text in one way (NFC) and drops what is not seen: control characters other than white
/// space, characters that turn the direction of writing, with which text can be made to look like
/// other text (<https://trojansource.codes>), those without width, with which it can hide in other
/// text or differ from what looks the same (Unicode Technical Report 36, section 3), and marks
/// beyond [`MARKS`]. Joiners stay inside a word, where scripts and emoji need them.
fn visible(text: &str) -> String {
    // What stood between a letter and its mark is gone then, and they are one character.
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
    // A joiner that joins nothing is dropped with what follows it.
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
        // Annotations, tags, which spell out ASCII unseen, and what is no character.
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
    fn what_is_not_seen_is_dropped() {
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
            // What scripts need stays.
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
    fn a_mark_that_was_kept_apart_becomes_one_with_its_letter() {
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
