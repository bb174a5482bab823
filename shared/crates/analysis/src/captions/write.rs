//! Writers of WebVTT and SubRip.

use super::{Segment, cue_text::single_line, subrip};

/// Zero-width character that separates its neighbours. Players do not show it, and [`super::parse`]
/// drops it.
const WORD_JOINER: char = '\u{2060}';

/// Writes WebVTT. Reading it gives the same segments if times are whole milliseconds and texts are
/// single lines.
#[must_use]
pub fn to_vtt(segments: &[Segment]) -> String {
    let mut out = String::from("WEBVTT\n");
    for segment in segments {
        out.push('\n');
        push_vtt_cue(&mut out, segment);
    }
    out
}

/// Writes the times and the words of a WebVTT cue.
pub(super) fn push_vtt_cue(out: &mut String, segment: &Segment) {
    let (start, end) = (clock(segment.start_s, '.'), clock(segment.end_s, '.'));
    out.push_str(&format!("{start} --> {end}\n"));
    let text = escape(&single_line(&segment.text));
    match name_of(segment) {
        Some(name) => out.push_str(&format!("<v {}>{text}</v>\n", annotation(&name))),
        None => out.push_str(&format!("{text}\n")),
    }
}

/// Writes SubRip.
///
/// The format has no speakers, so a known speaker is written before the words. SubRip cannot escape
/// `<` or `&`. Only text that would be read as a tag or as times gets an invisible character.
#[must_use]
pub fn to_srt(segments: &[Segment]) -> String {
    let mut out = String::new();
    for (index, segment) in segments.iter().enumerate() {
        let (start, end) = (clock(segment.start_s, ','), clock(segment.end_s, ','));
        let gap = if index == 0 { "" } else { "\n" };
        let mut line = single_line(&segment.text);
        if let Some(name) = name_of(segment) {
            line = format!("{name}: {line}");
        }
        let line = kept_apart(line);
        out.push_str(&format!("{gap}{}\n{start} --> {end}\n{line}\n", index + 1));
    }
    out
}

fn name_of(segment: &Segment) -> Option<String> {
    let name = segment.speaker.as_deref().map(single_line);
    name.filter(|name| !name.is_empty())
}

/// Escapes `&`, `<` and `>` for WebVTT.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Escapes a name for a voice tag. Two trailing hyphens would form an arrow with the end of the
/// tag, and a line with an arrow ends a cue.
fn annotation(name: &str) -> String {
    let name = escape(name);
    match name.strip_suffix('-') {
        Some(rest) => format!("{rest}&#45;"),
        None => name,
    }
}

/// Protects words that look like markup or times from being parsed as such.
fn kept_apart(line: String) -> String {
    let is_times = subrip::is_times(&line);
    if subrip::is_kept(&line) && !is_times {
        return line;
    }
    let mut out = String::with_capacity(line.len() + 16);
    for (at, character) in line.char_indices() {
        out.push(character);
        let rest = &line[at..];
        let opens = matches!(character, '<') && subrip::begins_markup(rest);
        let arrow = is_times && matches!(character, '-' | '–' | '—' | '=' | '>' | '→');
        if opens || rest.starts_with("{\\") || arrow {
            out.push(WORD_JOINER);
        }
    }
    out
}

fn clock(seconds: f64, point: char) -> String {
    // The cast saturates at both ends and maps NaN to 0.
    let all = (seconds * 1000.0).round() as u64;
    let (hours, minutes) = (all / 3_600_000, all / 60_000 % 60);
    format!(
        "{hours:02}:{minutes:02}:{:02}{point}{:03}",
        all / 1000 % 60,
        all % 1000
    )
}
