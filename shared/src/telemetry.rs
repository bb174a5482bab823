//! Logging and metrics.
//!
//! A log message can be read alone; its fields are dotted by what they are of (`job.id`), have one
//! name everywhere, and carry their unit (`duration_ms`). A failure is logged once, where it is
//! handled.
//!
//! Metrics are log lines in the embedded metric format, which CloudWatch reads out of the log: no
//! call is made for them
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).

use std::io::Write;

use serde_json::{Map, Value, json};

use crate::clock::Timestamp;

/// Namespace of all metrics.
const NAMESPACE: &str = "EventRelay";

/// Sets up logging as Lambda's advanced logging controls ask for it: `AWS_LAMBDA_LOG_FORMAT`,
/// `AWS_LAMBDA_LOG_LEVEL`.
pub fn init() {
    lambda_runtime::tracing::init_default_subscriber();
}

/// What a metric is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A length of time.
    Seconds,
}

impl Unit {
    fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Seconds => "Seconds",
        }
    }
}

/// Writes values that belong together, of one thing: `dimension` is what the values are told
/// apart by, `fields` is what else is good to know of this occurrence.
pub fn metrics(
    dimension: (&str, &str),
    values: &[(&str, Unit, f64)],
    fields: &[(&str, Value)],
    now: Timestamp,
) {
    let mut line = document(dimension, values, fields, now).to_string();
    line.push('\n');
    // What cannot be written cannot be told either.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}

fn document(
    dimension: (&str, &str),
    values: &[(&str, Unit, f64)],
    fields: &[(&str, Value)],
    now: Timestamp,
) -> Value {
    let definitions = values
        .iter()
        .map(|(name, unit, _)| json!({"Name": name, "Unit": unit.as_str()}));
    let definitions: Vec<Value> = definitions.collect();
    let mut document = Map::new();
    document.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": now.0,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [[dimension.0]],
                "Metrics": definitions,
            }],
        }),
    );
    document.insert(dimension.0.to_owned(), dimension.1.into());
    for (name, _, value) in values {
        document.insert((*name).to_owned(), (*value).into());
    }
    for (name, value) in fields {
        document.insert((*name).to_owned(), value.clone());
    }
    Value::Object(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_a_line_of_the_embedded_metric_format() {
        let document = document(
            ("service", "Gemini"),
            &[
                ("api_call_duration_seconds", Unit::Seconds, 0.25),
                ("active_connections", Unit::Count, 3.0),
            ],
            &[("http.status", json!(200))],
            Timestamp(1_790_000_000_000),
        );
        assert_eq!(
            document,
            json!({
                "_aws": {
                    "Timestamp": 1_790_000_000_000_u64,
                    "CloudWatchMetrics": [{
                        "Namespace": "EventRelay",
                        "Dimensions": [["service"]],
                        "Metrics": [
                            {"Name": "api_call_duration_seconds", "Unit": "Seconds"},
                            {"Name": "active_connections", "Unit": "Count"},
                        ],
                    }],
                },
                "service": "Gemini",
                "api_call_duration_seconds": 0.25,
                "active_connections": 3.0,
                "http.status": 200,
            })
        );
    }
}
