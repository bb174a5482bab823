//! Trace ids: one id from the API call through every message to the last step.

use std::{fmt, future::Future, str::FromStr};

use serde::{Deserialize, Serialize};
use tokio::task_local;
use tracing::Instrument;

use crate::clock::Timestamp;

/// Length of an id.
const LENGTH: usize = 35;

task_local! {
    static CURRENT: TraceId;
}

/// Trace id, `1-5759e988-bd862e3fe1be46a994272793`, as `Root` in a tracing header
/// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TraceId([u8; LENGTH]);

impl TraceId {
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let (seconds, high, low) = (now.as_seconds(), fastrand::u64(..), fastrand::u32(..));
        let text = format!("1-{:08x}-{high:016x}{low:08x}", seconds & 0xffff_ffff);
        // The text has the format that `parse` reads.
        text.parse().unwrap_or(Self([b'0'; LENGTH]))
    }

    /// Parses a tracing header, `Root=1-…;Parent=…;Sampled=0`. A caller may have written it, so a
    /// malformed one gives `None`.
    #[must_use]
    pub fn of_header(header: &str) -> Option<Self> {
        let mut fields = header.split(';');
        fields
            .find_map(|field| field.trim().strip_prefix("Root="))?
            .parse()
            .ok()
    }

    /// Returns the id of the received tracing header, else of the invocation's, else a new one.
    #[must_use]
    pub fn from_header(header: Option<&str>, of_invocation: Option<&str>, now: Timestamp) -> Self {
        let known = header.and_then(Self::of_header);
        let known = known.or_else(|| of_invocation.and_then(Self::of_header));
        known.unwrap_or_else(|| Self::new(now))
    }

    /// Formats a tracing header for the next service.
    #[must_use]
    pub fn header(&self) -> String {
        format!("Root={self}")
    }

    /// Returns the id of the current work, or `None` outside of [`super::traced`].
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|trace| *trace).ok()
    }

    pub(super) fn as_str(&self) -> &str {
        // Only ASCII is accepted.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for TraceId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes: [u8; LENGTH] = text.as_bytes().try_into().map_err(|_| "not a trace id")?;
        let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let shape = [(0..2, b"1-".as_slice()), (10..11, b"-")];
        let is_shaped = shape.into_iter().all(|(at, text)| &bytes[at] == text);
        if is_shaped && bytes[2..10].iter().chain(&bytes[11..]).all(is_hex) {
            Ok(Self(bytes))
        } else {
            Err("not a trace id")
        }
    }
}

impl TryFrom<String> for TraceId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TraceId> for String {
    fn from(trace: TraceId) -> Self {
        trace.to_string()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Runs work on behalf of a trace. Every line that it logs and every message that it sends has the
/// trace's id.
pub(super) async fn traced<T>(trace: TraceId, work: impl Future<Output = T>) -> T {
    let span = tracing::info_span!("work", trace.id = trace.as_str());
    // Boxed, because the future's type is deep enough for the compiler without this.
    CURRENT.scope(trace, Box::pin(work.instrument(span))).await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_trace_is_the_root_of_a_tracing_header() {
        let id = "1-5759e988-bd862e3fe1be46a994272793";
        let header = format!("Self=1-67891234-12456789abcdef012345678;Root={id};Sampled=1");
        let trace = TraceId::of_header(&header).unwrap();
        assert_eq!(trace.to_string(), id);
        assert_eq!(TraceId::of_header(&trace.header()), Some(trace));
        for none in [
            "",
            "Root=",
            "Root=1-5759e988-bd862e3fe1be46a99427279\n",
            "Parent=53995c3f42cd8ad8",
        ] {
            assert_eq!(TraceId::of_header(none), None, "{none}");
        }
    }

    #[test]
    fn a_new_one_has_its_time() {
        let trace = TraceId::new(Timestamp(1_465_510_280_000)).to_string();
        assert!(trace.starts_with("1-5759e988-"), "{trace}");
        assert_ne!(TraceId::new(Timestamp(0)), TraceId::new(Timestamp(0)));
    }

    #[test]
    fn it_is_stored_as_text() {
        let trace = TraceId::new(Timestamp(1_465_510_280_000));
        let stored = serde_json::to_string(&trace).unwrap();
        assert_eq!(stored, format!("\"{trace}\""));
        assert_eq!(serde_json::from_str::<TraceId>(&stored).unwrap(), trace);
        assert!(serde_json::from_str::<TraceId>("\"1-x\"").is_err());
    }

    #[tokio::test]
    async fn work_knows_its_trace() {
        assert_eq!(TraceId::current(), None);
        let [outer, inner] = [1, 2].map(|time| TraceId::new(Timestamp(time)));
        traced(outer, async {
            assert_eq!(TraceId::current(), Some(outer));
            traced(inner, async { assert_eq!(TraceId::current(), Some(inner)) }).await;
            assert_eq!(TraceId::current(), Some(outer));
        })
        .await;
    }

    proptest! {
        #[test]
        fn any_text_is_a_trace_or_none(text in ".{0,80}") {
            if let Some(trace) = TraceId::of_header(&text) {
                let root = trace.header();
                prop_assert!(text.contains(&root));
            }
        }
    }
}
