//! Removal of the escapes that programs leave around an address when it is copied.

use percent_encoding::percent_decode_str;

/// Maximum number of times that an address is percent-decoded beyond what its place asks for.
const MAX_DECODINGS: usize = 3;

/// Character references of HTML that occur in addresses, by name.
const NAMED: [(&str, char); 14] = [
    ("amp", '&'),
    ("quot", '"'),
    ("apos", '\''),
    ("lt", '<'),
    ("gt", '>'),
    ("nbsp", '\u{a0}'),
    ("colon", ':'),
    ("sol", '/'),
    ("quest", '?'),
    ("equals", '='),
    ("num", '#'),
    ("period", '.'),
    ("lowbar", '_'),
    ("percnt", '%'),
];

/// Longest character reference that is read, in bytes between `&` and `;`.
const MAX_REFERENCE: usize = 8;

/// Removes the backslashes of shells, Markdown and JSON, then HTML's character references, however
/// often they were applied. Every pass shortens the text, so it ends.
pub(super) fn unescape(text: &str) -> String {
    let mut text = without_backslashes(text);
    loop {
        let next = without_references(&text);
        if next.len() == text.len() {
            return text;
        }
        text = next;
    }
}

/// Percent-decodes `text` once; bytes that are not UTF-8 become U+FFFD.
pub(super) fn percent_decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Percent-decodes `text` until `is_plain` holds or nothing changes, a few times at most.
pub(super) fn percent_decoded_until(text: &str, is_plain: impl Fn(&str) -> bool) -> String {
    let mut text = text.to_owned();
    for _ in 0..MAX_DECODINGS {
        if is_plain(&text) || !text.contains('%') {
            break;
        }
        text = percent_decoded(&text);
    }
    text
}

/// `\?`, `\=` and `\/` lose their backslash, `\u0026` is the character it names. Other backslashes
/// stay: a URL parser reads them as slashes.
fn without_backslashes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let named = after.strip_prefix(['u', 'U']).and_then(|hex| {
            let code = u8::from_str_radix(hex.get(..4)?, 16).ok()?;
            code.is_ascii_graphic().then_some((char::from(code), 5))
        });
        let escaped = after.chars().next().filter(char::is_ascii_punctuation);
        match named.or(escaped.map(|c| (c, 1))) {
            Some((c, length)) => {
                plain.push(c);
                rest = &after[length..];
            }
            None => {
                plain.push('\\');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn without_references(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let end = after
            .bytes()
            .take(MAX_REFERENCE + 1)
            .position(|b| b == b';');
        match end.and_then(|end| Some((referenced(after.get(..end)?)?, end))) {
            Some((c, end)) => {
                plain.push(c);
                rest = &after[end + 1..];
            }
            None => {
                plain.push('&');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// The character that a reference names, unless it is a control character.
fn referenced(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        let known = NAMED.iter().find(|(known, _)| *known == name);
        return known.map(|(_, c)| *c);
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?).filter(|c| !c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unescape_removes_every_layer() {
        for (escaped, plain) in [
            ("watch\\?v\\=a", "watch?v=a"),
            ("https:\\/\\/youtu.be\\/a", "https://youtu.be/a"),
            ("?v=a\\u0026t=1", "?v=a&t=1"),
            ("?a&amp;amp;b", "?a&b"),
            ("&quot;a&#39;&#x2F;&#8203;", "\"a'/\u{200b}"),
            ("a&b;c&&amp", "a&b;c&&amp"),
            ("&#0;&#xd800;", "&#0;&#xd800;"),
            ("\\u00\\", "\\u00\\"),
        ] {
            assert_eq!(unescape(escaped), plain, "{escaped}");
        }
    }
}
