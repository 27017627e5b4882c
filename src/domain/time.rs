//! Times: UTC, RFC 3339, to the millisecond.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeZone as _, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment, UTC, with milliseconds; written `2026-11-21T04:10:00.000Z`, so that text order is time order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// From milliseconds since 1970, as Spinnaker, Jenkins and Jira give them; `None` beyond what a date can hold.
    pub fn from_millis(millis: i64) -> Option<Self> {
        Utc.timestamp_millis_opt(millis).single().map(Self)
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// Reads RFC 3339, and the variants that Jira and SonarQube send (`+0000` without a colon).
    pub fn parse_lenient(text: &str) -> Option<Self> {
        text.parse().ok().or_else(|| {
            ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M:%S%z"]
                .iter()
                .find_map(|f| DateTime::parse_from_str(text, f).ok())
                .map(|t| Self::from(t.with_timezone(&Utc)))
        })
    }

    /// Reads the `Date` header of an HTTP answer (RFC 2822 with GMT).
    pub fn parse_http_date(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc2822(text).ok().map(|t| Self::from(t.with_timezone(&Utc)))
    }

    /// How long after `earlier` this is; zero if it is not after.
    pub fn since(self, earlier: Self) -> Duration {
        (self.0 - earlier.0).to_std().unwrap_or_default()
    }

    /// This moment plus `duration`; stays where it is beyond what a date can hold.
    pub fn plus(self, duration: Duration) -> Self {
        chrono::Duration::from_std(duration).ok().and_then(|d| self.0.checked_add_signed(d)).map_or(self, Self)
    }

    /// The date alone, `2026-11-21`.
    pub fn date(self) -> String {
        self.0.format("%Y-%m-%d").to_string()
    }

    /// For OpenSSH: `YYYYMMDDHHMMSS`, UTC.
    pub fn compact(self) -> String {
        self.0.format("%Y%m%d%H%M%S").to_string()
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        // Milliseconds only: what is written must read back equal.
        Self(Utc.timestamp_millis_opt(time.timestamp_millis()).single().unwrap_or(time))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_from_rfc3339(text).map(|t| Self::from(t.with_timezone(&Utc)))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A length of time for people: `45s`, `12m`, `3h 5m`, `2d 4h`.
pub fn humane(duration: Duration) -> String {
    let s = duration.as_secs();
    match s {
        0..60 => format!("{s}s"),
        60..3_600 => format!("{}m", s / 60),
        3_600..86_400 => match (s / 3_600, s % 3_600 / 60) {
            (h, 0) => format!("{h}h"),
            (h, m) => format!("{h}h {m}m"),
        },
        _ => match (s / 86_400, s % 86_400 / 3_600) {
            (d, 0) => format!("{d}d"),
            (d, h) => format!("{d}d {h}h"),
        },
    }
}

/// Reads `90d`, `12h`, `30m`, `45s`, `2w`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let n: u64 = number.parse().ok()?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    n.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let t: Timestamp = "2026-11-21T04:10:00.123456Z".parse().unwrap();
        assert_eq!(t.to_string(), "2026-11-21T04:10:00.123Z");
        assert_eq!(t.to_string().parse::<Timestamp>().unwrap(), t);
    }

    #[test]
    fn variants_of_other_systems() {
        let want: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(Timestamp::parse_lenient("2026-01-02T04:04:05+0100"), Some(want));
        assert_eq!(Timestamp::parse_lenient("2026-01-02T03:04:05.000+0000"), Some(want));
        assert_eq!(Timestamp::parse_http_date("Fri, 02 Jan 2026 03:04:05 GMT"), Some(want));
    }

    #[test]
    fn durations() {
        assert_eq!(humane(Duration::from_secs(11_100)), "3h 5m");
        assert_eq!(parse_duration("90d"), Some(Duration::from_secs(90 * 86_400)));
        assert_eq!(parse_duration("d"), None);
        assert_eq!(parse_duration(""), None);
        assert_eq!(parse_duration("9ä"), None);
    }
}
