//! Reading and writing captions: WebVTT (<https://www.w3.org/TR/webvtt1/>) and SubRip (SRT).

mod markup;
#[cfg(test)]
mod tests;

use super::Segment;

/// Largest file that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// Most cues that are read.
pub const MAX_CUES: usize = 20_000;

/// Why captions were refused. Lines are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaptionError {
    /// More than [`MAX_BYTES`].
    #[error("the captions are larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// More than [`MAX_CUES`].
    #[error("line {line}: more than {MAX_CUES} cues")]
    TooManyCues {
        /// Where the first cue too many begins.
        line: usize,
    },
    /// Neither WebVTT nor SRT.
    #[error("line {line}: neither WebVTT nor SRT")]
    UnknownFormat {
        /// The first line that is not blank.
        line: usize,
    },
    /// Not of the form `start --> end`, or ending before it begins.
    #[error("line {line}: not the times of a cue")]
    BadTiming {
        /// Where the times stand.
        line: usize,
    },
    /// Something between the cues of an SRT file that is not a cue.
    #[error("line {line}: not a cue")]
    NotACue {
        /// Where it begins.
        line: usize,
    },
    /// A cue that begins before the one above it.
    #[error("line {line}: begins before the cue above it")]
    OutOfOrder {
        /// Where its times stand.
        line: usize,
    },
    /// No spoken words at all.
    #[error("the captions hold no text")]
    NoText,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    WebVtt,
    Srt,
}

/// Reads captions of either format, told apart by the `WEBVTT` in the first line. Cues may overlap
/// and may repeat words, as those of automatic captions do; markup is dropped, speakers are kept.
///
/// # Errors
/// [`CaptionError`] with the line at fault.
pub fn parse(text: &str) -> Result<Vec<Segment>, CaptionError> {
    if text.len() > MAX_BYTES {
        return Err(CaptionError::TooLarge);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace('\0', "\u{fffd}");
    let lines: Vec<&str> = text.split('\n').collect();
    let (format, mut at) = detect(&lines)?;
    let mut reader = Reader {
        format,
        segments: Vec::new(),
        cues: 0,
        latest: 0.0,
    };
    while at < lines.len() {
        if lines[at].trim().is_empty() {
            at += 1;
        } else {
            at = reader.block(&lines, at)?;
        }
    }
    if reader.segments.is_empty() {
        Err(CaptionError::NoText)
    } else {
        Ok(reader.segments)
    }
}

/// The format, and the index of the first line behind the header.
fn detect(lines: &[&str]) -> Result<(Format, usize), CaptionError> {
    if let Some(rest) = lines[0].strip_prefix("WEBVTT")
        && (rest.is_empty() || rest.starts_with([' ', '\t']))
    {
        let header = lines.iter().skip(1);
        let end = header
            .take_while(|line| !line.trim().is_empty() && !is_timing(line))
            .count();
        return Ok((Format::WebVtt, 1 + end));
    }
    let Some(first) = lines.iter().position(|line| !line.trim().is_empty()) else {
        return Err(CaptionError::NoText);
    };
    let numbered = is_number(lines[first]) && lines.get(first + 1).is_some_and(|l| is_timing(l));
    if numbered || is_timing(lines[first]) {
        Ok((Format::Srt, first))
    } else {
        Err(CaptionError::UnknownFormat { line: first + 1 })
    }
}

fn is_timing(line: &str) -> bool {
    line.contains("-->")
}

fn is_number(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
}

struct Reader {
    format: Format,
    segments: Vec<Segment>,
    cues: usize,
    latest: f64,
}

impl Reader {
    /// Reads the block that begins at a line and gives the index of the line behind it.
    fn block(&mut self, lines: &[&str], first: usize) -> Result<usize, CaptionError> {
        let named = !is_timing(lines[first]) && lines.get(first + 1).is_some_and(|l| is_timing(l));
        let timing = first + usize::from(named);
        if !is_timing(lines[timing]) {
            return self.aside(lines, first);
        }
        if self.format == Format::Srt && named && !is_number(lines[first]) {
            return Err(CaptionError::NotACue { line: first + 1 });
        }
        let payload = &lines[timing + 1..];
        let payload_end = |line: &&&str| !line.trim().is_empty() && !is_timing(line);
        let length = payload.iter().take_while(payload_end).count();
        if self.format == Format::Srt && payload.get(length).is_some_and(|l| is_timing(l)) {
            return Err(CaptionError::NotACue {
                line: timing + 2 + length,
            });
        }
        self.cue(lines[timing], timing + 1, &payload[..length].join("\n"))?;
        Ok(timing + 1 + length)
    }

    /// Passes over a block without times: a comment, a style, a region.
    fn aside(&self, lines: &[&str], first: usize) -> Result<usize, CaptionError> {
        match self.format {
            Format::Srt => Err(CaptionError::NotACue { line: first + 1 }),
            Format::WebVtt => {
                let rest = &lines[first..];
                Ok(first
                    + rest
                        .iter()
                        .take_while(|line| !line.trim().is_empty())
                        .count())
            }
        }
    }

    fn cue(&mut self, timing: &str, line: usize, payload: &str) -> Result<(), CaptionError> {
        self.cues += 1;
        if self.cues > MAX_CUES {
            return Err(CaptionError::TooManyCues { line });
        }
        let (start_s, end_s) = times(timing).ok_or(CaptionError::BadTiming { line })?;
        if start_s < self.latest {
            return Err(CaptionError::OutOfOrder { line });
        }
        self.latest = start_s;
        for (speaker, text) in markup::spoken(payload) {
            self.segments.push(Segment {
                start_s,
                end_s,
                text,
                speaker,
            });
        }
        Ok(())
    }
}

/// Reads `start --> end`, with settings behind it.
fn times(line: &str) -> Option<(f64, f64)> {
    let (start, rest) = line.split_once("-->")?;
    let end = rest.split_whitespace().next()?;
    let (start, end) = (milliseconds(start.trim())?, milliseconds(end)?);
    (start <= end).then(|| (seconds(start), seconds(end)))
}

/// Reads `hh:mm:ss.fff`, where the hours may be missing and a comma may stand for the point.
fn milliseconds(text: &str) -> Option<u32> {
    let (clock, fraction) = text.split_once(['.', ','])?;
    let mut parts = clock.split(':').rev();
    let (seconds, minutes) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let hours = parts
        .next()
        .map_or(Some(0), |hours| digits(hours, 4).filter(|h| *h < 1000))?;
    if parts.next().is_some() || seconds >= 60 || minutes >= 60 {
        return None;
    }
    let scale = [100, 10, 1].get(fraction.len().checked_sub(1)?)?;
    Some(((hours * 60 + minutes) * 60 + seconds) * 1000 + digits(fraction, 3)? * scale)
}

fn digits(text: &str, most: usize) -> Option<u32> {
    let plain = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn seconds(milliseconds: u32) -> f64 {
    f64::from(milliseconds) / 1000.0
}

/// Writes WebVTT. Reading it gives the same segments, as far as their times are whole milliseconds
/// and their texts single lines.
#[must_use]
pub fn to_vtt(segments: &[Segment]) -> String {
    let mut out = String::from("WEBVTT\n");
    for segment in segments {
        let (start, end) = (clock(segment.start_s, '.'), clock(segment.end_s, '.'));
        out.push_str(&format!("\n{start} --> {end}\n"));
        let text = markup::escape(&markup::single_line(&segment.text));
        match segment
            .speaker
            .as_deref()
            .map(markup::single_line)
            .filter(|name| !name.is_empty())
        {
            Some(name) => out.push_str(&format!("<v {}>{text}</v>\n", markup::annotation(&name))),
            None => out.push_str(&format!("{text}\n")),
        }
    }
    out
}

/// Writes SRT. The format has no speakers: a known one is written before the words.
#[must_use]
pub fn to_srt(segments: &[Segment]) -> String {
    let mut out = String::new();
    for (index, segment) in segments.iter().enumerate() {
        let (start, end) = (clock(segment.start_s, ','), clock(segment.end_s, ','));
        let gap = if index == 0 { "" } else { "\n" };
        out.push_str(&format!("{gap}{}\n{start} --> {end}\n", index + 1));
        if let Some(name) = &segment.speaker {
            out.push_str(&format!(
                "{}: ",
                markup::escape_sparingly(&markup::single_line(name))
            ));
        }
        let text = markup::single_line(&segment.text);
        out.push_str(&format!("{}\n", markup::escape_sparingly(&text)));
    }
    out
}

fn clock(seconds: f64, point: char) -> String {
    // Saturates at both ends, and is 0 for what is not a number.
    let all = (seconds * 1000.0).round() as u64;
    let (hours, minutes) = (all / 3_600_000, all / 60_000 % 60);
    format!(
        "{hours:02}:{minutes:02}:{:02}{point}{:03}",
        all / 1000 % 60,
        all % 1000
    )
}
