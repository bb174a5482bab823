//! Facts about a video that its companion software shows. A purpose carries them from the plan to
//! the file.

use super::question::{Action, Analysis, Chapter};

/// Maximum characters of a title.
const TITLE: usize = 60;
/// Maximum bytes of a purpose for chapters, and for action items.
const LISTED: usize = 450;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Companion {
    pub(super) chapters: Vec<Chapter>,
    pub(super) actions: Vec<Action>,
}

impl Companion {
    /// Takes as much of an analysis as fits into a purpose.
    pub(super) fn new(analysis: &Analysis, duration_s: Option<f64>) -> Self {
        let within = |second: f64| {
            let second = (second.max(0.0) * 10.0).round() / 10.0;
            duration_s.map_or(second, |end| second.min(end.max(0.0)))
        };
        let chapters = analysis.chapters.iter().map(|chapter| {
            let start_s = within(chapter.start_s);
            Chapter {
                title: line(&chapter.title, TITLE),
                start_s,
                end_s: within(chapter.end_s).max(start_s),
            }
        });
        let actions = analysis.actions.iter().map(|action| Action {
            title: line(&action.title, TITLE),
            at_s: within(action.at_s),
        });
        Self {
            chapters: listed(chapters, tell_chapter),
            actions: listed(actions, tell_action),
        }
    }

    /// Returns a purpose that carries this.
    pub(super) fn told(&self, purpose: &str) -> String {
        let chapters = self.chapters.iter().map(tell_chapter);
        let entries: String = chapters
            .chain(self.actions.iter().map(tell_action))
            .collect();
        format!("{purpose} Chapters [from-to] and action items [at], in seconds:{entries}")
    }

    /// Reads what a purpose carries.
    pub(super) fn read(purpose: &str) -> Self {
        let mut companion = Self::default();
        for entry in purpose.split('[').skip(1) {
            let Some((times, title)) = entry.split_once(']') else {
                continue;
            };
            let title = title.trim().to_owned();
            match times.split_once('-') {
                Some((start, end)) => {
                    if let (Ok(start_s), Ok(end_s)) = (start.parse(), end.parse()) {
                        companion.chapters.push(Chapter {
                            title,
                            start_s,
                            end_s,
                        });
                    }
                }
                None => {
                    if let Ok(at_s) = times.parse() {
                        companion.actions.push(Action { title, at_s });
                    }
                }
            }
        }
        companion
    }
}

fn tell_chapter(chapter: &Chapter) -> String {
    format!(" [{}-{}] {}", chapter.start_s, chapter.end_s, chapter.title)
}

fn tell_action(action: &Action) -> String {
    format!(" [{}] {}", action.at_s, action.title)
}

fn listed<T>(entries: impl Iterator<Item = T>, tell: impl Fn(&T) -> String) -> Vec<T> {
    let mut room = LISTED;
    let entries = entries.take_while(|entry| {
        let bytes = tell(entry).len();
        let fits = bytes <= room;
        room = room.saturating_sub(bytes);
        fits
    });
    entries.collect()
}

/// Returns a text as one line of at most so many characters. Characters that separate entries of a
/// purpose are removed, and so are those that change the writing direction, which disguises code
/// (<https://trojansource.codes>).
pub(super) fn line(text: &str, characters: usize) -> String {
    let turns = |char: char| matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let ends = |char: char| char.is_whitespace() || char.is_control() || turns(char);
    let words = text.split(ends);
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let line: String = words.join(" ").chars().take(characters).collect();
    line.replace('[', "(").replace(']', ")").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn analysis(chapters: usize) -> Analysis {
        let chapter = |number: usize| Chapter {
            title: format!("[{number}]  A\u{7}chapter\n\u{202e}of \"many\""),
            start_s: number as f64 * 10.0,
            end_s: number as f64 * 10.0 + 9.96,
        };
        Analysis {
            chapters: (0..chapters).map(chapter).collect(),
            actions: vec![Action {
                title: "Run it - twice".to_owned(),
                at_s: 4.25,
            }],
            ..Analysis::default()
        }
    }

    #[test]
    fn purpose_carries_the_companion() {
        let companion = Companion::new(&analysis(2), None);
        assert_eq!(companion.chapters[0].title, "(0) A chapter of \"many\"");
        assert_eq!(companion.chapters[1].end_s, 20.0);
        let purpose = companion.told("The data.");
        assert!(purpose.starts_with("The data. Chapters "));
        assert_eq!(Companion::read(&purpose), companion);
        assert_eq!(Companion::read("The data."), Companion::default());
        let cut = &purpose[..purpose.find("] Run").unwrap()];
        assert_eq!(Companion::read(cut).actions, []);
    }

    #[test]
    fn companion_fits_into_its_limit() {
        let companion = Companion::new(&analysis(1000), Some(15.0));
        assert!((5..50).contains(&companion.chapters.len()));
        assert!(companion.told("").len() < 2 * LISTED + 100);
        assert_eq!(
            (companion.chapters[1].end_s, companion.chapters[9].start_s),
            (15.0, 15.0)
        );
    }
}
