//! Events of the functions: those of `tests/events`, about items that exist.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use eventrelay_tests::{
    Stack,
    events::{DEPLOYMENT, JOB, PROJECT, Source, Trigger, triggers},
};
use serde_json::{Value, json};

/// The video that the events are about.
const VIDEO: &str = "dQw4w9WgXcQ";

/// Returns whether a function deletes items that other functions read. Such a function runs after
/// them.
pub(crate) fn removes(function: &str) -> bool {
    ["Delete", "Cancel"]
        .iter()
        .any(|verb| function.starts_with(verb))
}

/// The events, by function.
#[derive(Debug)]
pub(crate) struct Events(BTreeMap<String, Value>);

/// Ids of what is there.
struct Known {
    analysis: String,
    build: String,
    task: String,
    project: String,
    deployment: String,
}

impl Events {
    /// Has the stack make an analysis, a project and a deployment, and then read its queues no more.
    pub(crate) async fn prepare(stack: &Stack) -> anyhow::Result<Self> {
        let known = known(stack).await?;
        let mut events = BTreeMap::new();
        for trigger in triggers()? {
            if matches!(trigger.source, Source::Queue { .. }) {
                stack.read_queue(&trigger.function, false).await?;
            }
            if is_first(&trigger) || !events.contains_key(&trigger.function) {
                events.insert(trigger.function.clone(), known.event(&trigger)?);
            }
        }
        Ok(Self(events))
    }

    /// Returns the event of a function.
    pub(crate) fn event(&self, function: &str) -> anyhow::Result<&Value> {
        let event = self.0.get(function);
        event.with_context(|| format!("{function} has no event"))
    }
}

/// Returns whether a trigger comes first: a request, if a function has several triggers.
fn is_first(trigger: &Trigger) -> bool {
    matches!(trigger.name.as_str(), "Http" | "ApiKey")
}

async fn known(stack: &Stack) -> anyhow::Result<Known> {
    let done = async |submitted: Value| {
        let job = stack.end_of(&submitted).await?;
        ensure!(job["status"] == "done", "not done: {job:#}");
        anyhow::Ok(job)
    };
    let url = format!("https://youtu.be/{VIDEO}");
    let analysis = stack.accepted("/v1/videos", json!({ "url": url })).await?;
    let analysis = done(analysis).await?;
    let path = format!("/v1/videos/yt:{VIDEO}/projects");
    let asked = json!({"project_type": "cli", "framework": "python"});
    let build = done(stack.accepted(&path, asked).await?).await?;
    let project = last(&build["links"]["project"])?;
    let path = format!("/v1/projects/{project}/deployments");
    let deployed = stack.accepted(&path, json!({"target": "github"})).await?;
    let deployed = done(deployed).await?;
    let task = stack.accepted("/v1/admin/recount", json!({})).await?;
    let task = done(task).await?;
    Ok(Known {
        analysis: text(&analysis["job_id"])?,
        build: text(&build["job_id"])?,
        task: text(&task["job_id"])?,
        project,
        deployment: last(&deployed["links"]["deployment"])?,
    })
}

impl Known {
    fn event(&self, trigger: &Trigger) -> anyhow::Result<Value> {
        let job = match trigger.function.as_str() {
            "AdvanceBuild" => &self.build,
            "AdvanceTask" => &self.task,
            _ => &self.analysis,
        };
        let event = trigger.event()?.to_string();
        let event = event
            .replace(JOB, job)
            .replace(PROJECT, &self.project)
            .replace(DEPLOYMENT, &self.deployment);
        Ok(serde_json::from_str(&event)?)
    }
}

fn text(value: &Value) -> anyhow::Result<String> {
    Ok(value.as_str().context("no text")?.to_owned())
}

/// The id at the end of a link.
fn last(link: &Value) -> anyhow::Result<String> {
    let id = link.as_str().and_then(|link| link.rsplit('/').next());
    Ok(id.context("no link")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_name_existing_items() {
        let known = Known {
            analysis: "job_1".into(),
            build: "job_2".into(),
            task: "job_3".into(),
            project: "prj_4".into(),
            deployment: "dpl_5".into(),
        };
        for trigger in triggers().unwrap() {
            let event = known.event(&trigger).unwrap().to_string();
            for example in [JOB, PROJECT, DEPLOYMENT] {
                assert!(!event.contains(example), "{trigger:?}: {event}");
            }
            let job = ["job_1", "job_2", "job_3"].map(|job| event.contains(job));
            match trigger.function.as_str() {
                "GetJob" | "AdvanceAnalysis" => assert_eq!(job, [true, false, false]),
                "AdvanceBuild" => assert_eq!(job, [false, true, false]),
                "AdvanceTask" => assert_eq!(job, [false, false, true]),
                _ => {}
            }
        }
    }
}
