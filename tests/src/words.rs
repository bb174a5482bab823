//! Texts of an artificial language, as compressible as human text.

use fastrand::Rng;

/// Words of the language.
const WORDS: u64 = 1_500;

#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a number of a word"
)]
pub fn sentence(rng: &mut Rng, words: usize) -> String {
    let mut text = String::with_capacity(words * 7);
    for position in 0..words {
        if position > 0 {
            text.push(' ');
        }
        // Few words are frequent, as in human languages.
        let share = rng.f64();
        push_word(&mut text, (share.powi(4) * WORDS as f64) as u64);
    }
    text
}

/// A word of the language, of one to four syllables.
fn push_word(text: &mut String, number: u64) {
    const FIRST: [&str; 16] = [
        "b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "th", "v", "w",
    ];
    const SECOND: [&str; 12] = [
        "a", "e", "i", "o", "u", "ea", "an", "er", "in", "on", "or", "es",
    ];
    let mut rest = Rng::with_seed(number).u64(..);
    for _ in 0..1 + number / 500 {
        text.push_str(FIRST[(rest % 16) as usize]);
        text.push_str(SECOND[(rest / 16 % 12) as usize]);
        rest /= 192;
    }
}
