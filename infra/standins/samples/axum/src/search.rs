//! Search for chapters by words and by seconds.

use crate::companion::Chapter;

/// Returns the chapters whose title contains all words, in any letter case.
pub fn chapters_with<'a>(chapters: &'a [Chapter], words: &str) -> Vec<&'a Chapter> {
    let words = words.to_lowercase();
    let found = chapters.iter().filter(|chapter| {
        let title = chapter.title.to_lowercase();
        words.split_whitespace().all(|word| title.contains(word))
    });
    found.collect()
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

    const CHAPTERS: [Chapter; 2] = [
        Chapter {
            title: "Install the tools",
            start_s: 0.0,
            end_s: 60.0,
        },
        Chapter {
            title: "Write the first test",
            start_s: 60.0,
            end_s: 150.5,
        },
    ];

    #[test]
    fn every_word_must_be_there() {
        assert_eq!(chapters_with(&CHAPTERS, "THE first"), [&CHAPTERS[1]]);
        assert!(chapters_with(&CHAPTERS, "first tools").is_empty());
        assert_eq!(chapters_with(&CHAPTERS, "").len(), 2);
    }

    #[test]
    fn a_second_belongs_to_one_chapter() {
        assert_eq!(chapter_at(&CHAPTERS, 59.9), Some(&CHAPTERS[0]));
        assert_eq!(chapter_at(&CHAPTERS, 60.0), Some(&CHAPTERS[1]));
        assert_eq!(chapter_at(&CHAPTERS, 150.5), None);
    }
}
