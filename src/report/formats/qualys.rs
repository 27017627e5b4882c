//! Qualys: CSV of its many kinds of reports, XML of scans of hosts (VM) and of web applications (WAS).

mod hosts;
mod sheet;
mod was;

use crate::report::prelude::*;

const TOOL: &str = "Qualys";

pub(super) const FORMATS: &[Format] = &[sheet::FORMAT, was::FORMAT, hosts::FORMAT];

/// Levels of Qualys: minimal, medium, serious, critical, urgent.
fn severity(level: &str) -> Option<Severity> {
    match level.trim() {
        "1" => Some(Severity::Info),
        "2" => Some(Severity::Low),
        "3" => Some(Severity::Medium),
        "4" => Some(Severity::High),
        "5" => Some(Severity::Critical),
        other => words::severity(other),
    }
}

/// Whether a type of detection is what Qualys only gathered, whatever its level.
fn is_gathered(kind: &str) -> bool {
    matches!(kind.trim().to_lowercase().as_str(), "ig" | "info" | "information gathered" | "info gathered" | "service")
}

/// Whether Qualys has seen that it was mended.
fn is_fixed(status: Option<&str>) -> bool {
    status.is_some_and(|s| s.eq_ignore_ascii_case("fixed"))
}

/// What is known of one detection on a host; prose is HTML.
#[derive(Debug, Default)]
struct Detection<'t> {
    qid: &'t str,
    title: Option<&'t str>,
    level: Option<&'t str>,
    kind: Option<&'t str>,
    host: &'t str,
    port: Option<&'t str>,
    protocol: Option<&'t str>,
    threat: Option<&'t str>,
    impact: Option<&'t str>,
    solution: Option<&'t str>,
    result: Option<&'t str>,
    cves: String,
    link: Option<&'t str>,
    /// Scores as they stand there: `7.8 (AV:L/...)`. The best version first.
    scores: [Option<&'t str>; 2],
    known_exploited: bool,
    dismissed: Option<String>,
}

impl Detection<'_> {
    fn draft(&self) -> Draft {
        let mut draft = Draft::new(Class::Infra);
        let gathered = self.kind.is_some_and(is_gathered);
        let rated = self.level.and_then(severity).unwrap_or(Severity::Unknown);
        draft.severity = if gathered { Severity::Info } else { rated };
        self.qid.clone_into(&mut draft.rule);
        draft.title = self.title.map_or_else(|| format!("QID {}", self.qid), str::to_owned);
        for (heading, prose) in
            [("", self.threat), ("Impact", self.impact), ("Solution", self.solution), ("Result", self.result)]
        {
            draft.say(heading, prose.map(html::text).as_deref());
        }
        draft.on_host(self.host, self.port, self.protocol);
        draft.vulnerabilities = words::vulnerability_ids(&self.cves);
        draft.url = self.link.map(str::to_owned);
        draft.confidence = self.kind.map(str::to_owned);
        draft.cvss = self.scores.iter().flatten().map(|s| cvss(s)).find(|c| !c.is_empty()).unwrap_or_default();
        draft.exploited = self.known_exploited;
        draft.suppressed.clone_from(&self.dismissed);
        draft
    }
}

/// `7.8 (AV:L/AC:L/...)`, or the number alone.
fn cvss(text: &str) -> Cvss {
    let (score, vector) = text.split_once('(').unwrap_or((text, ""));
    Cvss::bare(score.trim().parse().ok().filter(|s| *s > 0.0), Some(vector))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_scores() {
        assert_eq!(
            (severity("5"), severity("1"), severity("x")),
            (Some(Severity::Critical), Some(Severity::Info), None)
        );
        let scored = cvss("7.8 (AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H)");
        assert_eq!((scored.score, scored.severity()), (Some(7.8), Some(Severity::High)));
        assert!(cvss("-").is_empty());
    }
}
