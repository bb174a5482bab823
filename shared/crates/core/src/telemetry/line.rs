//! Log line in the embedded metric format, written without copying its content.

use std::{cell::RefCell, io::Write, sync::OnceLock};

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{Metric, TraceId};
use crate::clock::Timestamp;

/// Namespace of all metrics.
const NAMESPACE: &str = "EventRelay";

/// Initial buffer size, longer than most lines.
const USUAL: usize = 1024;

/// Indicates that CloudWatch extracts metrics from the lines.
static MAKES_METRICS: OnceLock<bool> = OnceLock::new();

thread_local! {
    /// Reused buffer, so that a line allocates nothing.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(USUAL));
}

/// Initialises the format. If `CUSTOM_METRICS` is false, the lines have the same content but no
/// metrics.
pub(super) fn init() {
    let is_off = std::env::var("CUSTOM_METRICS").is_ok_and(|value| value == "false");
    MAKES_METRICS.get_or_init(|| !is_off);
}

/// Values with the same dimensions.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// Values of the dimensions, in the order of [`Metric::dimensions`].
    pub by: &'a [&'a str],
    /// Values. All have the same dimensions.
    pub values: &'a [(Metric, f64)],
}

/// Additional field of a line.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub enum Field<'a> {
    Text(&'a str),
    Number(f64),
    Count(u64),
    None,
}

/// Writes values and additional fields of this occurrence. Two groups of a line share no dimension
/// and no metric.
///
/// It allocates nothing and makes no call except the single write to the log. A process that does not
/// call [`super::init`], such as a test, writes no lines.
pub fn write(groups: &[Group<'_>], fields: &[(&str, Field<'_>)], now: Timestamp) {
    let Some(&makes_metrics) = MAKES_METRICS.get() else {
        return;
    };
    BUFFER.with_borrow_mut(|buffer| {
        buffer.clear();
        let line = Line {
            groups,
            fields,
            now,
            makes_metrics,
        };
        // A line that cannot be serialised cannot be reported either.
        if serde_json::to_writer(&mut *buffer, &line).is_ok() {
            buffer.push(b'\n');
            let _ = std::io::stdout().lock().write_all(buffer);
        }
    });
}

/// The whole document
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
struct Line<'a> {
    groups: &'a [Group<'a>],
    fields: &'a [(&'a str, Field<'a>)],
    now: Timestamp,
    makes_metrics: bool,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.makes_metrics {
            map.serialize_entry("_aws", &Metadata(self))?;
        }
        for group in self.groups {
            for (name, value) in group.dimensions().iter().zip(group.by) {
                map.serialize_entry(name, value)?;
            }
            for (metric, value) in group.values {
                map.serialize_entry(metric.into_str(), value)?;
            }
        }
        if let Some(trace) = TraceId::current() {
            map.serialize_entry("trace.id", trace.as_str())?;
        }
        for (name, field) in self.fields {
            map.serialize_entry(name, field)?;
        }
        map.end()
    }
}

impl Group<'_> {
    fn dimensions(&self) -> &'static [&'static str] {
        self.values
            .first()
            .map_or(&[], |(metric, _)| metric.dimensions())
    }
}

struct Metadata<'a>(&'a Line<'a>);

impl Serialize for Metadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("Timestamp", &self.0.now.0)?;
        map.serialize_entry("CloudWatchMetrics", &Directives(self.0.groups))?;
        map.end()
    }
}

struct Directives<'a>(&'a [Group<'a>]);

impl Serialize for Directives<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Directive))
    }
}

struct Directive<'a>(&'a Group<'a>);

impl Serialize for Directive<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("Namespace", NAMESPACE)?;
        map.serialize_entry("Dimensions", &[self.0.dimensions()])?;
        map.serialize_entry("Metrics", &Definitions(self.0.values))?;
        map.end()
    }
}

struct Definitions<'a>(&'a [(Metric, f64)]);

impl Serialize for Definitions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Definition {
            name: &'static str,
            unit: &'static str,
        }
        serializer.collect_seq(self.0.iter().map(|(metric, _)| Definition {
            name: metric.into_str(),
            unit: metric.unit().into_str(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_metric_is_a_line_of_the_embedded_metric_format() {
        let line = Line {
            groups: &[
                Group {
                    by: &["Gemini", "success"],
                    values: &[
                        (Metric::ApiCallDuration, 0.25),
                        (Metric::ActiveConnections, 3.0),
                    ],
                },
                Group {
                    by: &["m"],
                    values: &[(Metric::Cost, 0.5)],
                },
            ],
            fields: &[
                ("http.status", Field::Count(200)),
                ("http.path", Field::Text("/")),
                ("nothing", Field::None),
            ],
            now: Timestamp(1_790_000_000_000),
            makes_metrics: true,
        };
        assert_eq!(
            serde_json::to_value(&line).unwrap(),
            json!({
                "_aws": {
                    "Timestamp": 1_790_000_000_000_u64,
                    "CloudWatchMetrics": [
                        {
                            "Namespace": "EventRelay",
                            "Dimensions": [["service", "outcome"]],
                            "Metrics": [
                                {"Name": "api_call_duration_seconds", "Unit": "Seconds"},
                                {"Name": "active_connections", "Unit": "Count"},
                            ],
                        },
                        {
                            "Namespace": "EventRelay",
                            "Dimensions": [["model"]],
                            "Metrics": [{"Name": "cost_usd_total", "Unit": "None"}],
                        },
                    ],
                },
                "service": "Gemini",
                "outcome": "success",
                "api_call_duration_seconds": 0.25,
                "active_connections": 3.0,
                "model": "m",
                "cost_usd_total": 0.5,
                "http.status": 200,
                "http.path": "/",
                "nothing": null,
            })
        );
    }
}
