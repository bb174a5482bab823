use serde::Deserialize;

use super::sample::Framework;

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub(in super::super) enum Question {
    Plan(PlanQuestion),
    File(FileQuestion),
}

/// Request for a plan of software from an analysis.
#[derive(Clone, Debug, Deserialize)]
pub(in super::super) struct PlanQuestion {
    pub(super) framework: Framework,
    #[serde(default)]
    pub(super) features: Vec<String>,
    #[serde(default)]
    pub(super) video: Option<Video>,
    #[serde(default)]
    pub(super) analysis: Analysis,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Video {
    pub(super) title: Option<String>,
    pub(super) duration_s: Option<f64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Analysis {
    pub(super) title: Option<String>,
    pub(super) summary: String,
    pub(super) chapters: Vec<Chapter>,
    pub(super) actions: Vec<Action>,
}

/// A section of the video, in seconds from its beginning.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Chapter {
    pub(super) title: String,
    pub(super) start_s: f64,
    pub(super) end_s: f64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Action {
    pub(super) title: String,
    pub(super) at_s: f64,
}

/// Request for the text of a file.
#[derive(Clone, Debug, Deserialize)]
pub(in super::super) struct FileQuestion {
    pub(super) framework: Framework,
    pub(super) path: String,
    #[serde(default)]
    pub(super) purpose: String,
    #[serde(default)]
    pub(super) plan: PlanHead,
    #[serde(default)]
    pub(super) depends_on: Vec<Written>,
    #[serde(default)]
    pub(super) repair: Option<Repair>,
}

/// General part of the plan.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PlanHead {
    pub(super) title: String,
    pub(super) summary: String,
}

/// A file that has already been written.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Written {
    pub(super) path: String,
}

/// Errors of the previous version of the file.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Repair {}

impl Question {
    /// Parses a question, or returns `None` if the text is none.
    pub(in super::super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_whole_documents_of_a_known_task_are_questions() {
        let plan = json!({"task": "plan", "framework": "nextjs", "project_type": "web",
            "features": [], "instructions": null, "video": null, "analysis": {"summary": "s"}});
        assert!(matches!(
            Question::parse(&format!("\n{plan}\n")),
            Some(Question::Plan(_))
        ));
        let file = json!({"task": "file", "framework": "rust", "path": "src/main.rs",
            "purpose": "p", "plan": {"title": "t", "summary": "s", "files": []}, "packages": [],
            "depends_on": [{"path": "a", "content": "b"}],
            "repair": {"content": "c", "findings": []}});
        assert!(matches!(
            Question::parse(&file.to_string()),
            Some(Question::File(FileQuestion {
                repair: Some(_),
                ..
            }))
        ));
        for other in [
            format!("Plan: {plan}"),
            json!({"task": "plan", "framework": "cobol"}).to_string(),
            json!({"task": "summary", "framework": "nextjs"}).to_string(),
            json!({"title": "t"}).to_string(),
            String::new(),
        ] {
            assert!(Question::parse(&other).is_none(), "{other}");
        }
    }
}
