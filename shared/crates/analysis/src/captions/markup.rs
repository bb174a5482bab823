//! What stands inside a cue: voices, other tags, character references.

/// Takes the text of a cue apart into what each speaker says. Every tag but the voice tag is
/// dropped, text is one line, and what is empty then is left out.
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

/// Splits a tag from what follows it. A `<` that no letter, digit, dot or slash follows, or that is
/// not closed before the next one, is a character like any other.
fn tag(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('<').filter(|inside| begins_tag(inside))?;
    let end = inside.find(['<', '>'])?;
    Some((&inside[..end], inside[end..].strip_prefix('>')?))
}

fn begins_tag(inside: &str) -> bool {
    inside.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.'))
}

/// The speaker that a voice tag names; inner `None` where the voice ends or has no name.
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

/// One line of what can be seen, without white space at its ends or in runs.
pub(super) fn single_line(text: &str) -> String {
    super::super::text::line(text, usize::MAX)
}

/// Writes `&`, `<` and `>` as WebVTT demands.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A name inside a voice tag. Two hyphens at its end would make an arrow with the end of the tag,
/// and a line with an arrow ends a cue.
pub(super) fn annotation(name: &str) -> String {
    let name = escape(name);
    match name.strip_suffix('-') {
        Some(rest) => format!("{rest}&#45;"),
        None => name,
    }
}

/// Escapes only what would be read as something else: SRT has no character references of its own,
/// and many programs show them as they are.
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

/// Replaces character references by their characters; what is none stays.
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

/// The character that a reference at the beginning of a text means, and the reference's length.
/// WebVTT takes all of HTML's; those that captions are seen to use are known here.
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
