//! `/metrics` for Prometheus, and a page with plots.

use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock},
    time::{Duration, Instant, SystemTime},
};

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use axum::{
    Json, Router,
    extract::{Query, State},
    http::header,
    response::{Html, IntoResponse},
    routing::get,
};
use serde::Deserialize;
use tokio::sync::watch;

use super::{Metrics, history::Point};
use crate::{
    admin::Known,
    lambda::Lambda,
    queues,
    sync::{self, lock},
};

/// Queues and jobs are polled for this long after the last request of the page.
const WATCHED: Duration = Duration::from_secs(60);

/// Maximum jobs whose stages are counted, oldest first.
const JOBS: i32 = 500;
const IN_READ: usize = 100;

#[derive(Clone, Debug)]
pub(crate) struct Board {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) lambda: Arc<Lambda>,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) known: Arc<RwLock<Known>>,
}

/// | endpoint | response |
/// |---|---|
/// | `GET /` | a page with plots |
/// | `GET /series?since=` | the points after a Unix time, one per second |
/// | `GET /metrics` | all metrics, for Prometheus |
pub(crate) fn router(board: Board) -> Router {
    Router::new()
        .route("/", get(async || Html(include_str!("board.html"))))
        .route("/series", get(series))
        .route("/metrics", get(metrics))
        .with_state(board)
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct Since {
    #[serde(default)]
    since: u64,
}

async fn series(State(board): State<Board>, Query(asked): Query<Since>) -> Json<Vec<Point>> {
    board.metrics.look();
    Json(lock(&board.metrics.history).since(asked.since))
}

async fn metrics(State(board): State<Board>) -> impl IntoResponse {
    board.metrics.look();
    board.metrics.show(&board.look_around().await);
    // Version of the format that the encoder writes.
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], board.metrics.text())
}

impl Metrics {
    fn look(&self) {
        *lock(&self.looked_at) = Some(Instant::now());
    }

    fn is_watched(&self) -> bool {
        lock(&self.looked_at).is_some_and(|at| at.elapsed() < WATCHED)
    }

    /// Sets the gauges. A gauge without a value is set to 0, so that its series continues.
    fn show(&self, seen: &Around) {
        let all = [
            (&self.queues, &seen.queues),
            (&self.jobs, &seen.jobs),
            (&self.instances, &seen.instances),
        ];
        for (gauges, counts) in all {
            gauges.clear();
            for (labels, count) in counts {
                #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
                let count = *count as f64;
                gauges.get_or_create(labels).set(count);
            }
        }
    }
}

type Counted = BTreeMap<Vec<(String, String)>, u64>;

/// Snapshot of queues, jobs and instances.
#[derive(Debug, Default)]
struct Around {
    queues: Counted,
    jobs: Counted,
    instances: Counted,
}

impl Board {
    /// Adds a point to the history every second until `shutdown` is true.
    pub(crate) async fn keep(self, mut shutdown: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let point = async {
            loop {
                ticks.tick().await;
                let seen = if self.metrics.is_watched() {
                    self.look_around().await
                } else {
                    self.instances()
                };
                let since_epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
                lock(&self.metrics.history).tick(point(since_epoch.as_secs(), &seen));
            }
        };
        tokio::select! {
            () = point => {}
            _ = shutdown.wait_for(|stop| *stop) => {}
        }
    }

    fn instances(&self) -> Around {
        let mut seen = Around::default();
        for (function, state) in self.lambda.states() {
            let labels = vec![
                ("function".to_owned(), function),
                ("state".to_owned(), state.to_owned()),
            ];
            *seen.instances.entry(labels).or_default() += 1;
        }
        seen
    }

    /// Takes a snapshot, without the parts that cannot be read now.
    async fn look_around(&self) -> Around {
        let mut seen = self.instances();
        let (urls, table) = {
            let known = sync::read(&self.known);
            (known.queues.clone(), known.jobs_table.clone())
        };
        for (name, url) in urls {
            let Ok(counts) = queues::counts(&self.sqs, &url).await else {
                continue;
            };
            for (state, count) in counts {
                let labels = vec![
                    ("queue".to_owned(), name.clone()),
                    ("state".to_owned(), state.to_owned()),
                ];
                seen.queues.insert(labels, count.unwrap_or(0));
            }
        }
        if let Some(table) = table {
            for stage in self.stages(&table).await.unwrap_or_default() {
                let labels = vec![("stage".to_owned(), stage)];
                *seen.jobs.entry(labels).or_default() += 1;
            }
        }
        seen
    }

    /// Returns the stages of unfinished jobs, from the index that holds only those.
    async fn stages(&self, table: &str) -> anyhow::Result<Vec<String>> {
        let open = self
            .dynamodb
            .query()
            .table_name(table)
            .index_name("due")
            .key_condition_expression("#open = :open")
            .expression_attribute_names("#open", "open")
            .expression_attribute_values(":open", AttributeValue::S("1".to_owned()))
            .limit(JOBS)
            .send()
            .await?;
        let keys: Vec<_> = open
            .items()
            .iter()
            .filter_map(|item| Some([("pk".to_owned(), item.get("pk")?.clone())].into()))
            .collect();
        let mut stages = Vec::new();
        for keys in keys.chunks(IN_READ) {
            let wanted = KeysAndAttributes::builder()
                .set_keys(Some(keys.to_vec()))
                .projection_expression("stage, kind")
                .build()?;
            let read = self.dynamodb.batch_get_item().request_items(table, wanted);
            let read = read.send().await?;
            for item in read
                .responses()
                .into_iter()
                .flat_map(|all| all.values())
                .flatten()
            {
                let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
                let kind = text("kind").map_or("analysis", String::as_str);
                let stage = text("stage").map_or("at work", String::as_str);
                stages.push(format!("{kind} {stage}"));
            }
        }
        Ok(stages)
    }
}

fn point(at: u64, seen: &Around) -> Point {
    let mut point = Point {
        at,
        ..Point::default()
    };
    for (labels, count) in &seen.queues {
        if let Some((_, queue)) = labels.first()
            && *count > 0
        {
            *point.queues.entry(queue.clone()).or_default() += count;
        }
    }
    for (labels, count) in &seen.jobs {
        if let Some((_, stage)) = labels.first() {
            point.jobs.insert(stage.clone(), *count);
        }
    }
    for (labels, count) in &seen.instances {
        point.instances += count;
        if labels.iter().any(|(_, value)| value == "busy") {
            point.busy += count;
        }
    }
    point
}
