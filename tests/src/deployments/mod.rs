//! Deployments at once of one project to the stand-in of GitHub.

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

/// Calls after one another that a new repository needs: it is made, its branch is read while the
/// files become a tree, the tree becomes a commit, the branch is moved.
pub const ROUND_TRIPS: u32 = 4;

/// Of its calls, those that write.
pub const WRITES: u64 = 4;

/// Submissions under way at a time: fewer than there may be instances of what takes them.
const CALLERS: usize = 50;

/// The limiter smooths what there may be in an hour: some deployments take minutes.
const LONGEST: Duration = PATIENCE.saturating_mul(10);

/// Deployments that began together.
#[derive(Clone, Debug, Serialize)]
pub struct Round {
    /// From the first submission to the end of the last.
    pub wall_s: f64,
    /// From the submission to the end, of each.
    pub seconds: Vec<f64>,
    /// Calls of GitHub, all together.
    pub calls: usize,
    /// Connections that they came on.
    pub connections: usize,
    /// Deployments that have not ended well.
    pub failed: usize,
    /// Files that were refused.
    pub refused: usize,
}

/// Deploys the project to new repositories.
///
/// # Errors
/// When a deployment is not accepted, does not end, or a repository lacks a file.
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
    // One after the other: whoever looks at all of them all the time takes from their processor.
    for (submitted, id) in &jobs {
        let doc = until(LONGEST, async || {
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
    ensure!(failed > 0 || !calls.is_empty(), "nobody called GitHub");
    Ok(Round {
        wall_s: (last - first) / 1000.0,
        seconds: ends.iter().map(|(from, to)| (to - from) / 1000.0).collect(),
        connections: connections(&calls),
        calls: calls.len(),
        failed,
        refused: 0,
    })
}

/// How many connections calls came on.
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
