//! Calls of the telemetry that are measured.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use eventrelay::{
    clock::Timestamp,
    telemetry::{self, Field, Group, Layer, Metric, note_lookup},
};

/// Calls between two reads of the clock.
const AT_A_TIME: u32 = 256;

/// Something that a function does on its hot path.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    /// The call ends in a write.
    pub(crate) is_written: bool,
    call: fn(u64),
}

/// In the order of the table. The first is what measuring costs.
pub(crate) const ALL: [Line; 8] = [
    Line {
        name: "nothing",
        is_written: false,
        call: |_| {},
    },
    Line {
        name: "`tracing::debug!` that is off, no fields",
        is_written: false,
        call: |_| tracing::debug!("Looked something up"),
    },
    Line {
        name: "`tracing::debug!` that is off, three fields",
        is_written: false,
        call: |number| {
            tracing::debug!(
                job.id = number,
                duration_ms = 1.5,
                video.id = PATH,
                "Looked something up"
            );
        },
    },
    Line {
        name: "`tracing::debug!` that is off, a formatted field",
        is_written: false,
        call: |number| tracing::debug!(job.id = %format_args!("job_{number:032x}"), "Looked"),
    },
    Line {
        name: "`note_lookup`",
        is_written: false,
        call: |_| note_lookup(Layer::Memory, true),
    },
    Line {
        name: "a metric line",
        is_written: true,
        call: |number| telemetry::metrics(&["Gemini", "answered"], &[timed(number)], NOW),
    },
    Line {
        name: "the line of a request",
        is_written: true,
        call: answered,
    },
    Line {
        name: "`tracing::info!`, three fields",
        is_written: true,
        call: |number| {
            tracing::info!(
                job.id = number,
                duration_ms = 1.5,
                video.id = PATH,
                "Looked something up"
            );
        },
    },
];

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const PATH: &str = "/v1/videos/yt:dQw4w9WgXcQ";

/// No two alike: a figure is written digit by digit.
#[expect(clippy::cast_precision_loss, reason = "a figure to write")]
fn timed(number: u64) -> (Metric, f64) {
    (Metric::ApiCallDuration, number as f64 / 7.0)
}

/// As `api::respond` tells of a lookup in memory.
fn answered(number: u64) {
    let by_route = Group {
        by: &["GET", "/v1/videos/{video_id}"],
        values: &[(Metric::HttpRequestDuration, timed(number).1)],
    };
    let by_layer = Group {
        by: &["memory"],
        values: &[(Metric::CacheHits, 1.0)],
    };
    let fields = [
        ("level", Field::Text("INFO")),
        ("message", Field::Text("Answered a request")),
        ("request.id", Field::Text("bcD3fGh4IjKLmnO=")),
        ("http.path", Field::Text(PATH)),
        ("http.status", Field::Count(200)),
    ];
    telemetry::write(&[by_route, by_layer], &fields, NOW);
}

impl Line {
    /// Nanoseconds that a call takes, called for so long.
    pub(crate) fn nanoseconds(&self, turn: Duration) -> f64 {
        let started = Instant::now();
        let mut calls = 0_u64;
        while started.elapsed() < turn {
            for _ in 0..AT_A_TIME {
                (black_box(self.call))(black_box(calls));
                calls += 1;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "millions of calls")]
        let calls = calls as f64;
        started.elapsed().as_secs_f64() * 1e9 / calls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unwritten_line_can_be_called() {
        for line in ALL.iter().filter(|line| !line.is_written) {
            assert!(line.nanoseconds(Duration::from_micros(10)) > 0.0);
        }
    }
}
