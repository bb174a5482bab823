//! Transcripts in WebVTT (<https://www.w3.org/TR/webvtt1/>) and SubRip.
//!
//! Malformed parts are skipped, because real captions are rarely well-formed.

use serde::Serialize;

/// Words with their times in seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Cue {
    pub(super) start_s: f64,
    pub(super) end_s: f64,
    /// One line without markup, never empty.
    pub(super) text: String,
}

/// Returns the cues of a text ordered by time, or `None` if the text is no transcript.
pub(super) fn parse(text: &str) -> Option<Vec<Cue>> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with("WEBVTT") && !looks_like_subrip(text) {
        return None;
    }
    let mut cues: Vec<Cue> = Vec::new();
    let mut last_line = String::new();
    let mut lines = text.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        let Some((start_s, end_s)) = timing(line) else {
            continue;
        };
        let mut words: Vec<String> = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.is_empty() && timing(line).is_none()) {
            let line = plain(line);
            // Rolling captions repeat their last line in the next cue.
            if !line.is_empty() && line != last_line {
                words.push(line.clone());
                last_line = line;
            }
        }
        if !words.is_empty() {
            let text = words.join(" ");
            cues.push(Cue {
                start_s,
                end_s,
                text,
            });
        }
    }
    cues.sort_by(|one, other| one.start_s.total_cmp(&other.start_s));
    Some(cues)
}

fn looks_like_subrip(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    let number = lines.next().unwrap_or_default();
    !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && lines.next().and_then(timing).is_some()
}

/// Parses `00:01:02.345 --> 00:01:04.000 align:start`.
fn timing(line: &str) -> Option<(f64, f64)> {
    let (start, rest) = line.split_once("-->")?;
    let end = rest.split_whitespace().next()?;
    let (start, end) = (seconds(start.trim())?, seconds(end)?);
    (end >= start).then_some((start, end))
}

fn seconds(timestamp: &str) -> Option<f64> {
    let (clock, fraction) = timestamp.split_once(['.', ',']).unwrap_or((timestamp, "0"));
    let digits = |text: &str| {
        let plain = !text.is_empty() && text.len() <= 6 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u32>().ok().filter(|_| plain)
    };
    let mut whole = 0;
    let fields = clock.split(':').count();
    if !(2..=3).contains(&fields) {
        return None;
    }
    for field in clock.split(':') {
        whole = whole * 60 + u64::from(digits(field)?);
    }
    digits(fraction)?;
    format!("{whole}.{fraction}").parse().ok()
}

/// Removes tags, entities and superfluous blanks of a line.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(open) = rest.find('<') {
        let Some(length) = rest[open..].find('>') else {
            break;
        };
        text.push_str(&rest[..open]);
        rest = &rest[open + length + 1..];
    }
    text.push_str(rest);
    for (entity, char) in [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&lrm;", ""),
        ("&rlm;", ""),
        ("&amp;", "&"),
    ] {
        if text.contains('&') {
            text = text.replace(entity, char);
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cue(start_s: f64, end_s: f64, text: &str) -> Cue {
        let text = text.to_owned();
        Cue {
            start_s,
            end_s,
            text,
        }
    }

    #[test]
    fn webvtt_with_markup_notes_and_empty_cues() {
        let text = "\u{feff}WEBVTT - made by hand\nLanguage: en\n\nSTYLE\n::cue { color: red }\n\n\
            NOTE a --> note\nmore\n\n1\n00:01.000 --> 00:02.500 align:start\n<v Ann>Hello <b>you</b>\
            \n&amp; me\n\n00:00:03.000 --> 00:00:04.000\n\n01:00:05.250 --> 01:00:06.000\n  end ";
        let cues = parse(text).unwrap();
        assert_eq!(
            cues,
            [cue(1.0, 2.5, "Hello you & me"), cue(3605.25, 3606.0, "end")]
        );
    }

    #[test]
    fn subrip() {
        let text = "1\r\n00:00:01,000 --> 00:00:02,000\r\n<i>One</i>\r\n\r\n2\r\n\
            00:00:02,000 --> 00:00:03,000\r\nTwo\r\n";
        let cues = parse(text).unwrap();
        assert_eq!(cues, [cue(1.0, 2.0, "One"), cue(2.0, 3.0, "Two")]);
    }

    #[test]
    fn rolling_captions_are_read_once() {
        let text = "WEBVTT\n\n00:01.000 --> 00:02.000\nfirst line\n\n\
            00:02.000 --> 00:03.000\nfirst line\nsecond line\n\n\
            00:03.000 --> 00:04.000\nsecond line\n";
        let cues = parse(text).unwrap();
        assert_eq!(
            cues,
            [cue(1.0, 2.0, "first line"), cue(2.0, 3.0, "second line")]
        );
    }

    #[test]
    fn other_texts_are_no_transcripts() {
        for text in ["", "Analyse the video.", "1\nfirst step", "12 --> 13", "1"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "(WEBVTT\n)?(.|\n|-->|00:01.000 --> 00:02.000\n){0,60}") {
            for cue in parse(&text).unwrap_or_default() {
                prop_assert!(cue.start_s >= 0.0 && cue.end_s >= cue.start_s);
                prop_assert!(!cue.text.trim().is_empty());
            }
        }

        #[test]
        fn written_cues_are_read_back(times in prop::collection::vec(0u32..20_000_000, 1..20)) {
            let mut times = times;
            times.sort_unstable();
            let stamp = |ms: u32| {
                format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
            };
            let mut text = String::from("WEBVTT\n");
            for (number, ms) in times.iter().enumerate() {
                text += &format!("\n{} --> {}\nword{number}\n", stamp(*ms), stamp(ms + 500));
            }
            let cues = parse(&text).unwrap();
            prop_assert_eq!(cues.len(), times.len());
            for (cue, ms) in cues.iter().zip(times) {
                prop_assert!((cue.start_s - f64::from(ms) / 1000.0).abs() < 1e-9);
            }
        }
    }
}
