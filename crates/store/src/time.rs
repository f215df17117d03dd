//! Points in time, as they are stored and as they are written.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use serde::Serialize;

/// Milliseconds since 1970 in UTC; written as `2026-03-18T21:58:47.836Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Later by a span.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Earlier by a span.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long from `earlier` until now; nothing when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The day in UTC, `2026-03-18`.
    pub fn day(self) -> String {
        self.date().format("%Y-%m-%d").to_string()
    }

    /// The beginning of a day that is written like [`Timestamp::day`]; nothing for other texts.
    pub fn of_day(text: &str) -> Option<Self> {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(Self(day.and_time(NaiveTime::MIN).and_utc().timestamp_millis()))
    }

    fn date(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.date().to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_with_milliseconds_and_z() {
        assert_eq!(Timestamp(1_773_871_127_836).to_string(), "2026-03-18T21:58:47.836Z");
        assert_eq!(Timestamp(1_773_871_127_000).to_string(), "2026-03-18T21:58:47.000Z");
        assert_eq!(Timestamp(1_773_871_127_836).day(), "2026-03-18");
    }

    #[test]
    fn days_are_read_as_they_are_written() {
        let noon = Timestamp(1_773_835_200_000);
        assert_eq!(Timestamp::of_day(&noon.day()), Some(Timestamp(1_773_792_000_000)));
        for wrong in ["", "2026-02-30", "18.3.2026", "2026-03-18T12:00:00Z"] {
            assert_eq!(Timestamp::of_day(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn spans_add_and_subtract() {
        let noon = Timestamp(1_000_000);
        assert_eq!(noon.plus(Duration::from_secs(2)).since(noon), Duration::from_secs(2));
        assert_eq!(noon.since(noon.plus(Duration::from_secs(2))), Duration::ZERO);
        assert_eq!(noon.plus(Duration::from_secs(2)).minus(Duration::from_secs(2)), noon);
    }
}
