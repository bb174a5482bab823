//! README of a generated project.

use askama::Template;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::plan::{Plan, PlannedFile};
use super::commands::commands;
use super::{Facts, one_line, title_of};
use eventrelay_analysis::markdown::clock;
use eventrelay_core::answer_class::AnswerClass;
use eventrelay_core::video::reference;

/// Characters kept in a file URL: those that RFC 3986 never reserves, and the slash between
/// folders.
const ADDRESS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'_')
    .remove(b'-')
    .remove(b'~');

/// Values of the template. Text from a model is escaped as Markdown. Unescaped values are constants
/// or types without markup characters.
#[derive(Template)]
#[template(path = "project/common/README.md")]
pub(super) struct Readme<'a> {
    title: String,
    summary: Vec<&'a str>,
    /// True if a stand-in answered instead of an AI model.
    is_stand_in: bool,
    video_title: String,
    /// YouTube id for links, which has only letters, digits, `-` and `_`; `None` for an upload.
    video_id: Option<String>,
    sections: Vec<Section>,
    files: Vec<Row<'a>>,
}

struct Section {
    heading: &'static str,
    lines: Vec<&'static str>,
}

struct Row<'a> {
    path: &'a str,
    address: String,
    purpose: &'a str,
    moments: Vec<Moment>,
}

struct Moment {
    clock: String,
    /// The URL accepts whole seconds.
    second: u64,
}

impl<'a> Readme<'a> {
    pub(super) fn new(plan: &'a Plan, facts: &Facts) -> Self {
        let url = facts.video_url.as_deref();
        let paragraphs = plan.summary.lines().map(str::trim);
        Self {
            title: title_of(plan),
            summary: paragraphs.filter(|text| !text.is_empty()).collect(),
            is_stand_in: facts.answered_by == AnswerClass::StandIn,
            video_title: video_title(facts),
            video_id: url
                .and_then(|url| reference::parse(url).ok())
                .map(|at| at.id.as_str().to_owned()),
            sections: sections(plan),
            files: plan.files.iter().map(Row::new).collect(),
        }
    }
}

fn video_title(facts: &Facts) -> String {
    match one_line(&facts.video_title) {
        empty if empty.is_empty() => "without a title".to_owned(),
        title => title,
    }
}

fn sections(plan: &Plan) -> Vec<Section> {
    let all = commands(plan.framework);
    let section = |heading, parts: [&[&'static str]; 2]| Section {
        heading,
        lines: parts.concat(),
    };
    let sections = [
        section("Run", [all.install, all.run]),
        section("Test", [all.test, &[]]),
        section("Build", [all.build, &[]]),
    ];
    let filled = |section: &Section| !section.lines.is_empty();
    sections.into_iter().filter(filled).collect()
}

impl<'a> Row<'a> {
    fn new(file: &'a PlannedFile) -> Self {
        let mut moments: Vec<Moment> = file
            .sources
            .iter()
            .map(|span| span.start_s)
            .map(Moment::new)
            .collect();
        moments.dedup_by_key(|moment| moment.second);
        Self {
            path: &file.path,
            address: utf8_percent_encode(&file.path, ADDRESS).to_string(),
            purpose: &file.purpose,
            moments,
        }
    }
}

impl Moment {
    fn new(at_s: f64) -> Self {
        Self {
            clock: clock(at_s),
            // The cast saturates at both ends and maps NaN to 0.
            second: at_s as u64,
        }
    }
}
