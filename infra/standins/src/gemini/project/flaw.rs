//! What can be wrong with an answer about software. All of it has been seen of models.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    module,
    question::{FileQuestion, Question},
    sample::Framework,
    spoil::Language,
};

/// A file that is wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct FileFault {
    kind: FileFlaw,
    /// Which file; none is any.
    path: Option<String>,
}

/// How a file is wrong. Where its language has no such thing, its syntax is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum FileFlaw {
    /// No parser of its language takes it.
    #[serde(rename = "project_syntax_error")]
    SyntaxError,
    /// There is a name, and nothing behind it.
    #[serde(rename = "project_stub")]
    Stub,
    /// The model would rather not.
    #[serde(rename = "project_refusal")]
    Refusal,
    /// It begins with a comment that repeats the instruction.
    #[serde(rename = "project_prompt_echo")]
    PromptEcho,
    /// The whole stands in a Markdown fence.
    #[serde(rename = "project_fence")]
    Fence,
    /// It holds what looks like a key of AWS.
    #[serde(rename = "project_secret")]
    Secret,
    /// It imports a file that nobody planned.
    #[serde(rename = "project_missing_import")]
    MissingImport,
    /// It imports a package that nobody declared.
    #[serde(rename = "project_undeclared_package")]
    UndeclaredPackage,
    /// The answer is the bare file after a sentence.
    #[serde(rename = "project_not_json")]
    NotJson,
}

/// A plan that is wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct PlanFault {
    kind: PlanFlaw,
}

/// How a plan is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum PlanFlaw {
    /// A file outside of the project, beside the others.
    #[serde(rename = "plan_path_escape")]
    PathEscape,
    /// A file is planned twice.
    #[serde(rename = "plan_duplicate_path")]
    DuplicatePath,
    /// Two files depend on one another.
    #[serde(rename = "plan_cycle")]
    Cycle,
    /// A file depends on one that is not planned.
    #[serde(rename = "plan_unknown_dependency")]
    UnknownDependency,
    /// Five hundred files.
    #[serde(rename = "plan_too_many")]
    TooMany,
    /// The answer is a list in words.
    #[serde(rename = "plan_not_json")]
    NotJson,
    /// The file that everything begins at is not planned.
    #[serde(rename = "plan_without_entry")]
    WithoutEntry,
}

/// As many files as too many are.
const TOO_MANY: usize = 500;

impl FileFault {
    /// Whether it strikes this question. What asks for a repair is struck only by a fault that is
    /// always there, or that names the file.
    pub(in super::super) fn strikes(&self, question: Option<&Question>, always: bool) -> bool {
        let Some(Question::File(question)) = question else {
            return false;
        };
        match &self.path {
            Some(path) => *path == question.path,
            None => always || question.repair.is_none(),
        }
    }
}

impl PlanFault {
    /// Whether it strikes this question.
    pub(in super::super) fn strikes(question: Option<&Question>) -> bool {
        matches!(question, Some(Question::Plan(_)))
    }
}

/// The answer with a file that is wrong. `fitting` makes an answer of a text.
pub(super) fn spoil_file(
    fault: &FileFault,
    question: &FileQuestion,
    content: String,
    instruction: &str,
    fitting: impl Fn(String) -> String,
) -> String {
    let path = question.path.as_str();
    let language = Language::of(path);
    let or_broken = |code: Option<String>| match code {
        Some(code) => language.with(&content, &code),
        None => language.broken(&content),
    };
    fitting(match fault.kind {
        FileFlaw::SyntaxError => language.broken(&content),
        FileFlaw::Stub => language.stub().to_owned(),
        FileFlaw::Refusal => {
            format!("I'm sorry, but I cannot help with writing {path}.\n")
        }
        FileFlaw::PromptEcho => language.echo(&content, instruction),
        FileFlaw::Fence => format!(
            "```{}\n{content}```\n",
            path.rsplit('.').next().unwrap_or("")
        ),
        FileFlaw::Secret => language.secret(&content),
        FileFlaw::MissingImport => or_broken(language.import_file(question.framework)),
        FileFlaw::UndeclaredPackage => or_broken(language.import_package()),
        FileFlaw::NotJson => return format!("Here is {path}:\n\n{content}"),
    })
}

/// The answer with a plan that is wrong.
pub(super) fn spoil_plan(fault: &PlanFault, mut plan: Value, framework: Framework) -> String {
    let none = &mut Vec::new();
    let title = plan["title"].as_str().unwrap_or_default().to_owned();
    let files = plan["files"].as_array_mut().unwrap_or(none);
    let path = |file: &Value| file["path"].as_str().unwrap_or_default().to_owned();
    let planned = |path: &str| {
        json!({"path": path, "purpose": "Sums up stretches of the video.", "depends_on": [],
            "sources": []})
    };
    match fault.kind {
        PlanFlaw::PathEscape => files.push(planned("../../etc/x")),
        PlanFlaw::DuplicatePath => files.extend(files.last().cloned()),
        PlanFlaw::Cycle => {
            if let [first, second, ..] = files.as_mut_slice() {
                let (one, other) = (path(first), path(second));
                first["depends_on"] = json!([other]);
                second["depends_on"] = json!([one]);
            }
        }
        PlanFlaw::UnknownDependency => {
            if let Some(first) = files.first_mut() {
                first["depends_on"] = json!([module::path(framework, 999)]);
            }
        }
        PlanFlaw::TooMany => {
            let more = TOO_MANY.saturating_sub(files.len());
            files.extend((1..=more).map(|number| planned(&module::path(framework, number))));
        }
        PlanFlaw::WithoutEntry => {
            files.retain(|file| path(file) != framework.entry());
            for file in files {
                if let Some(paths) = file["depends_on"].as_array_mut() {
                    paths.retain(|path| path != framework.entry());
                }
            }
        }
        PlanFlaw::NotJson => {
            let paths = files.iter().enumerate();
            let list: String = paths
                .map(|(index, file)| format!("{}. {}\n", index + 1, path(file)))
                .collect();
            return format!("Here is the plan for {title}:\n\n{list}");
        }
    }
    plan.to_string()
}
