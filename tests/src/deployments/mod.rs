//! Concurrent deployments of one project to the GitHub stand-in.

mod setup;

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, ensure};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::Serialize;
use serde_json::{Value, json};

pub use setup::{Setup, UNLIMITED};

use crate::{PATIENCE, until};

/// Sequential calls of a new repository: create it, read its branch while the tree is created, create
/// the commit, move the branch.
pub const ROUND_TRIPS: u32 = 4;

/// Calls of a deployment that write.
pub const WRITES: u64 = 4;

/// Concurrent submissions: fewer than the instances of the function that accepts them.
const CALLERS: usize = 50;

/// Deadline of a deployment. The limiter spreads the hourly quota, so some take minutes.
const MAX_DEPLOYMENT_TIME: Duration = PATIENCE.saturating_mul(10);

/// Deployments that started at the same time.
#[derive(Clone, Debug, Serialize)]
pub struct Round {
    /// Time from the first submission to the last end.
    pub wall_s: f64,
    /// Time from submission to end of each deployment.
    pub seconds: Vec<f64>,
    /// Total number of GitHub calls.
    pub calls: usize,
    /// Number of connections of these calls.
    pub connections: usize,
    /// Number of failed deployments.
    pub failed: usize,
    /// Files that were refused.
    pub refused: usize,
}

/// Deploys the project to new repositories.
pub async fn round(setup: &Setup, at_once: usize) -> anyhow::Result<Round> {
    let stack = &setup.stack;
    let before = setup.calls().await?.len();
    let url = format!("/v1/projects/{}/deployments", setup.project.id);
    let submit = async |name: String| {
        let body = json!({"target": "github", "repository": {"name": name}});
        let submitted = now();
        let job = stack.accepted(&url, body).await?;
        let id = job["job_id"].as_str().context("no job id")?.to_owned();
        anyhow::Ok((submitted, id))
    };
    let names = (0..at_once).map(|_| setup.fresh_name());
    let jobs: Vec<_> = stream::iter(names)
        .map(submit)
        .buffered(CALLERS)
        .try_collect()
        .await?;
    let mut ends = Vec::with_capacity(at_once);
    let mut failed = 0;
    // Polled one after the other: concurrent polls would take processor time from the deployments.
    for (submitted, id) in &jobs {
        let doc = until(MAX_DEPLOYMENT_TIME, async || {
            let (_, doc) = stack.job_row(id).await?;
            Ok((doc["settled"] == true).then_some(doc))
        })
        .await?;
        failed += usize::from(doc["end"]["end"] != "done");
        let ended = doc["updated_at"].as_f64().context("no time")?;
        ends.push((*submitted, ended));
    }
    let first = ends.iter().map(|(from, _)| *from).fold(f64::MAX, f64::min);
    let last = ends.iter().map(|(_, to)| *to).fold(0.0, f64::max);
    let calls = setup.calls().await?.split_off(before);
    ensure!(
        failed > 0 || !calls.is_empty(),
        "no deployment called GitHub"
    );
    Ok(Round {
        wall_s: (last - first) / 1000.0,
        seconds: ends.iter().map(|(from, to)| (to - from) / 1000.0).collect(),
        connections: connections(&calls),
        calls: calls.len(),
        failed,
        refused: 0,
    })
}

/// Number of connections of these calls.
#[must_use]
pub fn connections(calls: &[Value]) -> usize {
    let numbers = calls.iter().map(|call| call["connection"].as_u64());
    numbers.collect::<BTreeSet<_>>().len()
}

/// Milliseconds since 1970, as the rows have them.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64() * 1000.0)
}
