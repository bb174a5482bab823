//! Language of a transcript, found by its script and its function words.

use super::{
    script::{self, Script},
    word_lists::WORDS,
};

/// Number of examined characters.
const SAMPLE: usize = 4000;
/// Minimum share of function words of the language.
const ENOUGH: f64 = 0.08;

/// Returns a BCP 47 tag, which is `und` if the language is unknown.
pub(super) fn language(script: &Script) -> &'static str {
    let sample: String = script
        .sentences
        .iter()
        .flat_map(|sentence| sentence.text.chars().chain([' ']))
        .take(SAMPLE)
        .collect();
    by_script(&sample)
        .or_else(|| by_words(&sample))
        .unwrap_or("und")
}

fn by_script(sample: &str) -> Option<&'static str> {
    let letters = sample.chars().filter(|char| char.is_alphabetic()).count();
    let share = |from: u32, to: u32| {
        let count = sample
            .chars()
            .filter(|char| (from..=to).contains(&u32::from(*char)))
            .count();
        count as f64 / letters.max(1) as f64
    };
    let scripts = [
        ("ja", share(0x3040, 0x30FF), 0.1),
        ("zh", share(0x4E00, 0x9FFF), 0.3),
        ("ko", share(0xAC00, 0xD7A3), 0.3),
        ("ru", share(0x0400, 0x04FF), 0.3),
        ("ar", share(0x0600, 0x06FF), 0.3),
        ("hi", share(0x0900, 0x097F), 0.3),
        ("el", share(0x0370, 0x03FF), 0.3),
        ("he", share(0x0590, 0x05FF), 0.3),
        ("th", share(0x0E00, 0x0E7F), 0.3),
    ];
    scripts
        .iter()
        .find(|(_, share, least)| share >= least)
        .map(|(tag, ..)| *tag)
}

fn by_words(sample: &str) -> Option<&'static str> {
    let words: Vec<String> = script::words(sample).map(str::to_lowercase).collect();
    let counted = WORDS.function_words.iter().map(|(tag, function_words)| {
        let function_words: Vec<&str> = function_words.split(' ').collect();
        let known = |word: &&String| function_words.contains(&word.as_str());
        (words.iter().filter(known).count(), *tag)
    });
    let (hits, tag) = script::first_best(counted, |(hits, _)| *hits)?;
    (hits as f64 / words.len() as f64 >= ENOUGH).then_some(tag)
}
