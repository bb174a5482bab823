//! What comes of a build, without what is of one run alone.

use eventrelay_tests::faults::Killed;
use serde_json::{Value, json};

use super::{Harness, Kind, Run, world};

/// What is paid for.
const GENERATION: &str = ":generateContent";

/// Where it is written down.
const KEPT: &str = "/made/";

/// What has come of a build.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Outcome {
    /// How the job ended.
    status: Value,
    /// Of the project: its state, entity tag and the calls that it took.
    project: Value,
    /// Of the deployment: its state and what it has changed.
    deployment: Value,
    /// What the target has of it.
    there: Value,
}

impl Kind {
    pub(super) fn makes_a_project(self) -> bool {
        match self {
            Self::Project | Self::FirstFile | Self::LastFile | Self::Software | Self::Netlify => {
                true
            }
            Self::Repository | Self::PullRequest | Self::Vercel => false,
        }
    }
}

impl Outcome {
    /// What has come of a build that has ended.
    pub(super) async fn of(harness: &Harness, run: &Run) -> Self {
        let stack = &harness.stack;
        let path = format!("/v1/jobs/{}", run.job);
        let job = stack.get_json(&path).await.unwrap();
        let mut outcome = Self {
            status: job["status"].clone(),
            project: Value::Null,
            deployment: Value::Null,
            there: Value::Null,
        };
        if let Some(link) = job["links"]["project"].as_str() {
            let project = stack.get_json(link).await.unwrap();
            outcome.project = json!({
                "status": project["status"],
                "files": project["manifest"]["sha256"],
                "validation": project["validation"],
                "model_calls": project["usage"]["model_calls"],
            });
        }
        if let Some(link) = job["links"]["deployment"].as_str() {
            let deployment = stack.get_json(link).await.unwrap();
            outcome.there = world::there(harness, run, &deployment).await;
            outcome.deployment = json!({
                "status": deployment["status"],
                "change": deployment["change"],
                "has_commit": deployment["commit"].is_string(),
                "has_pull_request": deployment["pull_request"].is_string(),
                "has_url": deployment["url"].is_string(),
            });
        }
        outcome
    }
}

/// Whether a question may be asked again: who dies with the answer in its hand has told nobody, and
/// a call to Gemini has no name by which it could be asked for again.
pub(super) fn is_repeatable(killed: &Killed) -> bool {
    killed.killed_at.as_ref().is_some_and(|effect| {
        (killed.when == "after" && effect.contains(GENERATION))
            || (killed.when == "before" && effect.contains("PUT ") && effect.contains(KEPT))
    })
}

/// What is wrong with a build that has ended, beside what the whole stack has left.
pub(super) async fn wrong(
    harness: &Harness,
    run: &Run,
    killed: &Killed,
    expected: &Outcome,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let outcome = Outcome::of(harness, run).await;
    if outcome != *expected {
        wrong.push(format!("it is {outcome:#?}\nand not {expected:#?}"));
    }
    let asked = killed.performed(GENERATION);
    let once = usize::from(matches!(
        run.kind,
        Kind::Project | Kind::FirstFile | Kind::LastFile
    ));
    let most = once + usize::from(is_repeatable(killed));
    if asked < once || asked > most {
        wrong.push(format!("it asked {asked} times"));
    }
    wrong
}
