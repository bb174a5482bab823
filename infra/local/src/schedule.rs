//! Schedules, which EventBridge Scheduler invokes on AWS.
//!
//! <https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html>

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior},
};
use uuid::Uuid;

use crate::{
    lambda::{Answer, Lambda, WhenBusy},
    template::{ACCOUNT, REGION},
};

#[derive(Debug)]
pub(crate) struct Schedule {
    pub(crate) function: String,
    pub(crate) every: Duration,
    pub(crate) lambda: Arc<Lambda>,
}

impl Schedule {
    /// Invokes the function periodically, first after one period, until `shutdown` is true.
    pub(crate) async fn run(self, mut shutdown: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval_at(Instant::now() + self.every, self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stopped = shutdown.wait_for(|stop| *stop);
        let invoke = async {
            loop {
                ticks.tick().await;
                let event: Bytes = event(Timestamp::now()).to_string().into();
                let answer = self
                    .lambda
                    .invoke(&self.function, event, WhenBusy::Throttle)
                    .await;
                if !matches!(answer, Answer::Payload(_)) {
                    tracing::warn!(function = self.function, "a scheduled invocation failed");
                }
            }
        };
        tokio::select! {
            _ = stopped => {}
            () = invoke => {}
        }
    }
}

/// Returns the event of a schedule without an input.
fn event(now: Timestamp) -> Value {
    json!({
        "version": "0",
        "id": Uuid::now_v7().to_string(),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "time": now.to_string(),
        "region": REGION,
        "resources": [],
        "detail": "{}",
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tempfile::TempDir;

    use super::*;
    use crate::lambda::tests::{eventually, probe, start};

    #[tokio::test]
    async fn schedule_invokes_periodically_until_shutdown() {
        let data = TempDir::new().unwrap();
        let lambda = start(&[probe("Probe")], &data);
        let (stop, shutdown) = watch::channel(false);
        let schedule = Schedule {
            function: "Probe".into(),
            every: Duration::from_millis(20),
            lambda: lambda.clone(),
        };
        let running = tokio::spawn(schedule.run(shutdown));
        eventually("it was invoked", || lambda.invocations().len() >= 3).await;
        stop.send(true).unwrap();
        running.await.unwrap();
    }

    #[test]
    fn scheduled_event_names_its_source() {
        let event = event(Timestamp::UNIX_EPOCH);
        assert_eq!(event["source"], "aws.scheduler");
        assert_eq!(event["time"], "1970-01-01T00:00:00Z");
    }
}
