//! Stored form of a transcript from a request.
//!
//! WebVTT whose cues are named by their line in the caller's file, with a comment that lists the
//! refusals.

use super::{CaptionError, Captions, Refused, normalized, webvtt, write};

/// First line of the comment.
const REFUSED: &str = "NOTE refused";

impl Captions {
    /// Writes the stored form.
    #[must_use]
    pub fn to_stored(&self) -> String {
        let mut out = String::from("WEBVTT\n");
        if !self.refused.is_empty() {
            out.push_str(&format!("\n{REFUSED}\n"));
        }
        for refused in &self.refused {
            // An arrow would turn the comment into a cue.
            let json = serde_json::to_string(refused).unwrap_or_default();
            out.push_str(&format!("{}\n", json.replace('>', "\\u003e")));
        }
        for (segment, line) in self.segments.iter().zip(&self.lines) {
            out.push_str(&format!("\n{line}\n"));
            write::push_vtt_cue(&mut out, segment);
        }
        out
    }

    /// Reads the stored form, including the plain WebVTT of earlier versions.
    ///
    /// # Errors
    /// [`CaptionError`] if the text is not a stored transcript.
    pub fn from_stored(text: &str) -> Result<Self, CaptionError> {
        let text = normalized(text);
        let lines: Vec<&str> = text.split('\n').collect();
        let comment = lines.iter().position(|line| *line == REFUSED);
        let listed = { comment.into_iter() }
            .flat_map(|at| lines[at + 1..].iter().take_while(|line| !line.is_empty()));
        let refused: Vec<Refused> = listed
            .filter_map(|json| serde_json::from_str(json).ok())
            .collect();
        let mut captions = Self {
            refused,
            ..Self::default()
        };
        for cue in webvtt::read(&lines, 0).cues {
            // The line of a cue's times stands below its name.
            let name = cue.line.checked_sub(2).and_then(|at| lines.get(at));
            let line = name.and_then(|name| name.parse().ok());
            let line = line.unwrap_or(u32::try_from(cue.line).unwrap_or(u32::MAX));
            for (segment, _) in super::segments_of(cue) {
                captions.segments.push(segment);
                captions.lines.push(line);
            }
        }
        if captions.segments.is_empty() {
            return Err(CaptionError::NoText);
        }
        Ok(captions)
    }
}
