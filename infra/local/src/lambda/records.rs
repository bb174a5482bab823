//! Record of each invocation, with the duration that Lambda reports and bills.

use std::{collections::VecDeque, sync::Mutex, time::Duration};

use crate::sync::lock;
use serde::Serialize;
use strum::IntoStaticStr;

/// Maximum number of records.
const CAPACITY: usize = 10_000;

#[derive(Clone, Copy, Debug, Eq, IntoStaticStr, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[strum(const_into_str, serialize_all = "snake_case")]
pub(crate) enum Outcome {
    Success,
    /// The function returned an error.
    Error,
    Timeout,
    /// The process ended before it answered.
    Exit,
    /// The process failed before its first request for work.
    InitError,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Invocation {
    pub(crate) function: String,
    pub(crate) instance: String,
    pub(crate) request_id: String,
    /// Unix time in milliseconds.
    pub(crate) started_at: u64,
    /// Unix time in milliseconds.
    pub(crate) ended_at: u64,
    /// Time from the hand-over of the request to the response.
    pub(crate) duration_ms: f64,
    /// Duration and init time, in whole milliseconds.
    pub(crate) billed_ms: u64,
    /// Time from the start of the instance to its first request for work; only for its first
    /// invocation.
    pub(crate) init_ms: Option<f64>,
    pub(crate) memory_mb: u32,
    /// Peak memory since the start of the process; `None` if the system does not report it.
    pub(crate) max_memory_mb: Option<u64>,
    pub(crate) outcome: Outcome,
}

impl Invocation {
    /// Formats the report that Lambda logs after each invocation, with the name of the function.
    pub(crate) fn report(&self) -> String {
        let used = self
            .max_memory_mb
            .map_or_else(|| "?".into(), |mb| mb.to_string());
        let mut line = format!(
            "REPORT RequestId: {}\tFunction: {}\tDuration: {:.2} ms\tBilled Duration: {} ms\t\
             Memory Size: {} MB\tMax Memory Used: {used} MB",
            self.request_id, self.function, self.duration_ms, self.billed_ms, self.memory_mb,
        );
        if let Some(init) = self.init_ms {
            line.push_str(&format!("\tInit Duration: {init:.2} ms"));
        }
        line
    }
}

/// Returns the billed milliseconds: duration and init together, rounded up
/// (<https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/>).
pub(super) fn billed_ms(duration: Duration, init: Option<Duration>) -> u64 {
    let total = duration + init.unwrap_or_default();
    u64::try_from(total.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}

/// Last invocations of all functions.
#[derive(Debug, Default)]
pub(super) struct Records(Mutex<VecDeque<Invocation>>);

impl Records {
    pub(super) fn add(&self, invocation: Invocation) {
        let mut records = lock(&self.0);
        if records.len() == CAPACITY {
            records.pop_front();
        }
        records.push_back(invocation);
    }

    pub(super) fn all(&self) -> Vec<Invocation> {
        lock(&self.0).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation() -> Invocation {
        Invocation {
            function: "GetJob".into(),
            instance: "i".into(),
            request_id: "r".into(),
            started_at: 0,
            ended_at: 3,
            duration_ms: 2.154,
            billed_ms: 12,
            init_ms: None,
            memory_mb: 256,
            max_memory_mb: Some(9),
            outcome: Outcome::Success,
        }
    }

    #[test]
    fn report_has_the_format_of_lambda() {
        assert_eq!(
            invocation().report(),
            "REPORT RequestId: r\tFunction: GetJob\tDuration: 2.15 ms\tBilled Duration: 12 ms\t\
             Memory Size: 256 MB\tMax Memory Used: 9 MB"
        );
        let cold = Invocation {
            init_ms: Some(9.5),
            ..invocation()
        };
        assert!(cold.report().ends_with("\tInit Duration: 9.50 ms"));
    }

    #[test]
    fn billed_duration_is_rounded_up_once() {
        assert_eq!(billed_ms(Duration::from_micros(1), None), 1);
        assert_eq!(
            billed_ms(
                Duration::from_micros(1500),
                Some(Duration::from_micros(1500))
            ),
            3
        );
        assert_eq!(billed_ms(Duration::from_micros(2000), None), 2);
    }

    #[test]
    fn records_keep_the_last_invocations() {
        let records = Records::default();
        for number in 0..=CAPACITY {
            records.add(Invocation {
                request_id: number.to_string(),
                ..invocation()
            });
        }
        let all = records.all();
        assert_eq!(all.len(), CAPACITY);
        assert_eq!(all[0].request_id, "1");
    }
}
