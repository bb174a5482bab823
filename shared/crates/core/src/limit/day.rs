//! Time zones of daily quotas.

use jiff::{Timestamp as Instant, ToSpan, ZonedDateTime, tz::TimeZone};

use crate::clock::Timestamp;

/// Zone whose midnight ends a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Zone {
    /// UTC.
    Utc,
    /// Pacific time of the United States, in which Google counts
    /// (<https://ai.google.dev/gemini-api/docs/rate-limits>,
    /// <https://developers.google.com/youtube/v3/determine_quota_cost>).
    Pacific,
}

/// Rule valid since 2007, in POSIX form. A time zone database of two megabytes gives the same
/// result.
const PACIFIC: &str = "PST8PDT,M3.2.0,M11.1.0";

impl Zone {
    /// Returns the days since 1970-01-01 in this zone.
    pub(super) fn day(self, at: Timestamp) -> u64 {
        let date = self.zoned(at).date();
        let epoch = jiff::civil::date(1970, 1, 1);
        let days = (date - epoch).get_days();
        u64::try_from(days).unwrap_or_default()
    }

    #[must_use]
    pub fn next_midnight(self, at: Timestamp) -> Timestamp {
        let tomorrow = self.zoned(at).checked_add(1.day());
        let midnight = tomorrow.and_then(|day| day.start_of_day());
        let millis = midnight.map(|midnight| midnight.timestamp().as_millisecond());
        millis
            .ok()
            .and_then(|millis| u64::try_from(millis).ok())
            .map_or(Timestamp(u64::MAX), Timestamp)
    }

    fn zoned(self, at: Timestamp) -> ZonedDateTime {
        let instant = i64::try_from(at.0).ok().map(Instant::from_millisecond);
        let instant = instant.and_then(Result::ok).unwrap_or(Instant::MAX);
        let zone = match self {
            Self::Utc => TimeZone::UTC,
            Self::Pacific => TimeZone::posix(PACIFIC).unwrap_or(TimeZone::UTC),
        };
        instant.to_zoned_datetime(zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pacific_day_ends_at_seven_or_eight_utc() {
        let at = |text| Timestamp::parse_rfc3339(text).unwrap();
        for (now, midnight) in [
            ("2026-07-01T06:59:59Z", "2026-07-01T07:00:00Z"),
            ("2026-07-01T07:00:00Z", "2026-07-02T07:00:00Z"),
            ("2026-11-25T20:00:00Z", "2026-11-26T08:00:00Z"),
            // The days on which the clocks change have 23 and 25 hours.
            ("2026-03-08T08:00:00Z", "2026-03-09T07:00:00Z"),
            ("2026-11-01T07:00:00Z", "2026-11-02T08:00:00Z"),
        ] {
            let next = Zone::Pacific.next_midnight(at(now));
            assert_eq!(next, at(midnight), "{now}");
            assert_ne!(Zone::Pacific.day(at(now)), Zone::Pacific.day(next));
        }
        assert_eq!(
            Zone::Utc.next_midnight(at("2026-07-01T06:59:59Z")),
            at("2026-07-02T00:00:00Z")
        );
    }
}
