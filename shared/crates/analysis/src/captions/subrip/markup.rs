//! Markup in the words of a SubRip cue.
//!
//! Only tags of SubRip and SubStation Alpha are markup; every other `<` and `&` is text.

use super::super::cue_text::{self, Line, Turn};
use super::super::webvtt;

/// Tag names of SubRip.
const TAGS: [&str; 5] = ["b", "i", "u", "s", "font"];

/// Parses the words of a cue. Lines with inline times are WebVTT: YouTube captions with another
/// file extension.
pub(super) fn words<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<Turn> {
    let lines: Vec<&str> = lines.into_iter().collect();
    if lines.iter().any(|line| has_inline_time(line)) {
        return cue_text::turns(&lines.join("\n"));
    }
    let has_override = lines.iter().any(|line| has_override_tag(line));
    let lines = lines.into_iter().map(|line| Line {
        text: cue_text::single_line(&without_tags(line, has_override)),
        ..Line::default()
    });
    let lines: Vec<Line> = lines.filter(|line| !line.text.is_empty()).collect();
    if lines.is_empty() {
        return Vec::new();
    }
    vec![Turn {
        speaker: None,
        lines,
    }]
}

/// Returns true if reading a line keeps it unchanged.
pub(in super::super) fn is_kept(line: &str) -> bool {
    !has_inline_time(line) && !has_override_tag(line) && without_tags(line, false) == line
}

/// Returns true if a text begins with markup.
pub(in super::super) fn begins_markup(text: &str) -> bool {
    let inside = text.get(1..).unwrap_or_default();
    let end = inside.find(['<', '>']).unwrap_or(inside.len());
    tag(text).is_some() || webvtt::timestamp(&inside[..end]).is_some()
}

/// Removes tags. If a cue has a SubStation Alpha tag, its line breaks and spaces are decoded too.
fn without_tags(line: &str, has_override: bool) -> String {
    let mut out = String::with_capacity(line.len());
    let mut at = 0;
    while let Some(found) = line[at..].find(['<', '{', '\\']) {
        out.push_str(&line[at..at + found]);
        at += found;
        let tag = match line.as_bytes()[at] {
            b'<' => tag(&line[at..]),
            b'{' => override_tag(&line[at..]),
            _ => None,
        };
        let is_space = has_override
            && ["\\N", "\\n", "\\h"]
                .iter()
                .any(|s| line[at..].starts_with(s));
        match tag {
            Some(length) => at += length,
            None if is_space => {
                out.push(' ');
                at += 2;
            }
            None => {
                out.push_str(&line[at..=at]);
                at += 1;
            }
        }
    }
    out + &line[at..]
}

fn has_override_tag(line: &str) -> bool {
    let mut starts = line.match_indices("{\\");
    starts.any(|(at, _)| override_tag(&line[at..]).is_some())
}

/// Length of a SubRip tag at the beginning of a text.
fn tag(text: &str) -> Option<usize> {
    let end = text[1..].find(['<', '>', '\n'])? + 1;
    if text.as_bytes()[end] != b'>' {
        return None;
    }
    let inside = text[1..end].trim_start();
    let inside = inside.strip_prefix('/').unwrap_or(inside).trim_start();
    let name = inside.trim_end_matches([' ', '/']);
    let (name, rest) = name.split_at(
        name.find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(name.len()),
    );
    let is_tag = TAGS.iter().any(|tag| name.eq_ignore_ascii_case(tag));
    // `<font color=red>` has attributes, `<i, j>` is a word.
    let has_attributes = rest.is_empty() || (rest.starts_with(' ') && rest.contains('='));
    (is_tag && has_attributes).then_some(end + 1)
}

/// Length of a `{\…}` tag at the beginning of a text.
fn override_tag(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("{\\")?;
    let end = inside.find(['{', '}'])?;
    inside[end..].starts_with('}').then_some(end + 3)
}

/// Returns true if the words contain a YouTube inline time: `<00:00:01.000>`.
fn has_inline_time(line: &str) -> bool {
    line.split('<').skip(1).any(|inside| {
        let end = inside.find('>');
        end.is_some_and(|end| webvtt::timestamp(&inside[..end]).is_some())
    })
}
