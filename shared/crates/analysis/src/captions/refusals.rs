//! Bounded list of the refusals of a caption file.

use super::{RefusalReason, Refused, quoted, seconds};

/// Maximum refusals that are listed one by one.
const MAX_LISTED: usize = 200;

#[derive(Debug, Default)]
pub(super) struct Refusals {
    listed: Vec<Refused>,
    count: usize,
    /// Line and reason of the first unlisted refusal.
    beyond: Option<(usize, RefusalReason)>,
}

impl Refusals {
    pub(super) fn push(&mut self, line: usize, at_ms: u64, reason: RefusalReason, detail: String) {
        self.count += 1;
        if self.listed.len() == MAX_LISTED {
            self.beyond.get_or_insert((line, reason));
            return;
        }
        self.listed
            .push(refused(line, seconds(at_ms), reason, detail));
    }

    /// Number of refusals, listed or not.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Describes the first refusal.
    pub(super) fn first(&self) -> Option<String> {
        let first = self.listed.first()?;
        let line = first.line.unwrap_or_default();
        let detail = first.detail.as_deref().unwrap_or_default();
        Some(format!("line {line}: {detail}"))
    }

    /// Returns the refusals in line order. The last entry counts the unlisted ones.
    pub(super) fn into_list(self) -> Vec<Refused> {
        let mut listed = self.listed;
        listed.sort_by_key(|one| one.line);
        if let Some((line, reason)) = self.beyond {
            let more = self.count - listed.len();
            listed.push(refused(
                line,
                0.0,
                reason,
                format!("from this line on {more} more were refused"),
            ));
        }
        listed
    }
}

fn refused(line: usize, at_s: f64, reason: RefusalReason, detail: String) -> Refused {
    Refused {
        part: "transcript".to_owned(),
        at_s,
        reason,
        line: Some(u32::try_from(line).unwrap_or(u32::MAX)),
        detail: Some(detail),
    }
}

/// Describes a line that is not a cue's times.
pub(super) fn not_times(line: &str) -> String {
    format!("{} is not the times of a cue", quoted(line))
}
