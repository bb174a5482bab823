//! Timestamps as plain numbers, for storage, comparison and tests.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// Timestamp in milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Returns the system time. Only entry points call it; decisions take their time as a
    /// parameter.
    #[must_use]
    pub fn now() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        Self(since_epoch.map_or(0, as_millis))
    }

    /// Returns the duration from `self` until `later`, or zero if that has passed.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        Duration::from_millis(later.0.saturating_sub(self.0))
    }

    /// Returns whole seconds since the epoch, the unit of DynamoDB's time to live.
    #[must_use]
    pub fn as_seconds(self) -> u64 {
        self.0 / 1000
    }

    /// Formats as `2026-11-24T03:40:00.123Z` (RFC 3339).
    #[must_use]
    pub fn rfc3339(self) -> String {
        let millis = i64::try_from(self.0).unwrap_or_default();
        jiff::Timestamp::from_millisecond(millis)
            .unwrap_or_default()
            .to_string()
    }

    /// Formats the day in UTC as `2026-11-24` (RFC 3339, `full-date`).
    #[must_use]
    pub fn day(self) -> String {
        self.rfc3339()[..10].to_owned()
    }

    /// Parses an RFC 3339 time with any offset. Returns `None` for other texts and for times before
    /// 1970.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        u64::try_from(millis(text)?).ok().map(Self)
    }

    /// Parses an RFC 3339 time, and replaces one before 1970 by the epoch.
    #[must_use]
    pub fn parse_rfc3339_or_first(text: &str) -> Option<Self> {
        u64::try_from(millis(text)?.max(0)).ok().map(Self)
    }
}

/// Milliseconds since the epoch, or before it.
fn millis(text: &str) -> Option<i64> {
    // Of ISO 8601, jiff also reads times without seconds and with a zone in brackets.
    let is_rfc3339 = text.get(16..17) == Some(":") && !text.ends_with(']');
    let at: jiff::Timestamp = text.parse().ok().filter(|_| is_rfc3339)?;
    Some(at.as_millisecond())
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(as_millis(duration)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(as_millis(duration)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.rfc3339())
    }
}

fn as_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_itself_as_rfc_3339() {
        assert_eq!(Timestamp(0).rfc3339(), "1970-01-01T00:00:00Z");
        assert_eq!(
            Timestamp(1_790_000_000_123).rfc3339(),
            "2026-09-21T14:13:20.123Z"
        );
    }

    #[test]
    fn only_rfc_3339_is_read() {
        let read = Timestamp::parse_rfc3339;
        let at = Some(Timestamp(1_790_000_000_120));
        assert_eq!(read("2026-09-21T14:13:20.12Z"), at);
        assert_eq!(read("2026-09-21T16:13:20.120+02:00"), at);
        for text in [
            "",
            "2026-09-21",
            "2026-09-21T14:13Z",
            "20260921T141320Z",
            "2026-09-21T14:13:20",
            "2026-09-21T14:13:20Z[UTC]",
            "1969-12-31T23:59:59Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let first = Timestamp::parse_rfc3339_or_first("1969-12-31T23:59:59Z");
        assert_eq!(first, Some(Timestamp(0)));
    }

    #[test]
    fn never_counts_backwards() {
        assert_eq!(Timestamp(5).until(Timestamp(3)), Duration::ZERO);
        assert_eq!(
            Timestamp(u64::MAX) + Duration::from_secs(1),
            Timestamp(u64::MAX)
        );
    }
}
