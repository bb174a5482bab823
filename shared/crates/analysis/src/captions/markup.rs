//! Markup inside a cue: voices, other tags, character references.

/// Splits the text of a cue by speaker. Tags other than voice tags are dropped, text becomes one
/// line, and empty entries are dropped.
pub(super) fn spoken(payload: &str) -> Vec<(Option<String>, String)> {
    let mut turns = vec![(None, String::new())];
    let mut rest = payload;
    while let Some(open) = rest.find('<') {
        let (before, at) = rest.split_at(open);
        push(&mut turns, before);
        match tag(at) {
            Some((name, after)) => {
                if let Some(speaker) = voice(name) {
                    turns.push((speaker, String::new()));
                }
                rest = after;
            }
            None => {
                push(&mut turns, "<");
                rest = &at[1..];
            }
        }
    }
    push(&mut turns, rest);
    let lines = turns
        .into_iter()
        .map(|(speaker, text)| (speaker, single_line(&unescape(&text))));
    lines.filter(|(_, text)| !text.is_empty()).collect()
}

fn push(turns: &mut [(Option<String>, String)], text: &str) {
    if let Some((_, turn)) = turns.last_mut() {
        turn.push_str(text);
    }
}

/// Splits a tag from the text after it. A `<` is plain text if no letter, digit, dot or slash
/// follows it, or if the next `<` comes before its end.
fn tag(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('<').filter(|inside| begins_tag(inside))?;
    let end = inside.find(['<', '>'])?;
    Some((&inside[..end], inside[end..].strip_prefix('>')?))
}

fn begins_tag(inside: &str) -> bool {
    inside.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.'))
}

/// Returns the speaker of a voice tag; the inner `None` means the voice ends or has no name.
fn voice(tag: &str) -> Option<Option<String>> {
    if tag == "/v" {
        return Some(None);
    }
    let rest = tag.strip_prefix('v')?;
    if !rest.is_empty() && !rest.starts_with(['.', ' ', '\t', '\n']) {
        return None;
    }
    let name = rest
        .split_once([' ', '\t', '\n'])
        .map_or("", |(_classes, name)| name);
    let name = single_line(&unescape(name));
    Some((!name.is_empty()).then_some(name))
}

/// Collapses a text to one line of visible characters, without leading, trailing or repeated white
/// space.
pub(super) fn single_line(text: &str) -> String {
    super::super::text::line(text, usize::MAX)
}

/// Escapes `&`, `<` and `>` for WebVTT.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Escapes a name for a voice tag. Two trailing hyphens would form an arrow with the end of the
/// tag, and a line with an arrow ends a cue.
pub(super) fn annotation(name: &str) -> String {
    let name = escape(name);
    match name.strip_suffix('-') {
        Some(rest) => format!("{rest}&#45;"),
        None => name,
    }
}

/// Escapes only ambiguous text. SRT has no character references, and many players show them
/// unchanged.
pub(super) fn escape_sparingly(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let rest = &text[at..];
        match character {
            '&' if reference(rest).is_some() => out.push_str("&amp;"),
            '<' if begins_tag(&rest[1..]) => out.push_str("&lt;"),
            '>' if text[..at].ends_with("--") => out.push_str("&gt;"),
            other => out.push(other),
        }
    }
    out
}

/// Replaces character references by their characters. Unknown references stay.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (character, length) = reference(rest).unwrap_or(('&', 1));
        out.push(character);
        rest = &rest[length..];
    }
    out + rest
}

/// Longest name of a character reference, with its semicolon.
const MAX_REFERENCE: usize = 10;

/// Returns the character of a leading reference and the reference's length. WebVTT accepts all of
/// HTML's; this function knows those common in captions.
fn reference(text: &str) -> Option<(char, usize)> {
    let name = text.strip_prefix('&')?;
    let name = &name[..name
        .bytes()
        .take(MAX_REFERENCE)
        .position(|byte| byte == b';')?];
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "lrm" => '\u{200e}',
        "rlm" => '\u{200f}',
        _ => numeric(name.strip_prefix('#')?)?,
    };
    Some((character, name.len() + 2))
}

fn numeric(number: &str) -> Option<char> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).filter(|c| !c.is_control() || c.is_whitespace())
}
