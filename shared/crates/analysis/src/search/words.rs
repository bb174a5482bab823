//! Tokenizer of the search.
//!
//! A text is folded (Unicode compatibility decomposition, UAX 15; diacritics dropped; one case) and
//! split into words. Scripts without spaces have no visible word boundaries. Their runs become
//! overlapping pairs of characters, as in Lucene's CJK analyser.
//!
//! | in a text | terms |
//! |---|---|
//! | `Über-Modelle` | `uber`, `modelle` |
//! | `Node.js` | `node.js`, `node`, `js` |
//! | `C++`, `C#` | `c++`, `c#` |
//! | `機械学習` | `機械`, `械学`, `学習`, `習` |
//!
//! Terms never contain white space and are short, because they are parts of keys.

use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};

/// Maximum bytes of a term. Longer words are addresses or numbers, found by their beginning.
pub(super) const MAX_LENGTH: usize = 40;

/// English words that occur in almost every text. A query ignores them; the index contains them for
/// a query without other words.
const STOP_WORDS: [&str; 35] = [
    "a", "an", "and", "are", "as", "at", "be", "by", "can", "do", "for", "from", "how", "i", "in",
    "is", "it", "its", "of", "on", "or", "s", "t", "that", "the", "this", "to", "was", "we",
    "what", "when", "will", "with", "you", "your",
];

/// Folded unit of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Word; may contain `.` between its letters and end in `++` or `#`.
    Word(String),
    /// Characters of a script without spaces, at least one.
    Run(Vec<char>),
}

/// Splits a text into units, in order.
pub(super) fn units(text: &str) -> Vec<Unit> {
    let folded: Vec<char> = fold(text).chars().collect();
    let mut rest = &folded[..];
    let mut units = Vec::new();
    while let Some(first) = rest.first() {
        let length = if is_unspaced(*first) {
            rest.iter().take_while(|c| is_unspaced(**c)).count()
        } else {
            word_length(rest)
        };
        let (unit, after) = rest.split_at(length.max(1));
        rest = after;
        match length {
            0 => {}
            _ if is_unspaced(*first) => units.push(Unit::Run(unit.to_vec())),
            _ => units.push(Unit::Word(cut(unit))),
        }
    }
    units
}

/// Returns the terms of a text, in order and with repetitions.
pub(super) fn terms(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    for unit in units(text) {
        match unit {
            Unit::Word(word) => {
                let parts: Vec<_> = word
                    .trim_end_matches(['+', '#'])
                    .split('.')
                    // A single letter of `e.g.` or `c++` is not a word.
                    .filter(|part| *part != word && part.chars().nth(1).is_some())
                    .map(str::to_owned)
                    .collect();
                terms.push(word);
                terms.extend(parts);
            }
            Unit::Run(run) => {
                terms.extend(run.windows(2).map(String::from_iter));
                // With the last character alone, every character of a run begins a term.
                terms.extend(run.last().map(char::to_string));
            }
        }
    }
    terms
}

/// Returns the common prefix of a group of terms. It has two characters, or one for scripts whose
/// terms are pairs, where one character is enough for a search.
pub fn head(term: &str) -> &str {
    let mut characters = term.char_indices();
    let first = characters.next().map_or('-', |(_, first)| first);
    let end = if is_unspaced(first) {
        characters.next()
    } else {
        characters.nth(1)
    };
    end.map_or(term, |(end, _)| &term[..end])
}

/// Returns true if a folded word is a stop word.
pub(super) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.contains(&word)
}

/// Folds to one spelling: `É`, `é` and `e` are `e`, `ﬁ` is `fi`, `Ａ` is `a`, `ß` is `ss`.
/// Idempotent.
fn fold(text: &str) -> String {
    // Upper case between two lower cases equals full case folding: `ẞ`, `ß`, `ss` and `ς`, `σ`.
    let cased: String = text
        .nfkd()
        .filter(|c| !is_dropped(*c))
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect();
    cased.nfkd().filter(|c| !is_dropped(*c)).nfc().collect()
}

/// Returns true for diacritics and invisible characters. Vowel signs of Indic scripts (class 0) and
/// voicing marks of kana (class 8) are letters to their readers and stay.
fn is_dropped(c: char) -> bool {
    let is_mark = !matches!(canonical_combining_class(c), 0 | 8);
    // Soft hyphen, joiners, variation selectors.
    let is_ignorable = matches!(
        c,
        '\u{ad}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}'
    );
    is_mark || is_ignorable
}

/// Returns true for letters of Han, kana, Hangul, Thai, Lao, Burmese and Khmer.
fn is_unspaced(c: char) -> bool {
    let is_in_blocks = matches!(
        c,
        '\u{0e00}'..='\u{0eff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1100}'..='\u{11ff}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{3005}'..='\u{3007}'
            | '\u{3040}'..='\u{30ff}'
            | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7ff}'
            | '\u{20000}'..='\u{3ffff}'
    );
    is_in_blocks && c.is_alphanumeric()
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() && !is_unspaced(c)
}

/// Length of the word that begins here; 0 if there is none.
fn word_length(text: &[char]) -> usize {
    let is_letter_at = |at: usize| text.get(at).is_some_and(|c| is_letter(*c));
    let mut length = 0;
    while is_letter_at(length)
        || (length > 0 && text.get(length) == Some(&'.') && is_letter_at(length + 1))
    {
        length += 1;
    }
    let after = &text[length..];
    match length {
        0 => 0,
        _ if after.starts_with(&['+', '+']) => length + 2,
        1 if after.starts_with(&['#']) => 2,
        _ => length,
    }
}

/// Cuts a word to at most [`MAX_LENGTH`] bytes, so that the result is still a word.
fn cut(word: &[char]) -> String {
    let word = String::from_iter(word);
    if word.len() <= MAX_LENGTH {
        return word;
    }
    let end = word.floor_char_boundary(MAX_LENGTH);
    word[..end].trim_end_matches(['.', '+', '#']).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words_of(text: &str) -> String {
        terms(text).join(" ")
    }

    #[test]
    fn words_have_one_spelling() {
        for (text, expected) in [
            ("Crème BRÛLÉE", "creme brulee"),
            ("Straße STRASSE STRAẞE", "strasse strasse strasse"),
            ("ﬁnal Ｒｕｓｔ ①", "final rust 1"),
            ("ΟΔΟΣ οδός", "οδοσ οδοσ"),
            ("Istanbul İSTANBUL", "istanbul istanbul"),
            ("Ёлка", "елка"),
            ("state-of-the-art, isn't it?", "state of the art isn t it"),
            ("soft\u{ad}hyphen", "softhyphen"),
            ("snake_case 3D 2026", "snake case 3d 2026"),
            ("💡 — … ''", ""),
        ] {
            assert_eq!(words_of(text), expected, "{text}");
        }
    }

    #[test]
    fn names_of_languages_and_files_are_words() {
        for (text, expected) in [
            ("C++, C# and F#.", "c++ c# and f#"),
            ("C++17 notepad++", "c++ 17 notepad++ notepad"),
            ("issue #5, C, a + b", "issue 5 c a b"),
            (
                "Node.js. Vue.js, Python 3.12",
                "node.js node js vue.js vue js python 3.12 12",
            ),
            ("e.g. asp.net...", "e.g asp.net asp net"),
            ("The end.Next", "the end.next end next"),
            (".net ++ ## .", "net"),
        ] {
            assert_eq!(words_of(text), expected, "{text}");
        }
    }

    #[test]
    fn scripts_without_spaces_are_taken_in_pairs() {
        for (text, expected) in [
            ("機械学習", "機械 械学 学習 習"),
            ("AI入門 水", "ai 入門 門 水"),
            ("ガス ｶﾞｽ カス", "ガス ス ガス ス カス ス"),
            ("한국어", "한국 국어 어"),
            ("東京・大阪", "東京 京 大阪 阪"),
            ("データ", "デー ータ タ"),
            ("हिन्दी", "हिनदी"),
        ] {
            assert_eq!(words_of(text), expected, "{text}");
        }
        assert_eq!(terms("ภาษาไทย").len(), 7);
    }

    #[test]
    fn a_term_is_short() {
        let long = "ab.".repeat(100);
        assert!(terms(&long).iter().all(|term| term.len() <= MAX_LENGTH));
        assert_eq!(terms(&"é".repeat(99)), ["e".repeat(MAX_LENGTH)]);
        assert_eq!(terms(&"ж".repeat(99)), ["ж".repeat(MAX_LENGTH / 2)]);
        let plus = format!("{}++", "x".repeat(MAX_LENGTH - 1));
        assert_eq!(terms(&plus)[0], "x".repeat(MAX_LENGTH - 1));
    }

    #[test]
    fn terms_that_begin_alike_stand_together() {
        for (term, expected) in [
            ("rust", "ru"),
            ("c", "c"),
            ("c++", "c+"),
            ("жук", "жу"),
            ("機械", "機"),
            ("機", "機"),
            ("", ""),
        ] {
            assert_eq!(head(term), expected);
        }
    }

    #[test]
    fn stop_words_are_folded_words() {
        for word in STOP_WORDS {
            assert_eq!(terms(word), [word]);
        }
    }

    /// Tests every character of the planes with foldable characters, because a property test
    /// reaches too few rare ones.
    #[test]
    fn fold_is_idempotent_for_every_character() {
        let compatible = 0x2_f800..0x2_fa20;
        for c in (0..0x2_0000).chain(compatible).filter_map(char::from_u32) {
            let once = fold(c.encode_utf8(&mut [0; 4]));
            assert_eq!(fold(&once), once, "U+{:04X}", u32::from(c));
        }
    }

    proptest! {
        #[test]
        fn a_term_is_read_back_as_itself(text: String) {
            for term in terms(&text) {
                prop_assert_eq!(&terms(&term)[0], &term);
                prop_assert_eq!(units(&term).len(), 1);
            }
        }

        #[test]
        fn a_term_is_part_of_a_key(text in "[\\PC\\s.+#]{0,200}") {
            for term in terms(&text) {
                prop_assert!(!term.is_empty() && term.len() <= MAX_LENGTH);
                prop_assert!(!term.contains(|c: char| c.is_whitespace() || c.is_control()));
                prop_assert!(term.starts_with(head(&term)) && !head(&term).is_empty());
            }
        }

        #[test]
        fn words_do_not_depend_on_case(text in "[\\p{Latin}\\p{Cyrillic}α-ωάέήίόύώ .+#]{0,40}") {
            prop_assert_eq!(terms(&text.to_uppercase()), terms(&text));
        }
    }
}
