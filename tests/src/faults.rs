//! Faults of a stack: proxies in front of its services, crashes of instances, queues.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use aws_sdk_sqs::types::QueueAttributeName;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Stack, read};

/// The function that advances jobs.
pub const WORKER: &str = "AdvanceAnalysis";

/// The function that advances builds.
pub const BUILDER: &str = "AdvanceBuild";

/// The queue of jobs.
pub const QUEUE: &str = "AnalysisQueue";
pub const DEAD_LETTERS: &str = "AnalysisDeadLetters";

/// The queue of builds.
pub const BUILDS: &str = "BuildsQueue";
pub const DEAD_BUILDS: &str = "BuildsDeadLetters";

/// A planned crash and its outcome.
#[derive(Clone, Debug, Deserialize)]
pub struct Killed {
    /// Text that identifies the payloads of the job.
    #[serde(rename = "match")]
    pub matching: String,
    /// `before` or `after` the side effect.
    pub when: String,
    /// Service and operation of every counted side effect.
    pub effects: Vec<String>,
    /// Side effect at which an instance crashed.
    pub killed_at: Option<String>,
}

impl Killed {
    /// Number of performed side effects whose name contains `part`.
    #[must_use]
    pub fn performed(&self, part: &str) -> usize {
        let counted = self.effects.iter().filter(|effect| effect.contains(part));
        let is_undone = self.when == "before"
            && self
                .killed_at
                .as_ref()
                .is_some_and(|effect| effect.contains(part));
        counted.count() - usize::from(is_undone)
    }
}

impl Stack {
    /// Starts a stack whose functions call every service but Secrets Manager through a fault proxy.
    pub async fn breakable(environment: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::launched(&["--faults"], environment, false).await
    }

    /// Sends a request to the admin endpoints. Returns the body of the response, or null.
    pub async fn admin(&self, method: Method, path: &str, body: Value) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.ready.admin);
        let mut request = self.client().request(method, &url);
        if !body.is_null() {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let answer = read(request).await?;
        ensure!(answer.status.is_success(), "{url}: {}", answer.text());
        if answer.body.is_empty() {
            Ok(Value::Null)
        } else {
            Ok(answer.json())
        }
    }

    /// Enables or disables the event source mapping of a function.
    pub async fn read_queue(&self, function: &str, enabled: bool) -> anyhow::Result<()> {
        let path = format!("/mappings/{function}");
        let switch = json!({ "enabled": enabled });
        self.admin(Method::PUT, &path, switch).await?;
        Ok(())
    }

    /// Crashes the worker of a job before or after (`when`) its side effect number `at`. Without `at`,
    /// side effects are only counted.
    pub async fn plan_kill(&self, job: &str, at: Option<usize>, when: &str) -> anyhow::Result<()> {
        self.plan_kill_of(WORKER, job, at, when).await
    }

    /// As [`Stack::plan_kill`], for any function that works on the job.
    pub async fn plan_kill_of(
        &self,
        function: &str,
        job: &str,
        at: Option<usize>,
        when: &str,
    ) -> anyhow::Result<()> {
        let plan = json!({"function": function, "match": job, "at": at, "when": when});
        self.admin(Method::POST, "/faults/kills", plan).await?;
        Ok(())
    }

    /// Crashes the worker of a job before or after (`when`) its first side effect whose name contains
    /// `part`. Other side effects are not counted.
    pub async fn plan_kill_at(&self, job: &str, part: &str, when: &str) -> anyhow::Result<()> {
        let plan = json!({"function": WORKER, "match": job, "effect": part, "at": 1, "when": when});
        self.admin(Method::POST, "/faults/kills", plan).await?;
        Ok(())
    }

    pub async fn kills(&self) -> anyhow::Result<Vec<Killed>> {
        let all = self
            .admin(Method::GET, "/faults/kills", Value::Null)
            .await?;
        Ok(serde_json::from_value(all)?)
    }

    /// Makes a share of all calls to AWS and to upstreams fail at random.
    pub async fn chaos(&self, seed: u64, aws: f64, upstreams: f64) -> anyhow::Result<()> {
        let forecast = json!({"seed": seed, "aws": aws, "upstreams": upstreams});
        self.admin(Method::PUT, "/faults/chaos", forecast).await?;
        Ok(())
    }

    /// Makes DynamoDB refuse every call that names this table of the template, until
    /// [`Stack::end_outages`].
    pub async fn begin_table_outage(&self, table: &str) -> anyhow::Result<()> {
        let outage = json!([{"service": "dynamodb", "match": self.name(table)}]);
        self.admin(Method::PUT, "/faults/outages", outage).await?;
        Ok(())
    }

    /// Number of calls that the current outages have refused.
    pub async fn refused_by_outages(&self) -> anyhow::Result<u64> {
        let all = self.admin(Method::GET, "/faults/outages", Value::Null);
        let all = all.await?;
        let all = all.as_array().context("no list of outages")?;
        Ok(all.iter().filter_map(|one| one["refused"].as_u64()).sum())
    }

    pub async fn end_outages(&self) -> anyhow::Result<()> {
        self.admin(Method::PUT, "/faults/outages", json!([]))
            .await?;
        Ok(())
    }

    /// Sets the visibility timeout of a queue, after which a message of a crashed function returns.
    pub async fn redeliver_after(&self, queue: &str, time: Duration) -> anyhow::Result<()> {
        self.sqs()
            .set_queue_attributes()
            .queue_url(self.queue_url(queue))
            .attributes(
                QueueAttributeName::VisibilityTimeout,
                time.as_secs().to_string(),
            )
            .send()
            .await?;
        Ok(())
    }

    /// Sends a message of a job.
    pub async fn send_step(&self, job: &str, step: u32, delay: Duration) -> anyhow::Result<()> {
        self.send_step_to(QUEUE, job, step, delay).await
    }

    /// As [`Stack::send_step`], to any queue.
    pub async fn send_step_to(
        &self,
        queue: &str,
        job: &str,
        step: u32,
        delay: Duration,
    ) -> anyhow::Result<()> {
        self.sqs()
            .send_message()
            .queue_url(self.queue_url(queue))
            .message_body(json!({"v": 1, "job_id": job, "step": step}).to_string())
            .delay_seconds(i32::try_from(delay.as_secs())?)
            .send()
            .await?;
        Ok(())
    }

    /// Number of messages in a queue: visible, delayed and in flight.
    pub async fn messages(&self, queue: &str) -> anyhow::Result<usize> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let asked = self
            .sqs()
            .get_queue_attributes()
            .queue_url(self.queue_url(queue))
            .set_attribute_names(Some(names.to_vec()))
            .send()
            .await?;
        let counts = asked.attributes.context("no attributes")?;
        let counts = counts.values().map(|count| count.parse::<usize>());
        Ok(counts.sum::<Result<usize, _>>()?)
    }
}
