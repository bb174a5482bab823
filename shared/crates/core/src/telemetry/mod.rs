//! Logging, metrics and traces.
//!
//! A log message is self-contained. Its fields are prefixed by their subject (`job.id`), have one
//! name everywhere, and carry their unit (`duration_ms`). A failure is logged once, where it is
//! handled. Every line about work has the id of its trace ([`TraceId`]).
//!
//! Metrics are log lines in the embedded metric format, which CloudWatch extracts from the log. So
//! they need no call. [`Metric`] lists them.

mod layers;
mod line;
mod metric;
mod trace;

use std::{
    env,
    str::FromStr,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tracing_subscriber::filter::LevelFilter;

pub use layers::noted;
pub use layers::{Layer, note_lookup};
pub use line::{Field, Group, write};
pub use metric::{Metric, Unit};
pub use trace::TraceId;

use crate::clock::Timestamp;

static STARTED: OnceLock<Instant> = OnceLock::new();
static INIT: OnceLock<Duration> = OnceLock::new();
static WAS_INVOKED: AtomicBool = AtomicBool::new(false);

/// Initialises logging as Lambda's advanced logging controls request it: `AWS_LAMBDA_LOG_FORMAT`,
/// `AWS_LAMBDA_LOG_LEVEL`. A process calls it first, because the measurement of its start begins
/// here.
///
/// One level applies to the whole process. A filter by names would bring regular expressions into
/// every function. A line below the level costs one comparison.
pub fn init() {
    STARTED.get_or_init(Instant::now);
    line::init();
    let level = env::var("AWS_LAMBDA_LOG_LEVEL").ok();
    let lines = tracing_subscriber::fmt()
        .with_max_level(level_of(level.as_deref()))
        .with_target(false)
        .without_time();
    let is_json = env::var("AWS_LAMBDA_LOG_FORMAT");
    if is_json.is_ok_and(|format| format.eq_ignore_ascii_case("json")) {
        lines
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .init();
    } else {
        lines.init();
    }
}

/// Parses a level. `FATAL` is a level of Lambda that tracing lacks.
fn level_of(name: Option<&str>) -> LevelFilter {
    match name {
        Some("FATAL") => LevelFilter::ERROR,
        name => name
            .and_then(|name| LevelFilter::from_str(name).ok())
            .unwrap_or(LevelFilter::INFO),
    }
}

/// Records the end of the init phase.
pub fn ready() {
    if let Some(started) = STARTED.get() {
        INIT.get_or_init(|| started.elapsed());
    }
}

/// Runs work on behalf of a trace. Every line that it logs and every message that it sends has the
/// trace's id. The first call in a process counts a cold start.
pub async fn traced<T>(trace: TraceId, work: impl Future<Output = T>) -> T {
    if !WAS_INVOKED.load(Ordering::Relaxed) && !WAS_INVOKED.swap(true, Ordering::Relaxed) {
        note_cold_start();
    }
    trace::traced(trace, work).await
}

/// Runs work on behalf of its original trace, if that is known. The invocation that resumes the
/// work may belong to another trace.
pub async fn resumed<T>(trace: Option<TraceId>, work: impl Future<Output = T>) -> T {
    match trace {
        Some(trace) if TraceId::current() != Some(trace) => trace::traced(trace, work).await,
        _ => work.await,
    }
}

fn note_cold_start() {
    let name = env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
    let init = INIT.get().copied().unwrap_or_default();
    let values = [
        (Metric::ColdStarts, 1.0),
        (Metric::InitDuration, init.as_secs_f64()),
    ];
    metrics(&[&name], &values, Timestamp::now());
}

/// Records that a poll found a resource ready: the number of polls, and the delay since the
/// service's own ready time.
pub fn noticed(awaited: &str, looks: u32, ready_at: Option<Timestamp>, now: Timestamp) {
    let values = [
        (Metric::Polls, f64::from(looks)),
        (
            Metric::Lateness,
            ready_at.map_or(0.0, |at| at.until(now).as_secs_f64()),
        ),
    ];
    let known = values.len() - usize::from(ready_at.is_none());
    metrics(&[awaited], &values[..known], now);
}

/// Writes values with the same dimensions and no additional fields.
pub fn metrics(by: &[&str], values: &[(Metric, f64)], now: Timestamp) {
    write(&[Group { by, values }], &[], now);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_those_of_lambda() {
        for (name, level) in [
            (None, LevelFilter::INFO),
            (Some("TRACE"), LevelFilter::TRACE),
            (Some("DEBUG"), LevelFilter::DEBUG),
            (Some("WARN"), LevelFilter::WARN),
            (Some("FATAL"), LevelFilter::ERROR),
            (Some("loud"), LevelFilter::INFO),
        ] {
            assert_eq!(level_of(name), level, "{name:?}");
        }
    }

    #[test]
    fn names_of_metrics_are_their_own() {
        let names: std::collections::BTreeSet<_> =
            Metric::ALL.iter().map(Metric::into_str).collect();
        assert_eq!(names.len(), Metric::ALL.len());
    }
}
