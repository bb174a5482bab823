//! HTML character references (<https://html.spec.whatwg.org/#named-character-references>). WebVTT
//! accepts all of them.

/// Names in byte order with their code points: `amp; 26`.
const NAMES: &str = include_str!("references.txt");

/// Length of the longest name, with its semicolon.
const MAX_NAME: usize = 32;

/// Replaces every character reference of a text. Other text stays.
pub(super) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = consume(rest, &mut out).unwrap_or_else(|| {
            out.push('&');
            1
        });
        rest = &rest[length..];
    }
    out + rest
}

/// Appends the character of the leading reference and returns the reference's length.
fn consume(text: &str, out: &mut String) -> Option<usize> {
    let name = &text[1..];
    if let Some(number) = name.strip_prefix('#') {
        let (character, length) = numeric(number)?;
        out.push(character);
        return Some(2 + length);
    }
    let plain = name
        .bytes()
        .take(MAX_NAME)
        .take_while(u8::is_ascii_alphanumeric)
        .count();
    let longest = plain + usize::from(name.as_bytes().get(plain) == Some(&b';'));
    // The longest name wins: `&notin;` is one reference, `&notit;` is `&not` and `it;`.
    for length in (2..=longest.min(MAX_NAME)).rev() {
        if let Some(code_points) = lookup(&name[..length]) {
            let characters = code_points
                .split(' ')
                .filter_map(|hex| char::from_u32(u32::from_str_radix(hex, 16).ok()?));
            out.extend(characters);
            return Some(1 + length);
        }
    }
    None
}

/// Finds a name by binary search.
fn lookup(name: &str) -> Option<&'static str> {
    let (mut low, mut high) = (0, NAMES.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = NAMES[..middle].rfind('\n').map_or(0, |at| at + 1);
        let end = NAMES[start..].find('\n').map_or(NAMES.len(), |n| start + n);
        let (known, code_points) = NAMES[start..end].split_once(' ')?;
        match name.as_bytes().cmp(known.as_bytes()) {
            std::cmp::Ordering::Equal => return Some(code_points),
            std::cmp::Ordering::Less => high = start,
            std::cmp::Ordering::Greater => low = end + 1,
        }
    }
    None
}

/// Reads the digits after `&#`. The semicolon may be missing.
fn numeric(text: &str) -> Option<(char, usize)> {
    let (digits, radix, prefix) = match text.strip_prefix(['x', 'X']) {
        Some(hex) => (hex, 16, 1),
        None => (text, 10, 0),
    };
    let length = digits
        .find(|c: char| !c.is_digit(radix))
        .unwrap_or(digits.len());
    if length == 0 {
        return None;
    }
    // Too many digits for a code point are not a character.
    let code = u32::from_str_radix(&digits[..length], radix).unwrap_or(u32::MAX);
    let semicolon = usize::from(digits[length..].starts_with(';'));
    Some((character(code), prefix + length + semicolon))
}

/// Returns the character of a code point. HTML reads 0x80 to 0x9F as Windows-1252.
fn character(code: u32) -> char {
    match code {
        0 => '\u{fffd}',
        0x80..=0x9f => super::decode::windows_1252(u8::try_from(code).unwrap_or_default()),
        _ => char::from_u32(code).unwrap_or('\u{fffd}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_reference_is_decoded() {
        for line in NAMES.lines() {
            let (name, code_points) = line.split_once(' ').unwrap();
            let expected: String = code_points
                .split(' ')
                .map(|hex| char::from_u32(u32::from_str_radix(hex, 16).unwrap()).unwrap())
                .collect();
            assert_eq!(decode(&format!("&{name}")), expected, "{name}");
        }
        assert_eq!(NAMES.lines().count(), 2231);
    }

    #[test]
    fn references_follow_the_rules_of_html() {
        for (text, expected) in [
            ("AT&T & R&D;", "AT&T & R&D;"),
            ("&copy2026 &notit; &notin; &amp;amp;", "©2026 ¬it; ∉ &amp;"),
            ("&#65;&#x42&#X43;&#x1F600;", "ABC😀"),
            ("&#128;&#x99;", "€™"),
            ("&#0;&#xD800;&#99999999999;", "\u{fffd}\u{fffd}\u{fffd}"),
            ("&# &#x; &; &", "&# &#x; &; &"),
            ("&NotEqualTilde;", "\u{2242}\u{338}"),
        ] {
            assert_eq!(decode(text), expected, "{text}");
        }
    }
}
