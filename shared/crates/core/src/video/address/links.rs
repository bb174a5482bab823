//! Links within a text that was pasted.

use super::{NotAnAddress, site, unescape::percent_decoded_until};

/// Schemes of apps that play YouTube's videos: `youtube://ID`, `vnd.youtube:ID`. `yt` is that of the
/// keys of this API.
pub(super) const APP_SCHEMES: [&str; 5] =
    ["youtube", "vnd.youtube", "vnd.youtube.launch", "ytdl", "yt"];

/// Schemes whose addresses have no host, so that a text may begin with them and go on as anything.
const OPAQUE_SCHEMES: [&str; 7] = [
    "javascript:",
    "data:",
    "vbscript:",
    "blob:",
    "file:",
    "about:",
    "mailto:",
];

/// Marks that stand around an address or an id in a text and are not part of it.
const AROUND: &str = "\"'`()[]{}<>.,;:!*~|";

/// Removes invisible characters, which are copied along unseen: zero width spaces and joiners, byte
/// order marks, marks of the direction of writing, soft hyphens, variation selectors.
///
/// # Errors
/// [`NotAnAddress::NotAUrl`] for a text with control characters.
pub(super) fn visible(text: &str) -> Result<String, NotAnAddress> {
    let text: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    let is_hidden = |c: char| c.is_control() && !c.is_whitespace();
    if text.contains(is_hidden) {
        return Err(NotAnAddress::NotAUrl);
    }
    Ok(text)
}

pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffc}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Returns whether a character is white space at which no line may break. It occurs inside
/// addresses as well as around them.
pub(super) fn is_no_break_space(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{2007}' | '\u{202f}')
}

/// A text without what stands around an id.
pub(super) fn stripped(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace() || AROUND.contains(c) || (!c.is_ascii() && !c.is_alphanumeric())
    })
}

/// The links of a text, each once. A text of one word is a link whatever it is, so that its
/// refusal says what is wrong with it.
///
/// # Errors
/// [`NotAnAddress::UnsupportedScheme`] for a script, a `data:` address and their like,
/// [`NotAnAddress::NotAUrl`] for a text without links.
pub(super) fn links(text: &str) -> Result<Vec<String>, NotAnAddress> {
    if is_opaque(text) {
        return Err(NotAnAddress::UnsupportedScheme);
    }
    let words: Vec<&str> = text
        .split(is_separator)
        .filter(|word| !word.is_empty())
        .collect();
    let mut found = Vec::new();
    for word in &words {
        in_word(word, &mut found);
    }
    // `youtube.com` alone is a link only where there is no other.
    if found.iter().any(|link: &String| has_path(link)) {
        found.retain(|link| has_path(link));
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|link| seen.insert(link.clone()));
    match (found.is_empty(), words.as_slice()) {
        (false, _) => Ok(found),
        (true, [word]) => Ok(vec![stripped(word).to_owned()]),
        (true, _) => Err(NotAnAddress::NotAUrl),
    }
}

fn is_opaque(text: &str) -> bool {
    let text = stripped(text);
    OPAQUE_SCHEMES.iter().any(|scheme| {
        let head = text.get(..scheme.len()).unwrap_or_default();
        let next = text[head.len()..].chars().next();
        head.eq_ignore_ascii_case(scheme) && next.is_some_and(|c| !c.is_whitespace())
    })
}

/// Returns whether a character ends an address in a text.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '<' | '>' | '"' | '\'' | '`' | '|' | '{' | '}')
        || (!c.is_ascii() && !c.is_alphanumeric())
}

fn has_path(link: &str) -> bool {
    link.contains("://") || link.contains(['/', '?', '#'])
}

/// Adds the links of a word, which may have several without white space between them.
fn in_word(word: &str, found: &mut Vec<String>) {
    let word = percent_decoded_until(word, |word| {
        let host = word.split(['/', '?', '#']).next().unwrap_or_default();
        word.contains("://") || !host.contains('%')
    });
    let Some(first) = scheme_start(&word) else {
        found.extend(without_scheme(&word));
        return;
    };
    let mut starts = vec![first];
    let after = |at: usize| {
        word[at..]
            .find(':')
            .map_or(word.len(), |colon| at + colon + 1)
    };
    let mut from = after(first);
    while let Some(at) = next_http(&word, from) {
        starts.push(at);
        from = after(at);
    }
    let ends = starts.iter().skip(1).copied().chain([word.len()]);
    for (start, end) in starts.iter().zip(ends) {
        let link = word[*start..end].trim_end_matches(|c| AROUND.contains(c));
        // Emphasis in Markdown: `_https://youtu.be/ID_`.
        let is_emphasized = word[..*start].ends_with('_');
        let link = link
            .strip_suffix('_')
            .filter(|_| is_emphasized)
            .unwrap_or(link);
        found.push(link.to_owned());
    }
}

/// Returns the position of the first address with a scheme.
fn scheme_start(word: &str) -> Option<usize> {
    word.match_indices(':').find_map(|(colon, _)| {
        let name_start = word[..colon]
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
            .map_or(0, |at| {
                at + word[at..].chars().next().map_or(1, char::len_utf8)
            });
        let name = &word[name_start..colon];
        let after = &word[colon + 1..];
        if after.is_empty() {
            return None;
        }
        if let Some(length) = http_suffix(name) {
            return Some(colon - length);
        }
        if APP_SCHEMES.iter().any(|app| app.eq_ignore_ascii_case(name)) {
            return Some(name_start);
        }
        let is_scheme = name.starts_with(|c: char| c.is_ascii_alphabetic()) && !name.contains('.');
        (is_scheme && after.starts_with("//")).then_some(name_start)
    })
}

/// Length of the `http` or `https` at the end of a name.
fn http_suffix(name: &str) -> Option<usize> {
    ["https", "http"].iter().find_map(|http| {
        let start = name.len().checked_sub(http.len())?;
        let is_it = name.get(start..)?.eq_ignore_ascii_case(http);
        is_it.then_some(http.len())
    })
}

/// Returns the position of the next address that is not part of the previous one, as `?u=https://…`
/// is.
fn next_http(word: &str, from: usize) -> Option<usize> {
    word[from..].match_indices("://").find_map(|(at, _)| {
        let colon = from + at;
        let start = colon - http_suffix(&word[from..colon])?;
        let before = word[..start].chars().next_back()?;
        (!matches!(before, '=' | '/' | '?' | '&' | '#' | ':' | '%' | '_')).then_some(start)
    })
}

/// An address without a scheme in a word, by its host.
fn without_scheme(word: &str) -> Option<String> {
    let lower = word.to_ascii_lowercase();
    let at = ["youtu", "ytimg", "y2u.be", "google."]
        .iter()
        .filter_map(|name| lower.find(name))
        .min()?;
    let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '@');
    let start = word[..at].rfind(|c: char| !is_host(c)).map_or(0, |at| {
        at + word[at..].chars().next().map_or(1, char::len_utf8)
    });
    let slashes = if word[..start].ends_with("//") { 2 } else { 0 };
    let link = word[start..].trim_end_matches(|c| AROUND.contains(c));
    let host = link.split(['/', '?', '#', ':', '&', '\\']).next()?;
    // An address of e-mail is no link, one with a path names a user for its host.
    let is_link = if host.contains('@') {
        has_path(link)
    } else {
        host.contains('.') && site::is_known(host)
    };
    is_link.then(|| word[start - slashes..start + link.len()].to_owned())
}
