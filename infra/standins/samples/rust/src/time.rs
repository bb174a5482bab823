//! Times in the format of a clock.

use anyhow::{Context, Result, ensure};

use crate::companion::Chapter;

/// Formats seconds like a clock: 75 is 1:15, 3675 is 1:01:15.
pub fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    let (hours, minutes, rest) = (whole / 3600, whole % 3600 / 60, whole % 60);
    match hours {
        0 => format!("{minutes}:{rest:02}"),
        _ => format!("{hours}:{minutes:02}:{rest:02}"),
    }
}

/// Parses a time such as 75, 1:15 or 1:01:15.
pub fn seconds(text: &str) -> Result<f64> {
    let parts: Vec<&str> = text.split(':').collect();
    ensure!(parts.len() <= 3, "{text} is no time");
    parts.into_iter().try_fold(0.0, |total, part| {
        let number: f64 = part.parse().with_context(|| format!("{text} is no time"))?;
        ensure!(number.is_finite() && number >= 0.0, "{text} is no time");
        Ok(total * 60.0 + number)
    })
}

/// Returns the chapter that contains a second.
pub fn chapter_at(chapters: &[Chapter], second: f64) -> Option<&Chapter> {
    chapters
        .iter()
        .find(|chapter| chapter.start_s <= second && second < chapter.end_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_back() {
        for (shown, number) in [("0:00", 0.0), ("1:15", 75.0), ("1:01:15", 3675.0)] {
            assert_eq!(clock(number), shown);
            assert_eq!(seconds(shown).unwrap(), number);
        }
    }

    #[test]
    fn anything_else_is_no_time() {
        for text in ["", "soon", "1:2:3:4", "-5", "NaN", "inf"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_second_belongs_to_one_chapter() {
        let chapter = |title, start_s, end_s| Chapter {
            title,
            start_s,
            end_s,
        };
        let chapters = [chapter("One", 0.0, 60.0), chapter("Two", 60.0, 90.0)];
        assert_eq!(chapter_at(&chapters, 60.0), Some(&chapters[1]));
        assert_eq!(chapter_at(&chapters, 90.0), None);
    }
}
