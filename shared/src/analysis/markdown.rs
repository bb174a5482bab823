//! The analysis as CommonMark (<https://spec.commonmark.org>), for people.
//!
//! Everything in it that comes from a video is somebody else's text: it is escaped so that it
//! makes neither markup nor HTML nor links. The only links are those to the seconds of the video.

use std::fmt::Write as _;

use super::{Analysis, Content, Origin, text};

/// Writes an analysis.
#[must_use]
pub fn render(analysis: &Analysis) -> String {
    let mut page = Page {
        out: String::new(),
        at: Links::of(analysis),
    };
    page.line(&format!("# {}", plain(&analysis.video.title)));
    page.facts(analysis);
    page.content(&analysis.content);
    page.sources(analysis);
    page.out
}

/// Where a second of the video is shown.
struct Links {
    watch: Option<String>,
}

impl Links {
    fn of(analysis: &Analysis) -> Self {
        // The id was parsed from a URL of the allow-list, so it is no text of the video.
        let id = analysis
            .video
            .id
            .strip_prefix("yt:")
            .filter(|_| analysis.video.url.is_some());
        Self {
            watch: id.map(|id| format!("https://youtu.be/{id}")),
        }
    }

    fn to(&self, second: f64) -> String {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "validated"
        )]
        let whole = second.max(0.0) as u64;
        let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
        let shown = match hours {
            0 => format!("{minutes:02}:{seconds:02}"),
            _ => format!("{hours}:{minutes:02}:{seconds:02}"),
        };
        match &self.watch {
            Some(watch) => format!("[{shown}]({watch}?t={whole})"),
            None => shown,
        }
    }
}

struct Page {
    out: String,
    at: Links,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// A heading, unless there is nothing to stand under it.
    fn section<T>(&mut self, title: &str, items: &[T], mut show: impl FnMut(&mut Self, &T)) {
        if items.is_empty() {
            return;
        }
        self.line(&format!("\n## {title}\n"));
        items.iter().for_each(|item| show(self, item));
    }

    fn facts(&mut self, analysis: &Analysis) {
        let video = &analysis.video;
        self.line("\n| | |\n|---|---|");
        let mut row = |name: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                self.line(&format!("| {name} | {value} |"));
            }
        };
        row(
            "Video",
            Some(
                video
                    .url
                    .as_deref()
                    .map_or_else(|| plain(&video.id), |url| format!("<{url}>")),
            ),
        );
        row("Channel", video.channel.as_deref().map(plain));
        row(
            "Length",
            video
                .duration_s
                .map(|seconds| Links { watch: None }.to(seconds)),
        );
        row(
            "Part",
            video.window.map(|window| {
                let clock = Links { watch: None };
                let end = window
                    .end_s
                    .map_or_else(|| "the end".to_owned(), |end| clock.to(end));
                format!("{} to {end}", clock.to(window.start_s))
            }),
        );
        row("Language", Some(plain(&analysis.language)));
        row(
            "Difficulty",
            analysis.content.difficulty.as_ref().map(text::name),
        );
    }

    fn content(&mut self, content: &Content) {
        self.section(
            "Summary",
            &paragraphs(&content.summary),
            |page, paragraph| {
                page.line(&format!("{paragraph}\n"));
            },
        );
        self.section("Chapters", &content.chapters, |page, chapter| {
            let (at, title) = (page.at.to(chapter.start_s), plain(&chapter.title));
            page.item(&format!("{at} **{title}**"), &chapter.summary);
        });
        self.section("Key concepts", &content.key_concepts, |page, concept| {
            let at = concept
                .at_s
                .map(|at| format!(" {}", page.at.to(at)))
                .unwrap_or_default();
            page.item(
                &format!("**{}**{at}", plain(&concept.name)),
                &concept.explanation,
            );
        });
        self.section("Events", &content.events, |page, event| {
            let (at, kind, title) = (
                page.at.to(event.at_s),
                text::name(&event.kind),
                plain(&event.title),
            );
            page.item(&format!("{at} *{kind}* {title}"), &event.description);
        });
        self.section("Actions", &content.actions, |page, action| {
            let mut about = format!(
                "{}, {} priority",
                text::name(&action.category),
                text::name(&action.priority)
            );
            if let Some(minutes) = action.estimated_minutes {
                let _ = write!(about, ", {minutes} min");
            }
            let (at, title) = (page.at.to(action.at_s), plain(&action.title));
            page.item(&format!("[ ] {title} ({about}) {at}"), &action.description);
        });
        for (title, texts) in [
            ("Technologies", &content.technologies),
            ("Prerequisites", &content.prerequisites),
            ("Related topics", &content.related_topics),
        ] {
            self.section(title, texts, |page, text| page.item(&plain(text), ""));
        }
        let mut number = 0;
        self.section("Learning path", &content.learning_path, |page, text| {
            number += 1;
            page.line(&format!("{number}. {}", plain(text)));
        });
        self.build_plan(content);
        self.section(
            "Visual elements",
            &content.visual_elements,
            |page, element| {
                let at = page.at.to(element.at_s);
                page.line(&format!(
                    "{at} *{}*\n\n{}\n",
                    text::name(&element.kind),
                    fenced(&element.content)
                ));
            },
        );
        self.section("Transcript", &content.transcript, |page, segment| {
            let speaker = segment
                .speaker
                .as_deref()
                .map(|name| format!("**{}:** ", plain(name)));
            let (at, words) = (page.at.to(segment.start_s), plain(&segment.text));
            page.line(&format!("{at} {}{words}\n", speaker.unwrap_or_default()));
        });
    }

    fn build_plan(&mut self, content: &Content) {
        let Some(plan) = &content.build_plan else {
            return;
        };
        self.line(&format!("\n## Build plan: {}\n", plain(&plan.title)));
        self.line(&format!(
            "{} ({})\n",
            plain(&plan.summary),
            plain(&plan.project_type)
        ));
        for step in &plan.steps {
            let file = step
                .target_file
                .as_deref()
                .map(|file| format!(", {}", plain(file)));
            let at = step.at_s.map(|at| format!(" {}", self.at.to(at)));
            self.line(&format!(
                "{}. **{}**{} {}{}",
                step.order,
                plain(&step.action),
                file.unwrap_or_default(),
                plain(&step.description),
                at.unwrap_or_default(),
            ));
        }
    }

    fn sources(&mut self, analysis: &Analysis) {
        self.line("\n## Where this comes from\n\n| part | source | confidence |\n|---|---|---|");
        for (part, source) in &analysis.sources {
            let name = match source.source {
                Origin::Caption => "caption",
                Origin::Model => "model",
                Origin::Missing => "missing",
            };
            let confidence = source
                .confidence
                .map(|confidence| format!("{confidence:.2}"));
            self.line(&format!(
                "| {} | {name} | {} |",
                plain(part),
                confidence.unwrap_or_default()
            ));
        }
        let provenance = &analysis.provenance;
        self.line(&format!(
            "\nModel {}, pipeline {}, {}.",
            plain(&provenance.model),
            plain(&provenance.pipeline_version),
            plain(&provenance.analyzed_at),
        ));
        if !analysis.refused.is_empty() {
            let count = analysis.refused.len();
            self.line(&format!(
                "Left out because their times cannot be true: {count}."
            ));
        }
    }

    /// An item of a list with what there is to say of it.
    fn item(&mut self, head: &str, rest: &str) {
        self.line(&format!("- {head}"));
        for paragraph in paragraphs(rest) {
            self.line(&format!("\n  {paragraph}"));
        }
    }
}

/// One line of text that is nothing but text: every ASCII punctuation character that could mean
/// something is escaped (CommonMark 2.4), `<` and `&` as entities, because not every renderer
/// keeps to CommonMark where HTML is concerned.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text::line(text, usize::MAX).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A name with a scheme or a host becomes a link in many renderers without any markup.
            ':' | '@' | '.' | '/' if is_link_part(text, c) => {
                out.push('\\');
                out.push(c);
            }
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '-' | '!'
            | '|' | '~' | '=' | '$' | '^' | '"' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    escape_number(out)
}

/// Whether the character is part of what an autolink extension would take for an address.
fn is_link_part(text: &str, c: char) -> bool {
    match c {
        ':' => text.contains("://") || text.contains("mailto:"),
        '@' => true,
        '.' => text.contains("www."),
        _ => false,
    }
}

/// `1.` or `1)` at the beginning would be an item of a list.
fn escape_number(text: String) -> String {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text.as_bytes().get(digits) {
        Some(b'.') if digits > 0 => format!("{}\\{}", &text[..digits], &text[digits..]),
        _ => text,
    }
}

fn paragraphs(text: &str) -> Vec<String> {
    text.lines()
        .map(plain)
        .filter(|line| !line.is_empty())
        .collect()
}

/// Text as it stands, in a fence that is longer than any in it (CommonMark 4.5).
fn fenced(content: &str) -> String {
    let content = text::block(content, usize::MAX);
    let longest = content.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{content}\n{fence}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag};

    use super::*;
    use crate::analysis::{Chapter, Facts, VisualElement, VisualKind, assemble, samples};

    fn sample() -> Analysis {
        assemble(samples::draft(), samples::facts()).unwrap()
    }

    #[test]
    fn a_youtube_video() {
        insta::assert_snapshot!(render(&sample()));
    }

    #[test]
    fn an_upload_has_no_links() {
        let key = format!("up:{}", "ab".repeat(32)).parse().unwrap();
        let facts = Facts {
            key,
            channel: None,
            ..samples::facts()
        };
        insta::assert_snapshot!(render(&assemble(samples::draft(), facts).unwrap()));
    }

    #[test]
    fn text_that_wants_to_be_markup() {
        let mut draft = samples::draft();
        draft.content.summary = "<script>alert(1)</script> & [x](javascript:alert(1))\n# Not a title\n1. no list\n- nor here\n***".into();
        draft.content.visual_elements[0].content = "```\n</code>\n````".into();
        let facts = Facts {
            title: Some("a | b\n# c ![](http://evil.example/x.png)".into()),
            ..samples::facts()
        };
        insta::assert_snapshot!(render(&assemble(draft, facts).unwrap()));
    }

    /// Whatever the text, markdown finds our own markup in it and nothing else.
    fn assert_harmless(page: &str) {
        for event in Parser::new_ext(
            page,
            Options::all() - Options::ENABLE_YAML_STYLE_METADATA_BLOCKS,
        ) {
            match event {
                Event::Html(html) | Event::InlineHtml(html) => panic!("HTML {html:?} in {page}"),
                Event::Start(Tag::Link { dest_url, .. }) => assert!(
                    dest_url.starts_with("https://youtu.be/dQw4w9WgXcQ?t=")
                        || &*dest_url == "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
                    "{dest_url}"
                ),
                Event::Start(Tag::Image { dest_url, .. }) => panic!("image {dest_url}"),
                _ => {}
            }
        }
    }

    fn nasty() -> impl Strategy<Value = String> {
        prop_oneof![
            "\\PC{0,40}",
            "[-<>\\[\\]()`*_#|!~&:/\\\\ \n.0-9a-z\"'=+]{0,40}",
            Just("<img src=x onerror=alert(1)>".to_owned()),
            Just("[a](javascript:alert(1))".to_owned()),
            Just("<https://evil.example>".to_owned()),
            Just("```\n<b>\n```".to_owned()),
            Just("[ref]: https://evil.example".to_owned()),
        ]
    }

    proptest! {
        #[test]
        fn no_text_becomes_markup(title in nasty(), summary in nasty(), shown in nasty(), said in nasty()) {
            let mut analysis = sample();
            analysis.video.title = title.clone();
            analysis.video.channel = Some(summary.clone());
            analysis.content.summary = summary.clone();
            analysis.content.chapters = vec![Chapter { title, start_s: 1.0, end_s: 2.0, summary }];
            analysis.content.visual_elements = vec![VisualElement {
                kind: VisualKind::Code, content: shown, at_s: 1.0, confidence: 1.0,
            }];
            analysis.content.transcript[0].text = said.clone();
            analysis.content.technologies = vec![said.clone()];
            analysis.content.learning_path = vec![said];
            assert_harmless(&render(&analysis));
        }
    }
}
