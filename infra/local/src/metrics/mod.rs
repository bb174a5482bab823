//! Metrics for Prometheus and for the page with plots. Those of functions are read from their
//! output, as CloudWatch does. The runtime measures the others.

mod board;
mod history;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use eventrelay::telemetry::{Metric, Unit};
use prometheus_client::{
    encoding::text,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use serde_json::Value;

pub(crate) use board::{Board, router};
use history::History;

use crate::{lambda::Invocation, sync::lock};

type Labels = Vec<(String, String)>;
type Counters = Family<Labels, Counter<f64, std::sync::atomic::AtomicU64>>;
type Gauges = Family<Labels, Gauge<f64, std::sync::atomic::AtomicU64>>;
type Histograms = Family<Labels, Histogram, fn() -> Histogram>;

/// Start of each line of the embedded metric format in the output of functions.
const LINE: &[u8] = b"{\"_aws\":";

/// All metrics of this system.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    measured: BTreeMap<&'static str, Measured>,
    invocations: Counters,
    invocation_duration: Histograms,
    billed: Counters,
    throttled: Counters,
    history: Mutex<History>,
    looked_at: Mutex<Option<Instant>>,
    queues: Gauges,
    jobs: Gauges,
    instances: Gauges,
}

#[derive(Clone, Debug)]
enum Measured {
    Total(Counters),
    Now(Gauges),
    Spread(Histograms),
}

impl Metrics {
    pub(crate) fn new() -> Arc<Self> {
        let mut registry = Registry::default();
        let measured = Metric::ALL.iter().map(|metric| {
            let (name, help) = (metric.into_str(), metric.help());
            let measured = match metric {
                Metric::ActiveConnections | Metric::CircuitBreakerOpen => {
                    let gauges = Gauges::default();
                    registry.register(name, help, gauges.clone());
                    Measured::Now(gauges)
                }
                Metric::Polls => spread(&mut registry, name, help, looks),
                _ if metric.unit() == Unit::Seconds => spread(&mut registry, name, help, seconds),
                // The encoder adds the suffix of the name.
                _ => Measured::Total(counters(
                    &mut registry,
                    name.trim_end_matches("_total"),
                    help,
                )),
            };
            (name, measured)
        });
        let measured = measured.collect();
        let invocations = counters(
            &mut registry,
            "lambda_invocations",
            "Invocations of functions by outcome",
        );
        let billed = counters(
            &mut registry,
            "lambda_billed_seconds",
            "Duration that Lambda would bill, in whole milliseconds",
        );
        let throttled = counters(
            &mut registry,
            "lambda_throttles",
            "Invocations that found all instances busy",
        );
        let invocation_duration = Histograms::new_with_constructor(seconds as fn() -> Histogram);
        registry.register(
            "lambda_duration_seconds",
            "Time from the hand-over of an event to the response",
            invocation_duration.clone(),
        );
        let [queues, jobs, instances] = [
            ("queue_messages", "Messages in a queue"),
            ("jobs", "Unfinished jobs by stage"),
            ("lambda_instances", "Instances of functions"),
        ]
        .map(|(name, help)| {
            let gauges = Gauges::default();
            registry.register(name, help, gauges.clone());
            gauges
        });
        Arc::new(Self {
            registry,
            measured,
            invocations,
            invocation_duration,
            billed,
            throttled,
            history: Mutex::default(),
            looked_at: Mutex::default(),
            queues,
            jobs,
            instances,
        })
    }

    /// Reads a line of a function's output. Lines without metrics are ignored.
    pub(crate) fn line(&self, line: &[u8]) {
        if !line.starts_with(LINE) {
            return;
        }
        let Ok(document) = serde_json::from_slice::<Value>(line) else {
            return;
        };
        let directives = document["_aws"]["CloudWatchMetrics"].as_array();
        for directive in directives.into_iter().flatten() {
            let sets = directive["Dimensions"].as_array();
            let names = sets.and_then(|sets| sets.first()).and_then(Value::as_array);
            let labels: Labels = names
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .filter_map(|name| Some((name.to_owned(), document[name].as_str()?.to_owned())))
                .collect();
            for metric in directive["Metrics"].as_array().into_iter().flatten() {
                if let Some(name) = metric["Name"].as_str()
                    && let Some(value) = document[name].as_f64()
                {
                    self.observe(name, &labels, value);
                }
            }
        }
    }

    fn observe(&self, name: &str, labels: &Labels, value: f64) {
        match self.measured.get(name) {
            Some(Measured::Total(counters)) => {
                counters.get_or_create(labels).inc_by(value);
            }
            Some(Measured::Now(gauges)) => {
                gauges.get_or_create(labels).set(value);
            }
            Some(Measured::Spread(histograms)) => histograms.get_or_create(labels).observe(value),
            None => {}
        }
        if name == Metric::HttpRequestDuration.into_str() {
            lock(&self.history).request(Duration::from_secs_f64(value.max(0.0)));
        }
    }

    pub(crate) fn invocation(&self, invocation: &Invocation) {
        let function = vec![("function".to_owned(), invocation.function.clone())];
        self.invocation_duration
            .get_or_create(&function)
            .observe(invocation.duration_ms / 1000.0);
        #[expect(clippy::cast_precision_loss, reason = "at most 15 minutes")]
        let billed = invocation.billed_ms as f64 / 1000.0;
        self.billed.get_or_create(&function).inc_by(billed);
        let mut labels = function;
        labels.push((
            "outcome".to_owned(),
            invocation.outcome.into_str().to_owned(),
        ));
        self.invocations.get_or_create(&labels).inc();
    }

    /// Counts an invocation without a free instance.
    pub(crate) fn throttle(&self, function: &str) {
        let labels = vec![("function".to_owned(), function.to_owned())];
        self.throttled.get_or_create(&labels).inc();
    }

    /// Returns all metrics in the text format of OpenMetrics.
    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = text::encode(&mut text, &self.registry);
        text
    }
}

fn counters(registry: &mut Registry, name: &str, help: &str) -> Counters {
    let counters = Counters::default();
    registry.register(name, help, counters.clone());
    counters
}

fn spread(registry: &mut Registry, name: &str, help: &str, buckets: fn() -> Histogram) -> Measured {
    let histograms = Histograms::new_with_constructor(buckets);
    registry.register(name, help, histograms.clone());
    Measured::Spread(histograms)
}

/// Buckets from a lookup in memory to an analysis that takes minutes.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_1, 2.0, 22))
}

fn looks() -> Histogram {
    Histogram::new([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOKUP: &str = r#"{"_aws":{"Timestamp":1,"CloudWatchMetrics":[
        {"Namespace":"EventRelay","Dimensions":[["method","endpoint"]],
         "Metrics":[{"Name":"http_request_duration_seconds","Unit":"Seconds"}]},
        {"Namespace":"EventRelay","Dimensions":[["layer"]],
         "Metrics":[{"Name":"cache_hits_total","Unit":"Count"}]}]},
        "method":"GET","endpoint":"/v1/videos/{video_id}","http_request_duration_seconds":0.003,
        "layer":"index","cache_hits_total":2,"http.status":200}"#;

    #[test]
    fn metrics_of_functions_are_exported_to_prometheus() {
        let metrics = Metrics::new();
        for line in [
            LOOKUP,
            LOOKUP,
            "START RequestId: x",
            "{\"_aws\":",
            "{\"_aws\":1}",
        ] {
            metrics.line(line.as_bytes());
        }
        let text = metrics.text();
        for expected in [
            "# TYPE http_request_duration_seconds histogram\n",
            "http_request_duration_seconds_count{method=\"GET\",endpoint=\"/v1/videos/{video_id}\"} 2\n",
            "# TYPE cache_hits counter\n",
            "cache_hits_total{layer=\"index\"} 4.0\n",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn all_metrics_are_registered() {
        let metrics = Metrics::new();
        for metric in Metric::ALL {
            let labels = vec![("a".to_owned(), "b".to_owned())];
            metrics.observe(metric.into_str(), &labels, 1.0);
        }
        let text = metrics.text();
        for metric in Metric::ALL {
            let line = format!("\n{}", metric.into_str());
            assert!(text.contains(&line), "{line}\n{text}");
        }
    }
}
