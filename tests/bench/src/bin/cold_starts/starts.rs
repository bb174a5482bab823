//! Starts an instance, invokes it, ends it, and so on, in turns.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use anyhow::{Context as _, ensure};
use eventrelay_tests::{Stack, read, until};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    cache::evict,
    events::Events,
    measured::{Measured, Start},
};

/// Timeout for a killed process to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Number of starts, and of invocations after the first request of each.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Effort {
    /// Starts with its files in memory.
    pub(crate) warm_starts: usize,
    /// Starts with its files on the disk alone.
    pub(crate) cold_starts: usize,
    pub(crate) later_requests: usize,
}

/// A function that is measured.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) name: String,
    /// The function whose event it is invoked with.
    pub(crate) event_of: String,
    pub(crate) zip_bytes: usize,
    /// Files that the function reads when it starts.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) is_python: bool,
}

/// An invocation, as the local runtime tells of it.
#[derive(Clone, Debug, Deserialize)]
struct Invocation {
    function: String,
    instance: String,
    request_id: String,
    duration_ms: f64,
    init_ms: Option<f64>,
    max_memory_mb: Option<u64>,
}

/// In each round every function is started once.
pub(crate) async fn measured(
    stack: &Stack,
    events: &Events,
    subjects: &[Subject],
    effort: Effort,
) -> anyhow::Result<Vec<Measured>> {
    let mut all: Vec<Measured> = subjects.iter().map(Measured::new).collect();
    // The first start of each is not counted: with it, its files are in memory.
    let rounds = if subjects.is_empty() {
        0
    } else {
        1 + effort.warm_starts + effort.cold_starts
    };
    for round in 0..rounds {
        eprintln!(
            "{} functions, start {} of {rounds}",
            subjects.len(),
            round + 1
        );
        let is_cold = round > effort.warm_starts;
        for (subject, measured) in subjects.iter().zip(&mut all) {
            let started = start(stack, events, subject, is_cold, effort).await;
            let (started, answers) = started.with_context(|| subject.name.clone())?;
            measured.answers.extend(answers);
            match round {
                0 => {}
                _ if is_cold => measured.cold.push(started),
                _ => measured.warm.push(started),
            }
        }
    }
    Ok(all)
}

async fn start(
    stack: &Stack,
    events: &Events,
    subject: &Subject,
    is_cold: bool,
    effort: Effort,
) -> anyhow::Result<(Start, BTreeSet<String>)> {
    end(stack, &subject.name).await?;
    let before: BTreeSet<_> = noted(stack).await?.map(|one| one.request_id).collect();
    if is_cold {
        evict(&subject.files)?;
    }
    let event = events.event(&subject.event_of)?;
    let mut answers = BTreeSet::new();
    for _ in 0..=effort.later_requests {
        let answer = stack.invoke(&subject.name, event.clone()).await?;
        answers.insert(told(&answer)?);
    }
    let own = noted(stack)
        .await?
        .filter(|one| one.function == subject.name && !before.contains(&one.request_id));
    Ok((first_start(&own.collect::<Vec<_>>())?, answers))
}

/// Returns the measurements of an instance from its invocations in order.
fn first_start(invocations: &[Invocation]) -> anyhow::Result<Start> {
    let (first, later) = invocations.split_first().context("none was noted")?;
    let last = later.last().unwrap_or(first);
    let is_one = invocations.iter().all(|one| one.instance == first.instance);
    ensure!(is_one, "it was started more than once");
    Ok(Start {
        init_ms: first.init_ms.context("it had been started before")?,
        first_ms: first.duration_ms,
        later_ms: later.iter().map(|one| one.duration_ms).collect(),
        peak_mb: last
            .max_memory_mb
            .context("this system does not tell the memory of a process")?,
    })
}

async fn noted(stack: &Stack) -> anyhow::Result<impl Iterator<Item = Invocation>> {
    let noted = stack
        .admin(Method::GET, "/invocations", Value::Null)
        .await?;
    Ok(serde_json::from_value::<Vec<Invocation>>(noted)?.into_iter())
}

/// Ends the instances of a function as a machine that fails does: none of them runs any more.
async fn end(stack: &Stack, function: &str) -> anyhow::Result<()> {
    for instance in stack.instances().await? {
        if instance["function"] != function {
            continue;
        }
        let id = instance["instance"].as_str().context("no id")?;
        let url = format!("{}/instances/{id}", stack.ready.admin);
        // One that has ended by itself is not found.
        let _ = read(stack.client().delete(url)).await?;
        let Some(process) = instance["pid"].as_u64() else {
            continue;
        };
        let status = PathBuf::from(format!("/proc/{process}/status"));
        until(PATIENCE, async || {
            let status = std::fs::read_to_string(&status);
            // One that is gone has ended.
            Ok(status
                .map_or(true, |status| has_ended(&status))
                .then_some(()))
        })
        .await?;
    }
    Ok(())
}

/// Returns whether a process is a zombie without threads. Its parent learns of its end only after the
/// last thread has ended.
fn has_ended(status: &str) -> bool {
    let value = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
    let is_zombie = value("State:").is_some_and(|state| state.trim().starts_with('Z'));
    is_zombie && value("Threads:").is_some_and(|threads| threads.trim() == "1")
}

/// Summarises an answer, and fails if it is an error.
fn told(answer: &Value) -> anyhow::Result<String> {
    if let Some(status) = answer["statusCode"].as_u64() {
        ensure!(status < 500, "it answers {answer}");
        return Ok(status.to_string());
    }
    let failures = answer["batchItemFailures"].as_array();
    ensure!(failures.is_none_or(Vec::is_empty), "it answers {answer}");
    ensure!(answer["isAuthorized"] != false, "it answers {answer}");
    Ok("done".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn invocation(instance: &str, duration_ms: f64, init_ms: Option<f64>) -> Invocation {
        Invocation {
            function: "GetVideo".into(),
            instance: instance.into(),
            request_id: "r".into(),
            duration_ms,
            init_ms,
            max_memory_mb: Some(duration_ms as u64),
        }
    }

    #[test]
    fn the_first_invocation_of_an_instance_is_told_from_the_later_ones() {
        let first = invocation("i", 9.0, Some(12.0));
        let start = first_start(&[
            first.clone(),
            invocation("i", 3.0, None),
            invocation("i", 4.0, None),
        ]);
        let expected = Start {
            init_ms: 12.0,
            first_ms: 9.0,
            later_ms: vec![3.0, 4.0],
            peak_mb: 4,
        };
        assert_eq!(start.unwrap(), expected);
        assert!(first_start(&[]).is_err());
        assert!(first_start(&[invocation("i", 3.0, None)]).is_err());
        assert!(first_start(&[first, invocation("j", 3.0, Some(1.0))]).is_err());
    }

    #[test]
    fn process_has_ended_after_its_last_thread() {
        let status = |state, threads| format!("Name:\tp\nState:\t{state}\nThreads:\t{threads}\n");
        assert!(has_ended(&status("Z (zombie)", 1)));
        assert!(!has_ended(&status("Z (zombie)", 2)));
        assert!(!has_ended(&status("S (sleeping)", 1)));
    }

    #[test]
    fn failed_answer_is_refused() {
        assert_eq!(told(&json!({"statusCode": 404})).unwrap(), "404");
        assert_eq!(told(&json!({"batchItemFailures": []})).unwrap(), "done");
        assert_eq!(told(&Value::Null).unwrap(), "done");
        for wrong in [
            json!({"statusCode": 500}),
            json!({"batchItemFailures": [{"itemIdentifier": "m"}]}),
            json!({"isAuthorized": false}),
        ] {
            assert!(told(&wrong).is_err(), "{wrong}");
        }
    }
}
