//! How little a text looks like language: Shannon's entropy of its characters.

/// Shortest text that is judged.
const MIN_LENGTH: usize = 20;

/// Least entropy of a random text in hexadecimal digits, of at most 4 bits a character.
const OF_HEX: f64 = 3.0;

/// Least share of the most entropy that a text of its length can have. Random base64 comes to 0.95,
/// names in camel case and addresses stay below 0.88.
const SHARE: f64 = 0.91;

/// Bits a character.
pub(super) fn per_character(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let all = text.len() as f64;
    let bits = |count: &u32| {
        let share = f64::from(*count) / all;
        -share * share.log2()
    };
    counts.iter().filter(|count| **count > 0).map(bits).sum()
}

/// Whether a text was drawn and not written: in the alphabets of hexadecimal or base64 alone, and
/// of an entropy that words do not have.
pub(super) fn is_random(text: &str) -> bool {
    if text.len() < MIN_LENGTH || is_sequence(text) {
        return false;
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if text.bytes().all(|b| b.is_ascii_hexdigit()) {
        // Digits alone are a number.
        return digits < text.len() && per_character(text) >= OF_HEX;
    }
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/-_=".contains(&b);
    let lower = text.bytes().any(|b| b.is_ascii_lowercase());
    let upper = text.bytes().filter(u8::is_ascii_uppercase).count();
    let most = (text.len().min(64) as f64).log2();
    text.bytes().all(is_base64)
        && lower
        && upper >= 2
        && digits >= 2
        && per_character(text) >= SHARE * most
}

/// An alphabet, written out.
fn is_sequence(text: &str) -> bool {
    let follows = |pair: &[u8]| pair[1] == pair[0].wrapping_add(1);
    let following = text
        .as_bytes()
        .windows(2)
        .filter(|pair| follows(pair))
        .count();
    following * 3 > text.len()
}
