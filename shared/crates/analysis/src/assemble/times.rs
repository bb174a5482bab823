//! Holding times to what is known of the video.

use super::super::{RefusalReason, Refused};
use super::MAX_DURATION_S;
use eventrelay_core::video::Window;

/// How far a time may be off before it is a contradiction, in seconds: platforms round lengths, and
/// what is said last is said at the very end.
const TOLERANCE_S: f64 = 1.0;

/// Maximum number of cues of a given transcript that are refused one by one.
const MAX_REFUSED_CUES: usize = 400;

/// The bounds of the video and of the part that was asked for, and what did not keep to them.
pub(super) struct Times {
    duration_s: f64,
    window: (f64, f64),
    /// The latest time that was accepted, in seconds.
    pub(super) latest: f64,
    /// In the order of the parts.
    pub(super) refused: Vec<Refused>,
}

impl Times {
    /// The video is as long as is known, else it goes on until the end of a transcript that was
    /// given, however late that is.
    pub(super) fn new(
        duration_s: Option<f64>,
        given_end_s: Option<f64>,
        window: Option<Window>,
    ) -> Self {
        let window = window.unwrap_or(Window {
            start_s: 0.0,
            end_s: None,
        });
        Self {
            duration_s: duration_s
                .unwrap_or_else(|| given_end_s.unwrap_or_default().max(MAX_DURATION_S)),
            window: (
                window.start_s.max(0.0),
                window.end_s.unwrap_or(f64::INFINITY),
            ),
            latest: 0.0,
            refused: Vec::new(),
        }
    }

    /// First second of what is analysed.
    pub(super) fn begin(&self) -> f64 {
        self.window.0
    }

    /// Last second of what is analysed, as far as it is known.
    pub(super) fn end(&self) -> f64 {
        self.window.1.min(self.duration_s)
    }

    /// Last second of the part that was asked for.
    pub(super) fn window_end(&self) -> f64 {
        self.window.1
    }

    /// Whether a time is after the end of the video.
    pub(super) fn is_beyond_duration(&self, at_s: f64) -> bool {
        self.within_duration(at_s).is_err()
    }

    /// Notes that a cue of a transcript that was given begins after the end of the video.
    pub(super) fn refuse_cue(&mut self, at_s: f64, line: u32) {
        let listed = self.refused.iter().filter(|one| one.line.is_some()).count();
        if listed < MAX_REFUSED_CUES {
            self.refuse("transcript", at_s, RefusalReason::BeyondDuration);
        } else if listed == MAX_REFUSED_CUES {
            self.refuse("transcript", at_s, RefusalReason::TooMany);
        } else {
            return;
        }
        if let Some(last) = self.refused.last_mut() {
            last.line = Some(line);
            last.detail = (listed == MAX_REFUSED_CUES)
                .then(|| "this cue and later ones begin after the end of the video".to_owned());
        }
    }

    /// A time to the millisecond, or none and a refusal.
    pub(super) fn moment(&mut self, part: &str, at_s: f64) -> Option<f64> {
        match self.fit(at_s) {
            Ok(fitted) => {
                self.latest = self.latest.max(fitted);
                Some(fitted)
            }
            Err(reason) => {
                self.refuse(part, at_s, reason);
                None
            }
        }
    }

    /// Beginning and end, or none and a refusal. An end beyond the part that was asked for, but not
    /// beyond the video, is moved to the part's.
    pub(super) fn span(&mut self, part: &str, start_s: f64, end_s: f64) -> Option<(f64, f64)> {
        let checked = self.fit(start_s).and_then(|start| {
            is_time(end_s)?;
            if end_s < start_s {
                return Err(RefusalReason::OutOfOrder);
            }
            self.within_duration(end_s)?;
            Ok((start, milliseconds(end_s).min(self.end()).max(start)))
        });
        match checked {
            Ok((start, end)) => {
                self.latest = self.latest.max(end);
                Some((start, end))
            }
            Err(reason) => {
                let beyond = reason == RefusalReason::BeyondDuration;
                self.refuse(
                    part,
                    if beyond { start_s.max(end_s) } else { start_s },
                    reason,
                );
                None
            }
        }
    }

    /// Notes that something was left out.
    pub(super) fn refuse(&mut self, part: &str, at_s: f64, reason: RefusalReason) {
        // JSON has no number for what is none.
        let at_s = if at_s.is_finite() { at_s } else { 0.0 };
        self.refused.push(Refused {
            part: part.to_owned(),
            at_s,
            reason,
            ..Refused::default()
        });
    }

    fn fit(&self, at_s: f64) -> Result<f64, RefusalReason> {
        is_time(at_s)?;
        self.within_duration(at_s)?;
        let (first, last) = self.window;
        if at_s < first - TOLERANCE_S || at_s > last + TOLERANCE_S {
            return Err(RefusalReason::OutsideWindow);
        }
        Ok(milliseconds(at_s).max(first).min(self.end()))
    }

    fn within_duration(&self, at_s: f64) -> Result<(), RefusalReason> {
        if at_s > self.duration_s + TOLERANCE_S {
            return Err(RefusalReason::BeyondDuration);
        }
        Ok(())
    }
}

fn is_time(at_s: f64) -> Result<(), RefusalReason> {
    if at_s.is_finite() && at_s >= 0.0 {
        Ok(())
    } else {
        Err(RefusalReason::NotATime)
    }
}

/// Rounds to the precision that captions have, and makes -0 the 0 it is.
pub(super) fn milliseconds(at_s: f64) -> f64 {
    (at_s * 1000.0).round() / 1000.0 + 0.0
}
