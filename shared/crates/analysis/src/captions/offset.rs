//! Captions of a programme whose clock does not start at 0.

use super::{CaptionError, Captions};

/// Seconds that a caption may begin after the end of the video: platforms round durations.
const TOLERANCE_S: f64 = 1.0;

/// Editing systems start a programme at a whole hour, 01:00:00 or 10:00:00.
const HOUR_S: f64 = 3600.0;

/// Maximum delay of the first words after that hour, if the duration of the video is unknown.
const FIRST_WORDS_S: f64 = 60.0;

impl Captions {
    /// Shifts captions whose clock starts at a whole hour, if the video's duration or the file's
    /// shape proves it. Returns the subtracted seconds.
    ///
    /// # Errors
    /// [`CaptionError::Offset`] if every cue begins after the end of the video and no such hour
    /// explains it.
    pub fn align(&mut self, duration_s: Option<f64>) -> Result<Option<f64>, CaptionError> {
        let starts = || self.segments.iter().map(|segment| segment.start_s);
        let first_s = starts().fold(f64::INFINITY, f64::min);
        let last_s = starts().fold(0.0, f64::max);
        let offset_s = (first_s / HOUR_S).floor() * HOUR_S;
        let is_offset = match duration_s {
            _ if !first_s.is_finite() => false,
            Some(duration_s) if last_s <= duration_s + TOLERANCE_S => false,
            Some(duration_s) => offset_s > 0.0 && last_s - offset_s <= duration_s + TOLERANCE_S,
            None => {
                offset_s > 0.0
                    && first_s - offset_s <= FIRST_WORDS_S
                    && last_s - offset_s < offset_s
            }
        };
        if is_offset {
            for segment in &mut self.segments {
                segment.start_s = milliseconds(segment.start_s - offset_s);
                segment.end_s = milliseconds(segment.end_s - offset_s);
            }
            return Ok(Some(offset_s));
        }
        match duration_s {
            Some(duration_s) if first_s.is_finite() && first_s > duration_s + TOLERANCE_S => {
                Err(CaptionError::Offset {
                    first_s,
                    duration_s,
                })
            }
            _ => Ok(None),
        }
    }
}

fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
