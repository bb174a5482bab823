//! Format of API keys.
//!
//! A key is `er_`, 43 characters that hold 256 random bits, and 6 hexadecimal digits of the SHA-256
//! of all characters before them. Secret scanners recognise it (`er_[0-9A-Za-z]{43}[0-9a-f]{6}`),
//! and a mistyped key is refused without a read. The script `infra/api-key` creates the same
//! format.

use std::fmt;

use sha2::{Digest, Sha256};

use eventrelay_core::error::Error;

/// Prefix of every key.
const PREFIX: &str = "er_";
/// Characters of 32 bytes in base 62.
const RANDOM: usize = 43;
const CHECKSUM: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// New API key in plain text. It is shown once and never stored.
pub struct ApiKey(String);

impl ApiKey {
    /// Generates a key of 256 random bits.
    ///
    /// # Errors
    /// [`Error::Internal`] where there is no randomness.
    pub fn generate() -> Result<Self, Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(Error::internal)?;
        Ok(Self::new(bytes))
    }

    fn new(bytes: [u8; 32]) -> Self {
        let mut key = format!("{PREFIX}{}", base62(bytes));
        key.push_str(&checksum(&key));
        Self(key)
    }

    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey")
    }
}

/// Returns the stored hash of a key in hexadecimal, and the id of its row. The id is a prefix of
/// the hash and reveals nothing of the key.
pub(super) fn hash_and_id(key: &str) -> (String, String) {
    let hash = hex::encode(Sha256::digest(key));
    let id = hash[..super::ID].to_owned();
    (hash, id)
}

/// Returns whether a text has the format of our keys but a wrong checksum, as a mistyped key has.
/// Keys of other formats were chosen by callers.
pub(super) fn is_damaged(key: &str) -> bool {
    let Some((before, sum)) = key.split_at_checked(PREFIX.len() + RANDOM) else {
        return false;
    };
    before.starts_with(PREFIX) && sum.len() == CHECKSUM && sum != checksum(before)
}

fn checksum(before: &str) -> String {
    let mut sum = hex::encode(Sha256::digest(before));
    sum.truncate(CHECKSUM);
    sum
}

/// Encodes the bytes as one number in base 62, most significant digit first.
fn base62(mut number: [u8; 32]) -> String {
    let mut digits = [0; RANDOM];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0;
        for byte in &mut number {
            let value = rest * 256 + u32::from(*byte);
            // Below 256, since the rest is below 62.
            *byte = u8::try_from(value / 62).unwrap_or_default();
            rest = value % 62;
        }
        *digit = ALPHABET[rest as usize];
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_form() {
        let key = ApiKey::generate().unwrap();
        let key = key.reveal();
        assert_eq!(key.len(), 52);
        assert!(key.starts_with("er_") && !is_damaged(key), "{key}");
        assert!(key[3..46].bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(key, ApiKey::generate().unwrap().reveal());
    }

    #[test]
    fn all_bits_are_in_it() {
        let zero = "0".repeat(RANDOM);
        assert_eq!(base62([0; 32]), zero);
        // 2^256 - 1, as Python's divmod has it.
        assert_eq!(
            base62([255; 32]),
            "yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1"
        );
        let mut one = [0; 32];
        one[31] = 62;
        assert_eq!(base62(one), format!("{}10", &zero[2..]));
    }

    #[test]
    fn a_slip_of_the_pen_is_seen() {
        let key = ApiKey::new([7; 32]);
        let mut wrong = key.reveal().to_owned();
        wrong.replace_range(10..11, if &wrong[10..11] == "a" { "b" } else { "a" });
        assert!(is_damaged(&wrong));
        for other in ["", "er_", "er-test-key-0123456789", "ä".repeat(40).as_str()] {
            assert!(!is_damaged(other), "{other}");
        }
        let longer = format!("{}0", key.reveal());
        assert!(!is_damaged(&longer), "not of our form");
    }

    #[test]
    fn no_debug_form_has_the_key() {
        assert_eq!(format!("{:?}", ApiKey::new([1; 32])), "ApiKey");
    }
}
