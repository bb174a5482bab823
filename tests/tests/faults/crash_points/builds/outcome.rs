//! Outcome of a build, without values that differ between runs.

use eventrelay_tests::faults::Killed;
use serde_json::{Value, json};

use super::{Harness, Kind, Run, world};

/// Side effect that costs money.
const GENERATION: &str = ":generateContent";

/// Side effect that stores the paid answer.
const KEPT: &str = "/made/";

/// Outcome of a build.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Outcome {
    /// Status of the ended job.
    status: Value,
    /// State, entity tag and model calls of the project.
    project: Value,
    /// State and change of the deployment.
    deployment: Value,
    /// The deployment at its target.
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
    /// Reads the outcome of an ended build.
    pub(super) async fn read(harness: &Harness, run: &Run) -> Self {
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

/// Returns whether a question may be repeated. If the worker crashes before it stores the answer, the
/// answer is lost: calls to Gemini have no idempotency key.
pub(super) fn is_repeatable(killed: &Killed) -> bool {
    killed.killed_at.as_ref().is_some_and(|effect| {
        (killed.when == "after" && effect.contains(GENERATION))
            || (killed.when == "before" && effect.contains("PUT ") && effect.contains(KEPT))
    })
}

/// Describes faults of an ended build. Leftovers of the stack are checked elsewhere.
pub(super) async fn wrong(
    harness: &Harness,
    run: &Run,
    killed: &Killed,
    expected: &Outcome,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let outcome = Outcome::read(harness, run).await;
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
