//! Text of a WebVTT cue: tokenizer and parser (WebVTT, section 6.4), reduced to speakers and their
//! words.

use super::{references, webvtt};
use crate::text;

/// Words of one speaker in a cue.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) speaker: Option<String>,
    /// Never empty.
    pub(super) lines: Vec<Line>,
}

/// A line of a cue.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// One line of visible characters, never empty.
    pub(super) text: String,
    /// Time of the first word, if it has its own.
    pub(super) start_ms: Option<u64>,
    /// True if words of the line have their own times.
    pub(super) is_timed: bool,
}

impl Turn {
    /// Joins the lines to one.
    pub(super) fn text(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(|line| line.text.as_str()).collect();
        lines.join(" ")
    }
}

#[derive(PartialEq)]
enum Node {
    Span(&'static str),
    Voice(Option<String>),
}

/// Tags of a ruby: a text and its reading.
const RUBY: &str = "ruby";
const RUBY_TEXT: &str = "rt";

/// Tags other than the voice.
const SPANS: [&str; 7] = ["c", "i", "b", "u", "lang", RUBY, RUBY_TEXT];

/// Maximum depth of elements. Deeper elements are ignored.
const MAX_DEPTH: usize = 64;

/// Splits the text of a cue by speaker. Tags, ruby readings and turns without words are dropped.
pub(super) fn turns(payload: &str) -> Vec<Turn> {
    let mut parser = Parser::default();
    let mut rest = payload;
    while let Some(open) = rest.find('<') {
        parser.text(&rest[..open]);
        let inside = &rest[open + 1..];
        let end = inside.find('>').unwrap_or(inside.len());
        parser.tag(&inside[..end]);
        rest = inside.get(end + 1..).unwrap_or_default();
    }
    parser.text(rest);
    parser.finish()
}

#[derive(Default)]
struct Parser {
    turns: Vec<Turn>,
    open: Vec<Node>,
}

impl Parser {
    fn text(&mut self, text: &str) {
        if text.is_empty() || self.open.contains(&Node::Span(RUBY_TEXT)) {
            return;
        }
        let speaker = self.speaker();
        if self.turns.last().is_none_or(|turn| turn.speaker != speaker) {
            self.turns.push(Turn {
                speaker,
                lines: vec![Line::default()],
            });
        }
        let Some(turn) = self.turns.last_mut() else {
            return;
        };
        for (index, part) in text.split('\n').enumerate() {
            if index > 0 {
                turn.lines.push(Line::default());
            }
            if let Some(line) = turn.lines.last_mut() {
                line.text.push_str(&references::decode(part));
            }
        }
    }

    fn speaker(&self) -> Option<String> {
        let voices = self.open.iter().rev().find_map(|node| match node {
            Node::Voice(name) => Some(name.clone()),
            Node::Span(_) => None,
        });
        voices.flatten()
    }

    /// Handles the content between `<` and `>`.
    fn tag(&mut self, tag: &str) {
        match tag.as_bytes().first() {
            Some(b'/') => self.end_tag(&tag[1..]),
            Some(b'0'..=b'9') => self.timestamp(tag),
            _ if self.open.len() == MAX_DEPTH => {}
            _ => self.start_tag(tag),
        }
    }

    fn start_tag(&mut self, tag: &str) {
        let name_end = tag.find(is_blank_or_dot).unwrap_or(tag.len());
        let span = match &tag[..name_end] {
            "v" => {
                let annotation = tag
                    .find(is_blank)
                    .map_or(String::new(), |at| references::decode(&tag[at..]));
                let name = single_line(&annotation);
                let speaker = (!name.is_empty()).then_some(name);
                self.turns.push(Turn {
                    speaker: speaker.clone(),
                    lines: vec![Line::default()],
                });
                self.open.push(Node::Voice(speaker));
                return;
            }
            RUBY_TEXT if self.open.last() != Some(&Node::Span(RUBY)) => return,
            name => SPANS.into_iter().find(|known| *known == name),
        };
        self.open.extend(span.map(Node::Span));
    }

    fn end_tag(&mut self, name: &str) {
        let closes = match (name, self.open.last()) {
            ("v", Some(Node::Voice(_))) => 1,
            (RUBY, Some(&Node::Span(RUBY_TEXT))) => 2,
            (name, Some(Node::Span(tag))) => usize::from(name == *tag),
            _ => 0,
        };
        self.open.truncate(self.open.len() - closes);
    }

    fn timestamp(&mut self, tag: &str) {
        let Some(at_ms) = webvtt::timestamp(tag) else {
            return;
        };
        if self.turns.is_empty() {
            self.turns.push(Turn {
                speaker: self.speaker(),
                lines: vec![Line::default()],
            });
        }
        let line = self.turns.last_mut().and_then(|turn| turn.lines.last_mut());
        if let Some(line) = line {
            line.is_timed = true;
            if line.start_ms.is_none() && line.text.trim().is_empty() {
                line.start_ms = Some(at_ms);
            }
        }
    }

    fn finish(self) -> Vec<Turn> {
        let mut turns: Vec<Turn> = Vec::with_capacity(self.turns.len());
        for mut turn in self.turns {
            for line in &mut turn.lines {
                line.text = single_line(&line.text);
            }
            turn.lines.retain(|line| !line.text.is_empty());
            // A dash before a voice marks a change of speaker, as the voice tag does.
            if turn.speaker.is_some() && !turn.lines.is_empty() {
                let is_dash = |turn: &mut Turn| turn.speaker.is_none() && is_dash(&turn.text());
                turns.pop_if(is_dash);
            }
            if !turn.lines.is_empty() {
                turns.push(turn);
            }
        }
        turns
    }
}

fn is_dash(text: &str) -> bool {
    let is_mark = |c| matches!(c, '-' | '‐' | '–' | '—' | '•' | '>' | '»' | ' ');
    text.chars().all(is_mark)
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\u{c}')
}

fn is_blank_or_dot(c: char) -> bool {
    c == '.' || is_blank(c)
}

/// Collapses a text to one line of visible characters, without leading, trailing or repeated white
/// space.
pub(super) fn single_line(text: &str) -> String {
    text::line(text, usize::MAX)
}
