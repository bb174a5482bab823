//! Validation of times against the known facts of the video.

use super::super::{RefusalReason, Refused};
use super::MAX_DURATION_S;
use eventrelay_core::video::Window;

/// Tolerance in seconds before a time is a contradiction. Platforms round durations, and the last
/// words end with the video.
const TOLERANCE_S: f64 = 1.0;

/// Maximum number of cues of a given transcript that are refused one by one.
const MAX_REFUSED_CUES: usize = 400;

/// Bounds of the video and of the requested part, with the times that violated them.
pub(super) struct Times {
    duration_s: f64,
    window: (f64, f64),
    /// Latest accepted time, in seconds.
    pub(super) latest: f64,
    /// Refused times in the order of the parts.
    pub(super) refused: Vec<Refused>,
}

impl Times {
    /// Bounds times by the known duration, else by the end of a given transcript.
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

    /// First second of the analysed part.
    pub(super) fn begin(&self) -> f64 {
        self.window.0
    }

    /// Last second of the analysed part, if known.
    pub(super) fn end(&self) -> f64 {
        self.window.1.min(self.duration_s)
    }

    /// Last second of the requested part.
    pub(super) fn window_end(&self) -> f64 {
        self.window.1
    }

    /// Returns true if a time is after the end of the video.
    pub(super) fn is_beyond_duration(&self, at_s: f64) -> bool {
        self.within_duration(at_s).is_err()
    }

    /// Records a cue of a given transcript that begins after the end of the video.
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

    /// Rounds a time to the millisecond, or records a refusal and returns `None`.
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

    /// Checks start and end, or records a refusal and returns `None`. An end after the requested
    /// part but within the video is moved to the end of the part.
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

    /// Records a dropped item.
    pub(super) fn refuse(&mut self, part: &str, at_s: f64, reason: RefusalReason) {
        // JSON cannot represent NaN or infinity.
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

/// Rounds to milliseconds, the precision of captions, and normalizes -0 to 0.
pub(super) fn milliseconds(at_s: f64) -> f64 {
    (at_s * 1000.0).round() / 1000.0 + 0.0
}
