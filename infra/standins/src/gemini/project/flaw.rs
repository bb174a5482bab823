//! Flaws of answers about software. Models have produced all of them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    module,
    question::{FileQuestion, Question},
    sample::Framework,
    spoil::Language,
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct FileFault {
    kind: FileFlaw,
    /// Path of the file; `None` matches any.
    path: Option<String>,
}

/// Flaw of a file. If its language cannot have the flaw, its syntax is broken instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum FileFlaw {
    #[serde(rename = "project_syntax_error")]
    SyntaxError,
    /// Names without an implementation.
    #[serde(rename = "project_stub")]
    Stub,
    /// Refusal of the model.
    #[serde(rename = "project_refusal")]
    Refusal,
    /// A comment at the start repeats the instruction.
    #[serde(rename = "project_prompt_echo")]
    PromptEcho,
    /// A Markdown fence around the whole file.
    #[serde(rename = "project_fence")]
    Fence,
    /// Text that looks like a key of AWS.
    #[serde(rename = "project_secret")]
    Secret,
    /// Import of a file that is not in the plan.
    #[serde(rename = "project_missing_import")]
    MissingImport,
    /// Import of a package that is not declared.
    #[serde(rename = "project_undeclared_package")]
    UndeclaredPackage,
    /// The bare file after a sentence, instead of JSON.
    #[serde(rename = "project_not_json")]
    NotJson,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct PlanFault {
    kind: PlanFlaw,
}

/// Flaw of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum PlanFlaw {
    /// A file outside of the project.
    #[serde(rename = "plan_path_escape")]
    PathEscape,
    #[serde(rename = "plan_duplicate_path")]
    DuplicatePath,
    /// Two files that depend on each other.
    #[serde(rename = "plan_cycle")]
    Cycle,
    /// Dependency on a file that is not in the plan.
    #[serde(rename = "plan_unknown_dependency")]
    UnknownDependency,
    #[serde(rename = "plan_too_many")]
    TooMany,
    /// A list in prose instead of JSON.
    #[serde(rename = "plan_not_json")]
    NotJson,
    /// The entry file is missing.
    #[serde(rename = "plan_without_entry")]
    WithoutEntry,
}

/// Number of files of [`PlanFlaw::TooMany`].
const TOO_MANY: usize = 500;

impl FileFault {
    /// Returns whether the fault applies to this question. A question that asks for a repair
    /// matches only a fault that is permanent or names the file.
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
    /// Returns whether the fault applies to this question.
    pub(in super::super) fn strikes(question: Option<&Question>) -> bool {
        matches!(question, Some(Question::Plan(_)))
    }
}

/// Returns the answer with a flawed file. `fitting` makes an answer of a text.
pub(super) fn spoil_file(
    fault: &FileFault,
    question: &FileQuestion,
    content: String,
    instruction: &str,
    fitting: impl Fn(String) -> String,
) -> String {
    let path = question.path.as_str();
    let language = Language::from_path(path);
    let or_broken = |code: Option<String>| match code {
        Some(code) => language.with(&content, &code),
        None => language.broken(&content),
    };
    fitting(match fault.kind {
        FileFlaw::SyntaxError => language.broken(&content),
        FileFlaw::Stub => match language.stub() {
            Some(stub) => stub.to_owned(),
            None => language.broken(&content),
        },
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

/// Returns the answer with a flawed plan.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn fault<T: for<'de> Deserialize<'de>>(kind: &str) -> T {
        serde_json::from_value(json!({"kind": kind})).unwrap()
    }

    fn question(path: &str, repair: Value) -> Question {
        let question =
            json!({"task": "file", "framework": "nextjs", "path": path, "repair": repair});
        Question::parse(&question.to_string()).unwrap()
    }

    #[test]
    fn repair_matches_permanent_faults_and_faults_of_its_file() {
        let first = question("lib/time.ts", Value::Null);
        let again = question("lib/time.ts", json!({"content": "", "findings": []}));
        let any: FileFault = fault("project_stub");
        let one = |path: &str| -> FileFault {
            serde_json::from_value(json!({"kind": "project_stub", "path": path})).unwrap()
        };
        for (fault, question, always, strikes) in [
            (&any, Some(&first), false, true),
            (&any, Some(&again), false, false),
            (&any, Some(&again), true, true),
            (&any, None, true, false),
            (&one("lib/time.ts"), Some(&first), false, true),
            (&one("lib/time.ts"), Some(&again), false, true),
            (&one("lib/times.ts"), Some(&first), true, false),
        ] {
            assert_eq!(
                fault.strikes(question, always),
                strikes,
                "{fault:?} {question:?}"
            );
        }
        assert!(!PlanFault::strikes(Some(&first)));
        assert!(!PlanFault::strikes(None));
    }

    #[test]
    fn plan_fault_spoils_the_plan() {
        let plan = json!({"title": "T", "files": [
            {"path": "lib/a.ts", "depends_on": []},
            {"path": "lib/b.ts", "depends_on": ["lib/a.ts"]},
            {"path": "app/page.tsx", "depends_on": ["lib/b.ts"]},
            {"path": "lib/c.ts", "depends_on": ["app/page.tsx", "lib/a.ts"]},
        ]});
        let spoilt = |kind: &str| spoil_plan(&fault(kind), plan.clone(), Framework::NextJs);
        let files = |kind: &str| {
            let plan: Value = serde_json::from_str(&spoilt(kind)).unwrap();
            plan["files"].as_array().unwrap().clone()
        };
        assert_eq!(files("plan_path_escape")[4]["path"], "../../etc/x");
        assert_eq!(files("plan_duplicate_path")[4], plan["files"][3]);
        let cycle = files("plan_cycle");
        assert_eq!(cycle[0]["depends_on"], json!(["lib/b.ts"]));
        assert_eq!(cycle[1]["depends_on"], json!(["lib/a.ts"]));
        let unknown = files("plan_unknown_dependency");
        assert_eq!(unknown[0]["depends_on"], json!(["lib/part-999.ts"]));
        assert_eq!(files("plan_too_many").len(), TOO_MANY);
        let without = files("plan_without_entry");
        assert_eq!(without.len(), 3);
        assert_eq!(without[2]["depends_on"], json!(["lib/a.ts"]));
        assert!(spoilt("plan_not_json").starts_with("Here is the plan for T:\n\n1. lib/a.ts\n2."));
    }
}
