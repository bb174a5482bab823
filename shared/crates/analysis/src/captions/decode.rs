//! Decoding of caption file bytes to text.

use std::borrow::Cow;

/// Windows-1252 characters at 0x80 to 0x9F. The five unassigned bytes stay controls, as in the
/// Encoding Standard.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Decodes a caption file as UTF-8, UTF-16 or Windows-1252.
///
/// A byte order mark decides first, then the zero bytes of UTF-16, then valid UTF-8. A UTF-8 file
/// with single broken bytes stays UTF-8. Everything else is Windows-1252.
#[must_use]
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return utf_16(rest, u16::from_le_bytes).into();
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return utf_16(rest, u16::from_be_bytes).into();
    }
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return String::from_utf8_lossy(rest);
    }
    // A caption file has digits, spaces and line ends, whose other byte is zero in UTF-16.
    let zeros = |odd: usize| {
        let pairs = bytes.chunks_exact(2).take(4096);
        pairs.filter(|pair| pair[odd] == 0).count() * 5
    };
    let pairs = (bytes.len() / 2).min(4096);
    if pairs > 0 && zeros(1) > pairs && zeros(0) * 4 < zeros(1) {
        return utf_16(bytes, u16::from_le_bytes).into();
    }
    if pairs > 0 && zeros(0) > pairs && zeros(1) * 4 < zeros(0) {
        return utf_16(bytes, u16::from_be_bytes).into();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) if is_damaged_utf_8(bytes) => String::from_utf8_lossy(bytes),
        Err(_) => bytes.iter().map(|byte| windows_1252(*byte)).collect(),
    }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let characters = char::decode_utf16(units);
    characters
        .map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Returns true if most non-ASCII characters are valid UTF-8. In Windows-1252 hardly any is.
fn is_damaged_utf_8(bytes: &[u8]) -> bool {
    let (mut whole, mut broken) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    whole > broken
}

pub(super) fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_encoding_of_a_caption_file_is_decoded() {
        let text = "1\r\n00:00:01,000 --> 00:00:02,000\r\ncafé €5 \u{65e5}\u{672c}\r\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let with = |mark: &[u8], body: &[u8]| [mark, body].concat();
        for bytes in [
            text.as_bytes().to_vec(),
            with(b"\xef\xbb\xbf", text.as_bytes()),
            with(b"\xff\xfe", &little),
            with(b"\xfe\xff", &big),
            little,
            big,
        ] {
            assert_eq!(decode(&bytes), text);
        }
        assert_eq!(
            decode(b"caf\xe9 \x93x\x94 \x96 \x805"),
            "café \u{201c}x\u{201d} \u{2013} €5"
        );
        assert_eq!(decode(b"\xc3\xa4\xc3\xb6 \xff"), "äö \u{fffd}");
        assert_eq!(decode(b""), "");
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded(bytes: Vec<u8>) {
            let _ = decode(&bytes);
        }

        #[test]
        fn utf_8_is_decoded_as_it_is(text in "\\PC{0,40}") {
            prop_assume!(!text.contains('\0') && !text.starts_with('\u{feff}'));
            prop_assert_eq!(decode(text.as_bytes()), text.as_str());
        }
    }
}
