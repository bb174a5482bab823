//! Telemetry on the hot path allocates nothing.
//!
//! A separate file, because the counting allocator applies to the whole program. The lines go to
//! the standard output, as in a function.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Once;

use allocation_counter::measure;
use eventrelay_core::{
    clock::Timestamp,
    telemetry::{self, Field, Group, Layer, Metric, TraceId, note_lookup},
};

const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// Telemetry of each API request, see `api::respond`.
fn answered() {
    let path = "/v1/videos/yt:dQw4w9WgXcQ";
    let by_route = Group {
        by: &["GET", "/v1/videos/{video_id}"],
        values: &[(Metric::HttpRequestDuration, 0.001_234_567)],
    };
    let by_layer = Group {
        by: &["memory"],
        values: &[(Metric::CacheHits, 1.0), (Metric::CacheMisses, 2.0)],
    };
    let fields = [
        ("level", Field::Text("INFO")),
        ("message", Field::Text("Answered a \"request\"")),
        ("http.path", Field::Text(path)),
        ("http.status", Field::Count(200)),
        ("share", Field::Number(0.3)),
        ("error", Field::None),
    ];
    telemetry::write(&[by_route, by_layer], &fields, NOW);
}

/// Writes a line of every kind.
fn tell() {
    static STARTED: Once = Once::new();
    STARTED.call_once(telemetry::init);
    answered();
    let called = [
        (Metric::ApiCallDuration, 0.25),
        (Metric::ActiveConnections, 3.0),
    ];
    telemetry::metrics(&["Gemini", "answered"], &called, NOW);
    telemetry::noticed("file", 4, Some(Timestamp(NOW.0 - 1_500)), NOW);
    note_lookup(Layer::Memory, true);
    note_lookup(Layer::Bucket, false);
}

#[test]
fn nothing_is_allocated_after_the_first_line() {
    let before = measure(tell);
    // The buffers of the line and of the standard output. Without these allocations the counter
    // would not work.
    assert!(before.count_total > 0, "{before:?}");
    let after = measure(|| (0..100).for_each(|_| tell()));
    assert_eq!((after.count_total, after.bytes_total), (0, 0), "{after:?}");
}

#[test]
fn nothing_is_allocated_for_the_trace_of_a_line() {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let trace = TraceId::new(NOW);
    let traced = telemetry::traced(trace, async {
        assert_eq!(TraceId::current(), Some(trace));
        tell();
        measure(tell)
    });
    let counted = runtime.unwrap().block_on(traced);
    assert_eq!(counted.count_total, 0, "{counted:?}");
}

#[test]
fn nothing_is_allocated_for_a_level_that_is_off() {
    tell();
    let path = String::from("/v1/videos");
    let line = || tracing::debug!(http.path = %path, attempts = 3, "Looked something up");
    line();
    let counted = measure(|| (0..100).for_each(|_| line()));
    assert_eq!(counted.count_total, 0, "{counted:?}");
}
