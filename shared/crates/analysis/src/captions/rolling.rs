//! Rolling captions, in which every cue repeats the previous lines.
//!
//! YouTube's automatic captions and broadcasts do this. Each line is stored once, with its first
//! time.

use std::collections::VecDeque;

use super::{Cue, Segment, cue_text::Line, seconds, segments_of};

/// Maximum gap in milliseconds between cues that repeat each other.
const MAX_GAP_MS: u64 = 1_000;

/// Minimum display time in milliseconds. If the first cue of a line is shorter, the next cues
/// extend it.
const MIN_SHOWN_MS: u64 = 100;

/// Maximum lines that a cue may repeat. Captions that grow by the word repeat one line a word.
const MAX_REPEATED: usize = 40;

/// Maximum characters of a line that grows word by word.
const LINE_CHARS: usize = 42;

/// Minimum repeated words that distinguish a rolling file without inline times from repetitive
/// speech.
const MIN_REPEATED_WORDS: usize = 8;

/// Converts cues to segments with their lines in the file. In a rolling file, repeated words are
/// dropped.
pub(super) fn merge(mut cues: Vec<Cue>) -> Vec<(Segment, usize)> {
    cues.dedup_by(|cue, before| is_same(before, cue));
    let (unrolled, evidence) = unroll(&cues);
    if evidence.is_rolling() {
        unrolled
    } else {
        cues.into_iter().flat_map(segments_of).collect()
    }
}

/// Returns true if two cues show the same words at the same time.
fn is_same(one: &Cue, other: &Cue) -> bool {
    let words = |cue: &Cue| -> Vec<(Option<String>, String)> {
        let turns = cue.turns.iter();
        turns
            .map(|turn| (turn.speaker.clone(), turn.text()))
            .collect()
    };
    (one.start_ms, one.end_ms) == (other.start_ms, other.end_ms) && words(one) == words(other)
}

/// Counts that show if a file rolls.
#[derive(Default)]
struct Evidence {
    /// Cues that follow the previous cue without a gap.
    adjoining: usize,
    /// Adjoining cues that begin with the previous lines.
    repeating: usize,
    /// Repeating cues that also add words.
    adding: usize,
    repeated_words: usize,
    /// Lines with inline times.
    timed: usize,
}

impl Evidence {
    fn is_rolling(&self) -> bool {
        if self.timed > 0 && self.repeating > 0 {
            return self.repeating * 10 >= self.adjoining * 3;
        }
        self.repeated_words >= MIN_REPEATED_WORDS
            && self.repeating >= 2
            && self.repeating * 2 >= self.adjoining
            && self.adding * 4 >= self.adjoining
    }
}

/// Words that a cue adds to the screen.
struct Added {
    words: Vec<String>,
    /// Index of its segment.
    segment: usize,
}

#[derive(Default)]
struct Unroller {
    placed: Vec<(Segment, usize)>,
    /// Latest words on screen, which the next cue may repeat.
    shown: VecDeque<Added>,
    evidence: Evidence,
}

fn unroll(cues: &[Cue]) -> (Vec<(Segment, usize)>, Evidence) {
    let mut unroller = Unroller::default();
    let mut shown_until_ms = None;
    for cue in cues {
        let is_adjoining = shown_until_ms.is_some_and(|end| cue.start_ms <= end + MAX_GAP_MS);
        // Above a line with inline times, the cue only repeats the screen.
        if !is_adjoining && !is_timed(cue) {
            unroller.shown.clear();
        }
        unroller.cue(cue, is_adjoining);
        shown_until_ms = Some(cue.end_ms);
    }
    let by_start = |(one, _): &(Segment, usize), (other, _): &(Segment, usize)| {
        one.start_s.total_cmp(&other.start_s)
    };
    unroller.placed.sort_by(by_start);
    for at in 1..unroller.placed.len() {
        let next_s = unroller.placed[at].0.start_s;
        let before = &mut unroller.placed[at - 1].0;
        before.end_s = before.end_s.min(next_s).max(before.start_s);
    }
    (unroller.placed, unroller.evidence)
}

fn is_timed(cue: &Cue) -> bool {
    let mut lines = cue.turns.iter().flat_map(|turn| &turn.lines);
    lines.any(|line| line.is_timed)
}

impl Unroller {
    fn cue(&mut self, cue: &Cue, is_adjoining: bool) {
        let turns = cue.turns.iter();
        let lines: Vec<(&Option<String>, &Line)> = turns
            .flat_map(|turn| turn.lines.iter().map(|line| (&turn.speaker, line)))
            .collect();
        let words: Vec<&str> = lines
            .iter()
            .flat_map(|(_, line)| line.text.split(' '))
            .collect();
        // A line with inline times is new.
        let timed = lines.iter().position(|(_, line)| line.is_timed);
        let old = lines.iter().take(timed.unwrap_or(lines.len()));
        let most = old.map(|(_, line)| line.text.split(' ').count()).sum();
        let (repeated, units) = self.repeated(&words[..most]);
        self.evidence.timed += usize::from(timed.is_some());
        if is_adjoining {
            self.evidence.adjoining += 1;
            self.evidence.repeating += usize::from(repeated > 0);
            self.evidence.adding += usize::from(repeated > 0 && repeated < words.len());
            self.evidence.repeated_words += repeated;
        }
        self.show_on(units, cue.end_ms);
        let mut passed = 0;
        for (speaker, line) in lines {
            let count = line.text.split(' ').count();
            let skipped = repeated.saturating_sub(passed).min(count);
            passed += count;
            if skipped < count {
                self.add(cue, speaker.as_ref(), line, skipped);
            }
        }
    }

    /// Returns the number of words, and of latest lines, that the cue repeats at its start.
    fn repeated(&self, words: &[&str]) -> (usize, usize) {
        for units in (1..=self.shown.len()).rev() {
            let last = self.shown.iter().skip(self.shown.len() - units);
            let mut last = last.flat_map(|added| &added.words);
            let count = words
                .iter()
                .zip(last.by_ref())
                .take_while(|(word, shown)| *word == shown)
                .count();
            let all: usize = { self.shown.iter().skip(self.shown.len() - units) }
                .map(|added| added.words.len())
                .sum();
            if count == all {
                return (count, units);
            }
        }
        (0, 0)
    }

    /// Extends the end of lines that stay on screen, if their own cue showed them only for an
    /// instant.
    fn show_on(&mut self, units: usize, end_ms: u64) {
        for added in self.shown.iter().rev().take(units) {
            let segment = &mut self.placed[added.segment].0;
            if segment.end_s - segment.start_s < seconds(MIN_SHOWN_MS) {
                segment.end_s = segment.end_s.max(seconds(end_ms));
            }
        }
    }

    /// Adds a line, starting at word `skipped`.
    fn add(&mut self, cue: &Cue, speaker: Option<&String>, line: &Line, skipped: usize) {
        let words: Vec<String> = line.text.split(' ').skip(skipped).map(Into::into).collect();
        let text = words.join(" ");
        let end_s = seconds(cue.end_ms);
        let last = self.placed.last_mut();
        let grown = last.filter(|(before, line)| {
            let chars = before.text.chars().count() + 1 + text.chars().count();
            let is_growing = skipped > 0 && chars <= LINE_CHARS;
            (is_growing || *line == cue.line) && before.speaker.as_ref() == speaker
        });
        if let Some((segment, _)) = grown {
            segment.text = format!("{} {text}", segment.text);
            segment.end_s = segment.end_s.max(end_s);
        } else {
            let own_ms = line
                .start_ms
                .filter(|own_ms| skipped == 0 && (cue.start_ms..=cue.end_ms).contains(own_ms));
            let start_s = seconds(own_ms.unwrap_or(cue.start_ms));
            self.placed.push((
                Segment {
                    start_s,
                    end_s,
                    text,
                    speaker: speaker.cloned(),
                },
                cue.line,
            ));
        }
        self.shown.push_back(Added {
            words,
            segment: self.placed.len() - 1,
        });
        if self.shown.len() > MAX_REPEATED {
            self.shown.pop_front();
        }
    }
}
