//! Analysis as Markdown (CommonMark with GitHub's tables and task lists).
//!
//! Every text of the video is untrusted and escaped. It cannot create HTML, links, images,
//! mentions, headings or lists. The only links are the timestamps written here.

mod escape;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use super::text::name;
use super::*;
use escape::code_block;
use eventrelay_core::video::VideoKey;

pub use escape::inline;

/// Note above the result of a stand-in.
const STAND_IN_NOTE: &str = "\
> **No AI model was asked.** A stand-in for Gemini made this result, from nothing but a transcript \
that came with the request. For a real result, set `GEMINI_API_KEY` \
(https://aistudio.google.com/apikey) and submit the video again.";

/// Renders the whole document.
#[must_use]
pub fn render(analysis: &Analysis) -> String {
    let youtube = match analysis.video.id.parse() {
        Ok(VideoKey::YouTube(id)) => Some(id.as_str().to_owned()),
        _ => None,
    };
    let mut page = Page {
        out: String::new(),
        youtube,
    };
    page.head(analysis);
    let content = &analysis.content;
    page.section("Summary", !content.summary.is_empty(), |page| {
        page.paragraphs(&content.summary)
    });
    page.list("Chapters", &content.chapters, |page, chapter| {
        let (from, to) = (page.at(chapter.start_s), clock(chapter.end_s));
        let title = inline(&chapter.title);
        format!("{from} to {to}: **{title}**{}", page.note(&chapter.summary))
    });
    page.list("Key concepts", &content.key_concepts, |page, concept| {
        let at = page.maybe_at(concept.at_s);
        format!(
            "**{}**{at}{}",
            inline(&concept.name),
            page.note(&concept.explanation)
        )
    });
    page.list("Events", &content.events, |page, event| {
        let (at, kind) = (page.at(event.at_s), name(&event.kind));
        let title = inline(&event.title);
        format!("{at} {kind}: **{title}**{}", page.note(&event.description))
    });
    page.list("Actions", &content.actions, Page::action);
    let plain = |_: &Page, text: &String| inline(text);
    page.list("Technologies", &content.technologies, plain);
    page.list("Prerequisites", &content.prerequisites, plain);
    page.numbered(
        "Learning path",
        content.learning_path.iter().map(|text| inline(text)),
    );
    page.list("Related topics", &content.related_topics, plain);
    if let Some(plan) = &content.build_plan {
        page.build_plan(plan);
    }
    page.section(
        "Visual elements",
        !content.visual_elements.is_empty(),
        |page| {
            let shown = content
                .visual_elements
                .iter()
                .map(|element| page.visual_element(element));
            let shown: Vec<String> = shown.collect();
            page.line(&shown.join("\n\n"));
        },
    );
    page.list("Transcript", &content.transcript, |page, segment| {
        let speaker = segment
            .speaker
            .as_deref()
            .map(|name| format!("**{}:** ", inline(name)));
        let at = page.at(segment.start_s);
        format!(
            "{at} {}{}",
            speaker.unwrap_or_default(),
            inline(&segment.text)
        )
    });
    page.provenance(analysis);
    page.out
}

struct Page {
    out: String,
    /// YouTube id for links; `None` for an upload.
    youtube: Option<String>,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn head(&mut self, analysis: &Analysis) {
        let video = &analysis.video;
        self.line(&format!("# {}\n", inline(&video.title)));
        if analysis.answered_by_stand_in() {
            self.line(STAND_IN_NOTE);
            self.line("");
        }
        let address = self
            .youtube
            .as_ref()
            .map(|id| format!("https://youtu.be/{id}"));
        let window = video.window.map(|window| {
            let end = window
                .end_s
                .map_or("the end".to_owned(), |end| self.at(end));
            format!("{} to {end}", self.at(window.start_s))
        });
        self.table(
            ["Video", ""],
            [
                ("Watch", address.map(|url| format!("[{url}]({url})"))),
                ("Channel", video.channel.as_deref().map(inline)),
                ("Length", video.duration_s.map(clock)),
                ("Part analysed", window),
                ("Language", Some(inline(&analysis.language))),
                (
                    "Difficulty",
                    analysis
                        .content
                        .difficulty
                        .map(|difficulty| name(&difficulty)),
                ),
            ],
        );
    }

    /// Writes a table of two columns without rows that have no value.
    fn table<const N: usize>(&mut self, head: [&str; 2], rows: [(&str, Option<String>); N]) {
        self.line(&format!("| {} | {} |\n| --- | --- |", head[0], head[1]));
        for (label, value) in rows {
            if let Some(value) = value {
                self.line(&format!("| {label} | {value} |"));
            }
        }
    }

    fn section(&mut self, heading: &str, filled: bool, body: impl FnOnce(&mut Self)) {
        if filled {
            self.line(&format!("\n## {heading}\n"));
            body(self);
        }
    }

    fn list<T>(&mut self, heading: &str, items: &[T], show: impl Fn(&Self, &T) -> String) {
        self.section(heading, !items.is_empty(), |page| {
            for item in items {
                page.line(&format!("- {}", show(page, item)));
            }
        });
    }

    fn numbered(&mut self, heading: &str, items: impl ExactSizeIterator<Item = String>) {
        self.section(heading, items.len() > 0, |page| {
            for (index, item) in items.enumerate() {
                page.line(&format!("{}. {item}", index + 1));
            }
        });
    }

    fn paragraphs(&mut self, text: &str) {
        let paragraphs: Vec<String> = text
            .lines()
            .map(inline)
            .filter(|paragraph| !paragraph.is_empty())
            .collect();
        self.line(&paragraphs.join("\n\n"));
    }

    /// Indents the lines after the first line of an item.
    fn note(&self, text: &str) -> String {
        let text = inline(text);
        if text.is_empty() {
            text
        } else {
            format!("\\\n  {text}")
        }
    }

    /// Formats a time, linked to the video if it has a URL.
    fn at(&self, at_s: f64) -> String {
        match &self.youtube {
            // The URL accepts whole seconds.
            Some(id) => {
                format!(
                    "[{}](https://youtu.be/{id}?t={})",
                    clock(at_s),
                    at_s.max(0.0).floor()
                )
            }
            None => clock(at_s),
        }
    }

    fn maybe_at(&self, at_s: Option<f64>) -> String {
        at_s.map(|at_s| format!(" ({})", self.at(at_s)))
            .unwrap_or_default()
    }

    fn action(&self, action: &Action) -> String {
        let (category, priority) = (name(&action.category), name(&action.priority));
        let effort = action
            .estimated_minutes
            .map(|minutes| format!(", about {minutes} min"));
        format!(
            "[ ] **{}** ({category}, {priority} priority{}, {}){}",
            inline(&action.title),
            effort.unwrap_or_default(),
            self.at(action.at_s),
            self.note(&action.description),
        )
    }

    fn build_plan(&mut self, plan: &BuildPlan) {
        self.line(&format!("\n## Build plan: {}\n", inline(&plan.title)));
        let technologies: Vec<String> = plan.technologies.iter().map(|t| inline(t)).collect();
        self.line(&format!("Project type: {}\n", inline(&plan.project_type)));
        if !technologies.is_empty() {
            self.line(&format!("Built with: {}\n", technologies.join(", ")));
        }
        self.paragraphs(&plan.summary);
        self.line("");
        for (index, step) in plan.steps.iter().enumerate() {
            let file = step
                .target_file
                .as_deref()
                .map(|file| format!(" ({})", inline(file)));
            self.line(&format!(
                "{}. **{}**{}: {}{}",
                index + 1,
                inline(&step.action),
                file.unwrap_or_default(),
                inline(&step.description),
                self.maybe_at(step.at_s),
            ));
        }
    }

    fn visual_element(&self, element: &VisualElement) -> String {
        let head = format!("{} {}", self.at(element.at_s), name(&element.kind));
        match element.kind {
            VisualKind::Code | VisualKind::Terminal => {
                format!("{head}:\n\n{}", code_block(&element.content))
            }
            VisualKind::Diagram | VisualKind::Ui | VisualKind::Text => {
                format!("{head}: {}", inline(&element.content))
            }
        }
    }

    fn provenance(&mut self, analysis: &Analysis) {
        let made = &analysis.provenance;
        self.line("\n## How this was made\n");
        let cost = made
            .usage
            .cost_usd
            .map(|cost| format!("${cost:.4}"))
            .as_deref()
            .map(inline);
        let tokens = format!(
            "{} read, {} written, {} on thinking",
            made.usage.input_tokens, made.usage.output_tokens, made.usage.thinking_tokens
        );
        self.table(
            ["Analysis", ""],
            [
                ("Model", Some(inline(&made.model))),
                ("Made", Some(inline(&made.analyzed_at))),
                ("Pipeline", Some(inline(&made.pipeline_version))),
                ("Prompt", Some(inline(&made.prompt_sha256))),
                ("Tokens", Some(tokens)),
                ("List price", cost),
            ],
        );
        self.line("\n| Part | Source | Confidence |\n| --- | --- | --- |");
        for (part, source) in &analysis.sources {
            let confidence = source
                .confidence
                .map(|confidence| format!("{confidence:.2}"));
            let (part, origin) = (inline(part), name(&source.source));
            self.line(&format!(
                "| {part} | {origin} | {} |",
                confidence.unwrap_or_default()
            ));
        }
        self.list("Left out", &analysis.refused, |_, refused| {
            let reason = name(&refused.reason);
            let at = match refused.line {
                Some(line) => format!("line {line}"),
                None => format!("at second {}", inline(&refused.at_s.to_string())),
            };
            let detail = refused.detail.as_deref().map(inline);
            format!(
                "{}: {at} ({}){}{}",
                inline(&refused.part),
                inline(&reason),
                if detail.is_some() { ": " } else { "" },
                detail.unwrap_or_default(),
            )
        });
    }
}

/// Formats seconds as `mm:ss`, from one hour on as `h:mm:ss`.
pub fn clock(at_s: f64) -> String {
    // The cast saturates at both ends and maps NaN to 0.
    let all = at_s as u64;
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    let mut text = String::new();
    // Writing to a string is infallible.
    let _ = match hours {
        0 => write!(text, "{minutes:02}:{seconds:02}"),
        _ => write!(text, "{hours}:{minutes:02}:{seconds:02}"),
    };
    text
}
