//! Scores of the Common Vulnerability Scoring System, from vectors of version 2, 3 and 4.

use std::str::FromStr as _;

use crate::domain::severity::Severity;

/// A score with the vector that it comes from, if that is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Cvss {
    /// 0.0 to 10.0.
    pub score: Option<f64>,
    /// `CVSS:3.1/AV:N/...`; of version 2 without a name before it.
    pub vector: Option<String>,
}

impl Cvss {
    /// From what a report gives: a score, a vector, or both; the score is computed where only the vector is given. What is
    /// neither is nothing.
    pub(super) fn of(score: Option<f64>, vector: Option<&str>) -> Self {
        if score.is_none() && vector.is_none() {
            return Self::default();
        }
        let given = score.filter(|s| (0.0..=10.0).contains(s));
        let vector = vector.map(cleaned).filter(|v| is_likely(v));
        let computed = if given.is_none() { vector.and_then(computed) } else { None };
        // A vector from which no score follows is none.
        let vector = vector.filter(|_| given.is_some() || computed.is_some());
        Self { score: given.or(computed), vector: vector.map(str::to_owned) }
    }

    /// As [`of`](Self::of), where the vector need not say its version, and may have metrics beside those of the base.
    pub(super) fn bare(score: Option<f64>, vector: Option<&str>) -> Self {
        const FOURTH: [&str; 11] = ["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"];
        const THIRD: [&str; 8] = ["AV", "AC", "PR", "UI", "S", "C", "I", "A"];
        const SECOND: [&str; 6] = ["AV", "AC", "Au", "C", "I", "A"];
        let Some(vector) = vector.map(cleaned) else { return Self::of(score, None) };
        let metrics: Vec<(&str, &str)> = vector.split('/').filter_map(|m| m.split_once(':')).collect();
        let has = |name: &str| metrics.iter().any(|(n, _)| *n == name);
        let (version, base) = match metrics.first() {
            Some(("CVSS", "3.0")) => ("CVSS:3.0/", &THIRD[..]),
            _ if has("VC") => ("CVSS:4.0/", &FOURTH[..]),
            _ if has("PR") => ("CVSS:3.1/", &THIRD[..]),
            _ => ("", &SECOND[..]),
        };
        let kept = metrics.iter().filter(|(n, _)| base.contains(n)).map(|(n, v)| format!("{n}:{v}"));
        Self::of(score, Some(&format!("{version}{}", kept.collect::<Vec<_>>().join("/"))))
    }

    /// How bad: by the scale of the vector's version, which for 2 is low below 4 and high from 7, never critical.
    pub(super) fn severity(&self) -> Option<Severity> {
        let severity = Severity::from_score(self.score?);
        let second = self.vector.as_ref().is_some_and(|v| !v.starts_with("CVSS:"));
        Some(match severity {
            Severity::Critical if second => Severity::High,
            Severity::Info if second => Severity::Low,
            other => other,
        })
    }

    /// Whether anything is known.
    pub(super) fn is_empty(&self) -> bool {
        self.score.is_none() && self.vector.is_none()
    }
}

/// The base score that a vector stands for; `None` if it is no vector.
pub(super) fn computed(vector: &str) -> Option<f64> {
    let vector = cleaned(vector);
    let score = if vector.starts_with("CVSS:3") {
        cvss::v3::Vector::from_str(vector).ok().map(|v| v.score().value())
    } else if vector.starts_with("CVSS:4") {
        cvss::v4::Vector::from_str(vector).ok().map(|v| v.score().value())
    } else {
        cvss::v2::Vector::from_str(vector).ok().map(|v| v.score().value())
    };
    score.filter(|s| (0.0..=10.0).contains(s))
}

/// Whether a text has the looks of a vector: where the score is given, it is not computed anew for each of a million.
fn is_likely(vector: &str) -> bool {
    let metrics = vector.strip_prefix("CVSS:").and_then(|v| v.split_once('/')).map_or(vector, |(_, metrics)| metrics);
    let metric = |m: &str| m.split_once(':').is_some_and(|(name, value)| !name.is_empty() && !value.is_empty());
    vector.len() < 200 && vector.is_ascii() && vector.contains("AV:") && metrics.split('/').all(metric)
}

/// A vector without what is written around it.
fn cleaned(vector: &str) -> &str {
    let vector = vector.trim().trim_start_matches('(').trim_end_matches(')');
    let bare = vector.strip_prefix("CVSS2#").or_else(|| vector.strip_prefix("CVSS:2.0/")).unwrap_or(vector);
    bare.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_all_versions_have_their_scores() {
        for (vector, score, severity) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, Severity::Critical),
            ("CVSS:3.0/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N", 1.8, Severity::Low),
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3, Severity::Critical),
            ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0, Severity::High),
            ("(AV:N/AC:L/Au:N/C:P/I:P/A:P)", 7.5, Severity::High),
            ("CVSS2#AV:L/AC:H/Au:N/C:N/I:N/A:P", 1.2, Severity::Low),
        ] {
            let cvss = Cvss::of(None, Some(vector));
            assert_eq!((cvss.score, cvss.severity()), (Some(score), Some(severity)), "{vector}");
        }
        for (vector, score, wanted) in [
            ("AV:N/AC:L/Au:N/C:N/I:P/A:N/E:POC/RL:OF/RC:C", 5.0, "AV:N/AC:L/Au:N/C:N/I:P/A:N"),
            ("AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N/E:P/MAV:X", 7.5, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N"),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N/E:P", 7.5, "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N"),
        ] {
            let cvss = Cvss::bare(None, Some(vector));
            assert_eq!((cvss.score, cvss.vector.as_deref()), (Some(score), Some(wanted)));
        }
        assert!(Cvss::of(None, Some("high")).is_empty());
        assert!(Cvss::of(Some(17.0), Some("CVSS:3.1/AV:X")).is_empty());
        assert_eq!(Cvss::of(Some(5.0), None).severity(), Some(Severity::Medium));
    }
}
