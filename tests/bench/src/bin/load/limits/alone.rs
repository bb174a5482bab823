//! The limiter alone: instances that share nothing but its row.

use std::{
    future::pending,
    time::{Duration, Instant},
};

use eventrelay::{
    clock::Timestamp,
    limit::{Cost, Decision, Policy, Quota, Unit},
    store::limits::Limits as Limiter,
};
use eventrelay_tests::Stack;
use futures_util::future::try_join_all;
use tokio::time::timeout;

use super::{Acquires, Limited, counter::Counter};
use crate::{cli::Limits, latency::Recorded};

/// Length of a window: shorter than that of Gemini's, so that there are many in a run.
const WINDOW: Duration = Duration::from_secs(10);

/// One instance's calls, in milliseconds since 1970, and how long each acquire took.
type Asked = (Vec<u64>, Vec<(Duration, Duration)>);

/// Has all instances ask for so long.
pub(super) async fn run(
    stack: &Stack,
    options: &Limits,
    length: Duration,
) -> anyhow::Result<(Limited, Acquires)> {
    let quantity = u64::from(options.per_minute) * WINDOW.as_secs() / 60;
    let quantity = quantity.max(1);
    let policy = Policy {
        name: "load".to_owned(),
        quotas: vec![Quota::rate(Unit::Requests, quantity, WINDOW)],
        breaks: false,
        waits: true,
    };
    let counter = Counter::default();
    let started = Instant::now();
    let instances = (0..options.instances).map(|_| {
        let config = stack.dynamodb_config().interceptor(counter.clone());
        let client = aws_sdk_dynamodb::Client::from_conf(config.build());
        // It has seen nothing of the others.
        let limiter = Limiter::new(client, stack.name("ControlsTable").to_owned());
        instance(limiter, &policy, started, length)
    });
    let asked = try_join_all(instances).await?;
    let mut at_ms: Vec<u64> = asked.iter().flat_map(|(calls, _)| calls.clone()).collect();
    at_ms.sort_unstable();
    let mut recorded = Recorded::default();
    for (at, took) in asked.into_iter().flat_map(|(_, acquires)| acquires) {
        recorded.add(at, took, Ok(()));
    }
    let acquires = Acquires {
        recorded,
        passed: at_ms.len(),
        operations: counter.take().values().sum(),
    };
    let limited = Limited {
        name: "limiter alone",
        quantity,
        window: WINDOW,
        at_ms,
    };
    Ok((limited, acquires))
}

async fn instance(
    limiter: Limiter,
    policy: &Policy,
    started: Instant,
    length: Duration,
) -> anyhow::Result<Asked> {
    let (mut calls, mut acquires) = (Vec::new(), Vec::new());
    let mut has_reservation = false;
    while started.elapsed() < length {
        let at = started.elapsed();
        let asked = limiter.acquire(policy, Cost::CALL, has_reservation, Timestamp::now);
        let decision = asked.await?;
        acquires.push((at, started.elapsed().saturating_sub(at)));
        match decision {
            Decision::Pass { .. } => {
                calls.push(Timestamp::now().0);
                has_reservation = false;
            }
            Decision::Throttled { until, .. } => {
                let left = length.saturating_sub(started.elapsed());
                let wait = Timestamp::now().until(until).min(left);
                let _ = timeout(wait, pending::<()>()).await;
                has_reservation = true;
            }
        }
    }
    Ok((calls, acquires))
}
