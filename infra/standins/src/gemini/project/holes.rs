//! Placeholders of a sample: `@title@` and `@summary@`. A line with `@chapter.title@`,
//! `@chapter.start@`, `@chapter.end@`, `@action.title@`, `@action.at@` or `@action.number@` is
//! repeated for each of them. There `@comma@` is a comma for all but the last.

use std::collections::BTreeMap;

use super::companion::Companion;

/// Values of the placeholders.
#[derive(Clone, Debug, Default)]
pub(super) struct Holes {
    pub(super) title: String,
    pub(super) summary: String,
    pub(super) companion: Companion,
}

/// Form of a text in a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    /// A literal of JSON, which JavaScript, TypeScript and Python accept as well.
    Json,
    /// A literal of Rust.
    Rust,
    /// Text between tags, or in a quoted attribute.
    Html,
    /// Markdown within a string of a notebook.
    Notebook,
}

/// Special characters of Markdown (CommonMark 0.31, 2.4), and of formulas in notebooks.
const MARKDOWN: &str = r"\`*_{}[]()<>#+-.!|~$&";

/// Returns the text of a sample's file with its placeholders filled.
pub(super) fn fill(path: &str, text: &str, holes: &Holes) -> String {
    let language = Text::from_path(path);
    let whole = BTreeMap::from([
        ("@title@", language.write(&holes.title)),
        ("@summary@", language.write(&holes.summary)),
    ]);
    let Companion { chapters, actions } = &holes.companion;
    let mut filled = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if line.contains("@chapter.") {
            for (index, chapter) in chapters.iter().enumerate() {
                let values = BTreeMap::from([
                    ("@chapter.title@", language.write(&chapter.title)),
                    ("@chapter.start@", seconds(chapter.start_s)),
                    ("@chapter.end@", seconds(chapter.end_s)),
                    ("@comma@", comma(index, chapters.len())),
                ]);
                filled.push_str(&replace(line, &values));
            }
        } else if line.contains("@action.") {
            for (index, action) in actions.iter().enumerate() {
                let values = BTreeMap::from([
                    ("@action.title@", language.write(&action.title)),
                    ("@action.at@", seconds(action.at_s)),
                    ("@action.number@", (index + 1).to_string()),
                    ("@comma@", comma(index, actions.len())),
                ]);
                filled.push_str(&replace(line, &values));
            }
        } else {
            filled.push_str(&replace(line, &whole));
        }
    }
    filled
}

/// Replaces in one pass, so that no value is taken for a placeholder.
pub(super) fn replace(line: &str, values: &BTreeMap<&str, String>) -> String {
    let mut replaced = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('@') {
        let (before, hole) = rest.split_at(at);
        replaced.push_str(before);
        match values.iter().find(|(name, _)| hole.starts_with(**name)) {
            Some((name, value)) => {
                replaced.push_str(value);
                rest = &hole[name.len()..];
            }
            None => {
                replaced.push('@');
                rest = &hole[1..];
            }
        }
    }
    replaced.push_str(rest);
    replaced
}

fn comma(index: usize, of: usize) -> String {
    if index + 1 < of {
        ",".to_owned()
    } else {
        String::new()
    }
}

/// Formats seconds with a decimal point, which Rust requires.
fn seconds(seconds: f64) -> String {
    format!("{seconds:?}")
}

impl Text {
    fn from_path(path: &str) -> Self {
        match path.rsplit('.').next() {
            Some("rs") => Self::Rust,
            Some("html") => Self::Html,
            Some("ipynb") => Self::Notebook,
            _ => Self::Json,
        }
    }

    fn write(self, text: &str) -> String {
        match self {
            Self::Json => serde_json::Value::from(text).to_string(),
            Self::Rust => format!("{text:?}"),
            Self::Html => text
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;"),
            Self::Notebook => {
                let mut markdown = String::with_capacity(text.len());
                for char in text.chars() {
                    if MARKDOWN.contains(char) {
                        markdown.push('\\');
                    }
                    markdown.push(char);
                }
                let quoted = serde_json::Value::from(markdown).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            question::{Action, Chapter},
            sample::ALL,
        },
        *,
    };

    fn holes() -> Holes {
        let chapter = |title: &str| Chapter {
            title: title.to_owned(),
            start_s: 0.0,
            end_s: 1.5,
        };
        Holes {
            title: r#"A "title" of <b> @summary@"#.to_owned(),
            summary: "*One* `two` \u{202e}".to_owned(),
            companion: Companion {
                chapters: vec![chapter("One"), chapter("\"Two\"")],
                actions: vec![Action {
                    title: "Run @title@".to_owned(),
                    at_s: 2.0,
                }],
            },
        }
    }

    #[test]
    fn texts_are_escaped_for_their_language() {
        let filled = |path: &str| fill(path, "@title@ @summary@ @media @", &holes());
        for path in ["a.ts", "a.py", "a.json"] {
            let expected = "\"A \\\"title\\\" of <b> @summary@\" \"*One* `two` \u{202e}\" @media @";
            assert_eq!(filled(path), expected);
        }
        let rust = r#""A \"title\" of <b> @summary@" "*One* `two` \u{202e}" @media @"#;
        assert_eq!(filled("a.rs"), rust);
        let html = "A &quot;title&quot; of &lt;b&gt; @summary@ *One* `two` \u{202e} @media @";
        assert_eq!(filled("a.html"), html);
        assert!(filled("a.ipynb").starts_with(r#"A \"title\" of \\<b\\> @summary@ \\*One\\*"#));
    }

    #[test]
    fn lines_are_repeated() {
        let text = "[\n  @chapter.title@ @chapter.start@ @chapter.end@@comma@\n]\n\
            [\n  @action.number@ @action.title@ @action.at@@comma@\n]\n";
        let expected = "[\n  \"One\" 0.0 1.5,\n  \"\\\"Two\\\"\" 0.0 1.5\n]\n\
            [\n  1 \"Run @title@\" 2.0\n]\n";
        assert_eq!(fill("a.json", text, &holes()), expected);
        assert_eq!(fill("a.json", text, &Holes::default()), "[\n]\n[\n]\n");
    }

    #[test]
    fn all_placeholders_of_samples_are_filled() {
        for (name, framework) in ALL {
            let plain = Holes {
                title: "Title".to_owned(),
                summary: "Summary".to_owned(),
                companion: Companion {
                    actions: vec![Action {
                        title: "Action".to_owned(),
                        at_s: 0.0,
                    }],
                    ..holes().companion
                },
            };
            let mut holes = 0;
            for (path, text) in framework.sample().files {
                let filled = fill(path, text, &plain);
                for open in ["@title@", "@summary@", "@chapter", "@action", "@comma@"] {
                    assert!(!filled.contains(open), "{name}: {path}");
                }
                holes += usize::from(filled != *text);
            }
            assert!(holes > 0, "{name}");
        }
    }
}
