//! Cost of the limiter, the breaker and the claim without contention: sequential DynamoDB calls.

use std::time::{Duration, Instant};

use eventrelay::{
    answer_class::AnswerClass,
    clock::Timestamp,
    error::Error,
    job::{Job, Media, Request},
    limit::{Cost, Policy, Quota, Unit},
    store::{
        claims::ClaimRequest, counters::Counters, jobs::Jobs, limits::Limits as Limiter,
        videos::Videos,
    },
};
use eventrelay_tests::{Stack, catalog, figures::short};

use super::counter::{Counter, Counts};
use crate::{latency::Recorded, report::Table};

/// Repetitions of each operation.
const TIMES: u64 = 200;

/// Numbers of the videos begin here.
const FIRST: u64 = 1 << 42;

const HOUR: Duration = Duration::from_secs(3600);

/// Rows that a claim writes: the claim, the job, the entry of a new video.
const CLAIMED_ROWS: u64 = 3;

/// List prices of us-east-1 in US dollars for a million units, on demand. A transaction takes two
/// units for each row (<https://aws.amazon.com/dynamodb/pricing/on-demand/>).
const WRITES_USD: f64 = 0.625;
const READS_USD: f64 = 0.125;

/// Something that was done again and again.
struct Operation {
    name: &'static str,
    counts: Counts,
    recorded: Recorded,
}

/// Does each of them.
pub(super) async fn measure(stack: &Stack) -> anyhow::Result<Table> {
    let counter = Counter::default();
    let config = stack.dynamodb_config().interceptor(counter.clone());
    let client = aws_sdk_dynamodb::Client::from_conf(config.build());
    let table = |name: &str| stack.name(name).to_owned();
    let limiter = Limiter::new(client.clone(), table("ControlsTable"));
    let videos = Videos::new(
        client.clone(),
        table("VideosTable"),
        Jobs::new(client.clone(), table("JobsTable")),
        Counters::new(client, table("ControlsTable")),
    );
    let policy = |name: &str, quotas| Policy {
        name: name.to_owned(),
        quotas,
        breaks: true,
        waits: true,
    };
    let rate = |quantity| vec![Quota::rate(Unit::Requests, quantity, HOUR)];
    let (wide, narrow, none) = (
        policy("load:wide", rate(1_000_000)),
        policy("load:narrow", rate(2)),
        policy("load:none", Vec::new()),
    );
    let acquire = async |policy: &Policy| {
        let asked = limiter.acquire(policy, Cost::CALL, false, Timestamp::now);
        asked.await.map(|_| ())
    };
    let claim = async |number: u64| {
        let now = Timestamp::now();
        let job = Job::new(
            catalog::key(number),
            Request::default(),
            Media::YouTube,
            now + HOUR,
            now,
        );
        let wanted = ClaimRequest {
            job,
            entry: None,
            ended: None,
            lease_until: now + HOUR,
        };
        videos
            .claim(vec![wanted], AnswerClass::Model, now)
            .await
            .map(|_| ())
    };
    let all = [
        repeat("acquire, passes", &counter, async |_| acquire(&wide).await).await?,
        repeat("acquire, is held", &counter, async |_| {
            acquire(&narrow).await
        })
        .await?,
        repeat("acquire of what only has a breaker", &counter, async |_| {
            acquire(&none).await
        })
        .await?,
        repeat("breaker, a failure noted", &counter, async |_| {
            let noted = limiter.failed(&wide.name, false, Timestamp::now());
            noted.await.map(|_| ())
        })
        .await?,
        repeat("claim of a new video", &counter, async |number| {
            claim(FIRST + number).await
        })
        .await?,
        repeat("claim of a video that is claimed", &counter, async |_| {
            claim(FIRST).await
        })
        .await?,
    ];
    let mut shown = Table::new([
        "alone, one after the other",
        "calls of DynamoDB",
        "p50 ms",
        "p95 ms",
        "USD a million",
    ]);
    for one in &all {
        shown.row(one.cells());
    }
    Ok(shown)
}

async fn repeat(
    name: &'static str,
    counter: &Counter,
    act: impl AsyncFn(u64) -> Result<(), Error>,
) -> anyhow::Result<Operation> {
    // Connections are opened, and rows are seen for the first time.
    act(0).await?;
    let _ = counter.take();
    let mut recorded = Recorded::default();
    for number in 1..=TIMES {
        let started = Instant::now();
        act(number).await?;
        recorded.add(Duration::ZERO, started.elapsed(), Ok(()));
    }
    Ok(Operation {
        name,
        counts: counter.take(),
        recorded,
    })
}

impl Operation {
    fn cells(&self) -> Vec<String> {
        let each = |count: &u64| *count as f64 / TIMES as f64;
        let calls = self
            .counts
            .iter()
            .map(|(operation, count)| format!("{} {operation}", short_count(each(count))));
        let usd: f64 = self
            .counts
            .iter()
            .map(|(operation, count)| each(count) * usd(operation))
            .sum();
        vec![
            self.name.to_owned(),
            calls.collect::<Vec<_>>().join(" + "),
            short(self.recorded.quantile_ms(0.5)),
            short(self.recorded.quantile_ms(0.95)),
            format!("{usd:.2}"),
        ]
    }
}

/// For a million of an operation; its rows are below what a unit takes.
fn usd(operation: &str) -> f64 {
    match operation {
        "TransactWriteItems" => (2 * CLAIMED_ROWS) as f64 * WRITES_USD,
        "UpdateItem" | "PutItem" | "DeleteItem" => WRITES_USD,
        _ => READS_USD,
    }
}

/// Whole where it is.
fn short_count(count: f64) -> String {
    if count.fract() < 1e-9 {
        format!("{count:.0}")
    } else {
        format!("{count:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_price_is_that_of_all_calls() {
        let counts = [("GetItem", TIMES), ("UpdateItem", TIMES / 2)];
        let operation = Operation {
            name: "both",
            counts: counts.map(|(name, count)| (name.to_owned(), count)).into(),
            recorded: Recorded::default(),
        };
        let cells = operation.cells();
        assert_eq!(cells[1], "1 GetItem + 0.50 UpdateItem");
        assert_eq!(cells[4], "0.44");
    }
}
