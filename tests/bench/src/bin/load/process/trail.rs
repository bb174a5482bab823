//! The log of the workers: work of each invocation, and the workers' own measurements.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::PathBuf,
};

use eventrelay::telemetry::Metric;
use eventrelay_tests::{PATIENCE, Stack, faults::WORKER, until};
use serde_json::Value;

/// A log from some place on.
#[derive(Clone, Debug)]
pub(super) struct Trail {
    path: PathBuf,
    from: u64,
}

/// Content of the log.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Followed {
    /// Request ids of invocations that saw files which were not ready, and did nothing else.
    pub(super) only_looked: BTreeSet<String>,
    /// From when each file was ready to when that was noticed, in seconds.
    pub(super) late_s: Vec<f64>,
}

impl Trail {
    /// Follows the log from its current end.
    pub(super) fn begin(stack: &Stack) -> anyhow::Result<Self> {
        let path = stack.data().join(format!("logs/{WORKER}.log"));
        let from = std::fs::metadata(&path).map_or(0, |file| file.len());
        Ok(Self { path, from })
    }

    /// Reads it until so many jobs have noticed that their file was ready.
    pub(super) async fn follow(&self, jobs: usize) -> anyhow::Result<Followed> {
        until(PATIENCE, async || {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(self.from))?;
            let mut text = Vec::new();
            file.read_to_end(&mut text)?;
            let followed = read(&String::from_utf8_lossy(&text));
            Ok((followed.late_s.len() >= jobs).then_some(followed))
        })
        .await
    }
}

fn read(text: &str) -> Followed {
    let mut stages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut followed = Followed::default();
    for line in text.lines().filter(|line| line.starts_with('{')) {
        // The last line may not be whole yet.
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        if let (Some(id), Some(stage)) = (
            line["faas.invocation_id"].as_str(),
            line["job.stage"].as_str(),
        ) {
            let seen = stages.entry(id.to_owned()).or_default();
            seen.push(stage.to_owned());
        }
        followed
            .late_s
            .extend(line[Metric::Lateness.into_str()].as_f64());
    }
    let only_looked = stages
        .into_iter()
        .filter(|(_, seen)| seen.iter().all(|stage| stage == "processing"));
    followed.only_looked = only_looked.map(|(id, _)| id).collect();
    followed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invocation_that_only_polled_counts_as_waiting() {
        let step = |id: &str, stage: &str| {
            format!(
                r#"{{"message":"Finished a step","faas.invocation_id":"{id}","job.stage":"{stage}"}}"#
            )
        };
        let lines = [
            "START RequestId: a".to_owned(),
            step("a", "uploading"),
            step("b", "processing"),
            step("a", "processing"),
            step("c", "analysing"),
            r#"{"_aws":{},"awaited":"file","polls_per_job":3,"lateness_seconds":0.5}"#.to_owned(),
            step("c", "storing"),
            r#"{"message":"#.to_owned(),
        ];
        let followed = read(&lines.join("\n"));
        assert_eq!(followed.only_looked, BTreeSet::from(["b".to_owned()]));
        assert_eq!(followed.late_s, [0.5]);
    }
}
