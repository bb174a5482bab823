//! Splitting of segments that are too long.

use super::Segment;

/// Maximum characters of a segment's text. Longer texts are split, never truncated.
pub const MAX_TEXT_CHARS: usize = 8_000;

/// Splits a segment at a sentence end, else between words, else anywhere. Each part's duration is
/// proportional to its characters.
pub(crate) fn split(segment: Segment) -> Vec<Segment> {
    let total = segment.text.chars().count();
    if total <= MAX_TEXT_CHARS {
        return vec![segment];
    }
    let length_s = segment.end_s - segment.start_s;
    let mut parts: Vec<Segment> = Vec::new();
    let mut rest = segment.text.as_str();
    let mut done = 0;
    let mut start_s = segment.start_s;
    while !rest.is_empty() {
        let (part, after) = rest.split_at(end_of_part(rest));
        done += part.chars().count();
        let share = done as f64 / total as f64;
        let end_s = if after.is_empty() {
            segment.end_s
        } else {
            ((segment.start_s + length_s * share) * 1000.0).round() / 1000.0
        };
        parts.push(Segment {
            start_s,
            end_s,
            text: part.trim_end().to_owned(),
            speaker: segment.speaker.clone(),
        });
        start_s = end_s;
        rest = after;
    }
    parts
}

/// Length in bytes of the first part of a text, including the blank after it.
fn end_of_part(text: &str) -> usize {
    let Some((end, _)) = text.char_indices().nth(MAX_TEXT_CHARS) else {
        return text.len();
    };
    // A blank directly after the part belongs to it.
    let window = &text[..end + usize::from(text[end..].starts_with(' '))];
    let half = window.len() / 2;
    let blanks = window.rmatch_indices(' ').map(|(at, _)| at);
    let blanks: Vec<usize> = blanks.take_while(|at| *at >= half).collect();
    let ends_sentence = |at: &usize| text[..*at].ends_with(['.', '!', '?', '…', '"', '”']);
    let blank = { blanks.iter().copied() }
        .find(ends_sentence)
        .or(blanks.first().copied())
        .or_else(|| window.rfind(' '));
    match blank {
        Some(at) => at + 1,
        None => end_of_cluster(text, end),
    }
}

/// Moves an index past a limited number of marks and joiners of the previous character.
fn end_of_cluster(text: &str, end: usize) -> usize {
    let joins = |c: char| {
        unicode_normalization::char::is_combining_mark(c) || matches!(c, '\u{200c}' | '\u{200d}')
    };
    let after_joiner = text[..end].ends_with('\u{200d}');
    let mut marks = text[end..].char_indices().take(16);
    match marks.find(|(at, c)| !(joins(*c) || (*at == 0 && after_joiner))) {
        Some((at, _)) => end + at,
        None => end,
    }
}
