//! Shannon entropy of a text's characters, as a test for randomness.

/// Minimum length of a checked text.
const MIN_LENGTH: usize = 20;

/// Minimum entropy of random hexadecimal text, in bits a character. The maximum is 4.
const OF_HEX: f64 = 3.0;

/// Minimum share of the maximum entropy at the text's length. Random base64 reaches 0.95; names in
/// camel case and URLs stay below 0.88.
const SHARE: f64 = 0.91;

/// Returns the entropy in bits per character.
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

/// Returns true if a text is likely random: hexadecimal or base64 digits only, with more entropy
/// than words have.
pub(super) fn is_random(text: &str) -> bool {
    if text.len() < MIN_LENGTH || is_sequence(text) {
        return false;
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if text.bytes().all(|b| b.is_ascii_hexdigit()) {
        // A text of decimal digits is a number.
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

/// Returns true if a text lists an alphabet in order.
fn is_sequence(text: &str) -> bool {
    let follows = |pair: &[u8]| pair[1] == pair[0].wrapping_add(1);
    let following = text
        .as_bytes()
        .windows(2)
        .filter(|pair| follows(pair))
        .count();
    following * 3 > text.len()
}
