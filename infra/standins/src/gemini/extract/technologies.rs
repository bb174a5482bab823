//! Names of products, languages, libraries and services.

use std::sync::LazyLock;

use super::{script::Script, word_lists::WORDS};

/// Indices of the names by their first byte, in lowercase.
static BY_FIRST_BYTE: LazyLock<[Vec<usize>; 256]> = LazyLock::new(|| {
    let mut indices: [Vec<usize>; 256] = std::array::from_fn(|_| Vec::new());
    for (index, name) in WORDS.technologies.iter().enumerate() {
        let first = name.as_bytes()[0].to_ascii_lowercase();
        indices[usize::from(first)].push(index);
    }
    indices
});

/// The known names of a transcript, ordered by the sentence that names them first.
pub(super) fn technologies(script: &Script) -> Vec<&'static str> {
    let mut found: Vec<&str> = Vec::new();
    for sentence in &script.sentences {
        let named = names_in(&sentence.text);
        for (&name, is_named) in WORDS.technologies.iter().zip(named) {
            if is_named && !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

/// Returns whether a text contains a known name.
pub(super) fn names_one(text: &str) -> bool {
    names_in(text).contains(&true)
}

/// Returns for each known name whether a text contains it as whole words. Reads the text once:
/// transcripts have megabytes.
fn names_in(text: &str) -> Vec<bool> {
    let names = &WORDS.technologies;
    let mut found = vec![false; names.len()];
    let by_first_byte = &*BY_FIRST_BYTE;
    let mut is_in_word = false;
    for (start, byte) in text.bytes().enumerate() {
        if !is_in_word {
            for &index in &by_first_byte[usize::from(byte.to_ascii_lowercase())] {
                found[index] = found[index] || is_named_at(text, start, names[index]);
            }
        }
        is_in_word = is_inner(char::from(byte));
    }
    found
}

/// Returns whether the word at `start` begins a name that ends with a word.
fn is_named_at(text: &str, start: usize, name: &str) -> bool {
    let end = start + name.len();
    let Some(window) = text.get(start..end) else {
        return false;
    };
    let is_same = if WORDS.ordinary_technologies.contains(name) {
        window == name
    } else {
        window.eq_ignore_ascii_case(name)
    };
    is_same && !text[end..].starts_with(|char| is_inner(char) || matches!(char, '+' | '#'))
}

fn is_inner(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str, name: &str) -> bool {
        let index = WORDS
            .technologies
            .iter()
            .position(|known| *known == name)
            .unwrap();
        names_in(text)[index]
    }

    #[test]
    fn names_are_found_only_as_whole_words() {
        for (text, name) in [
            ("We use Docker.", "Docker"),
            ("docker, then", "Docker"),
            ("written in C++ today", "C++"),
            ("Node.js!", "Node.js"),
            ("日本語Rust", "Rust"),
        ] {
            assert!(says(text, name), "{text}");
        }
        for (text, name) in [
            ("react quickly", "React"),
            ("dockerized", "Docker"),
            ("JavaScript", "Java"),
            ("legit", "Git"),
            ("PostgreSQL", "SQL"),
        ] {
            assert!(!says(text, name), "{text}");
        }
    }
}
