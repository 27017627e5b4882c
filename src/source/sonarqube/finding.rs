//! Issues and hotspots as findings.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde::Deserialize as _;
use serde_json::Value;
use url::Url;

use super::wire::{Hotspot, Impact, Issue};
use crate::domain::dedup::{KeyParts, keys_for};
use crate::domain::finding::{Class, Finding, FindingSource, Location, MatchKey, Rung};
use crate::domain::ids::Fingerprint;
use crate::domain::severity::Severity;
use crate::http::query_value;
use crate::text::{Pool, Untrusted};

/// Where findings come from.
pub(super) struct Place<'a> {
    pub(super) base: &'a Url,
    pub(super) project: &'a str,
    pub(super) version: Option<Untrusted>,
    pub(super) report: &'a str,
    /// What the last reading found.
    pub(super) before: &'a Before,
    /// What many issues have in common.
    pub(super) pool: Mutex<Pool>,
}

/// The findings of the last reading, as far as somebody still holds them. An issue that is read again unchanged is the
/// same finding, not a second one beside it: a refresh of many thousands takes no more memory than the first look.
#[derive(Default)]
pub(super) struct Before(Mutex<HashMap<u64, Weak<Finding>>>);

impl Before {
    /// The finding of old, if this one says the same.
    fn or_new(&self, id: &str, mut finding: Finding) -> Arc<Finding> {
        let old = self.lock().get(&hash(id)).and_then(Weak::upgrade);
        if let Some(old) = old {
            // It is told apart from its like only once all are read.
            finding.fingerprint = old.fingerprint;
            if finding == *old {
                return old;
            }
        }
        Arc::new(finding)
    }

    /// Remembers what was read, in the place of what was read before.
    pub(super) fn replace(&self, findings: &[Arc<Finding>]) {
        let mut held = self.lock();
        held.clear();
        held.extend(findings.iter().map(|f| (hash(native(f)), Arc::downgrade(f))));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Weak<Finding>>> {
        // Nothing is ever half written in it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each once, by its id; pages that moved while they were read may have repeated some.
pub(super) fn once(found: &mut Vec<Read>) {
    let mut seen = HashSet::with_capacity(found.len());
    let first: Vec<bool> = found.iter().map(|read| seen.insert(read.id())).collect();
    let mut first = first.into_iter();
    found.retain(|_| first.next().unwrap_or(true));
}

/// Two ids of one hash cost only that one of them is read anew.
fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

/// An issue or hotspot as read.
pub(super) struct Read {
    /// What it is told apart by, where it has no key.
    whole: Option<Box<str>>,
    pub(super) finding: Arc<Finding>,
    /// Whether something in it was odd.
    pub(super) odd: bool,
}

impl Read {
    /// With its key, or the whole of it where it has none.
    fn new(id: &str, finding: Finding, before: &Before) -> Self {
        let odd = finding.severity == Severity::Unknown;
        let finding = before.or_new(id, finding);
        Self { whole: (native(&finding) != id).then(|| id.into()), finding, odd }
    }

    fn id(&self) -> &str {
        self.whole.as_deref().unwrap_or_else(|| native(&self.finding))
    }
}

/// SonarQube's key of it; empty if it has none.
fn native(finding: &Finding) -> &str {
    finding.sources.first().and_then(|s| s.native_id.as_ref()).map_or("", Untrusted::raw)
}

/// What issues and hotspots have in common.
struct Parts {
    key: String,
    rule: String,
    component: String,
    line: Option<u32>,
    message: String,
    severity: Severity,
    kind: Option<String>,
    page: &'static str,
}

impl Place<'_> {
    /// The finding of an issue.
    pub(super) fn of_issue(&self, value: &Value) -> Read {
        match Issue::deserialize(value) {
            Ok(issue) => {
                let severity = severity_of(issue.severity.as_deref(), &issue.impacts);
                let id = issue.key.clone();
                let hash = issue.hash.unwrap_or_default();
                let mut finding = self.finding(Parts {
                    key: issue.key,
                    rule: issue.rule,
                    component: issue.component,
                    line: issue.line,
                    message: issue.message.unwrap_or_default(),
                    severity,
                    kind: issue.kind,
                    page: "project/issues?id={project}&issues={key}&open={key}",
                });
                finding.keys = keys_of(&finding, Rung::Snippet, &hash);
                Read::new(&id, finding, self.before)
            }
            Err(_) => self.odd(value),
        }
    }

    /// The finding of a hotspot. Hotspots have no hash of the code; their key stays the same
    /// from one analysis to the next, and is the strongest that there is.
    pub(super) fn of_hotspot(&self, value: &Value) -> Read {
        match Hotspot::deserialize(value) {
            Ok(hotspot) => {
                let severity = match hotspot.vulnerability_probability.as_deref() {
                    Some("HIGH") => Severity::High,
                    Some("MEDIUM") => Severity::Medium,
                    Some("LOW") => Severity::Low,
                    _ => Severity::Unknown,
                };
                let category = hotspot.security_category.unwrap_or_default();
                let key = hotspot.key.clone();
                let mut finding = self.finding(Parts {
                    key: hotspot.key,
                    rule: hotspot.rule_key.unwrap_or_else(|| format!("hotspot:{category}")),
                    component: hotspot.component,
                    line: hotspot.line,
                    message: hotspot.message.unwrap_or_default(),
                    severity,
                    kind: Some("SECURITY_HOTSPOT".to_owned()),
                    page: "security_hotspots?id={project}&hotspots={key}",
                });
                finding.keys = keys_of(&finding, Rung::ToolId, &key);
                Read::new(&key, finding, self.before)
            }
            Err(_) => self.odd(value),
        }
    }

    fn finding(&self, parts: Parts) -> Finding {
        let Parts { key, rule, component, line, message, severity, kind, page } = parts;
        let first = message.lines().next().unwrap_or_default();
        let address = page.replace("{project}", &query_value(self.project)).replace("{key}", &query_value(&key));
        let kind = kind.as_deref().map(|kind| match kind {
            "VULNERABILITY" => "Vulnerability",
            "BUG" => "Bug",
            "CODE_SMELL" => "Code smell",
            "SECURITY_HOTSPOT" => "Security hotspot, to be reviewed",
            other => other,
        });
        // Nothing is ever half put into it.
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        Finding {
            fingerprint: Fingerprint::default(),
            class: Class::Sast,
            severity,
            title: pool.text(if first.is_empty() { &rule } else { first }),
            // The title has the message already, if it is one line.
            detail: match kind {
                Some(kind) if first == message => pool.text(kind),
                Some(kind) => pool.text(&format!("{kind}: {message}")),
                None => pool.text(&message),
            },
            location: Location {
                path: self.path(&component).map(|p| pool.text(&p)),
                line,
                column: None,
                logical: None,
            },
            rule: pool.text(&rule),
            snippet: None,
            vulnerabilities: Vec::new(),
            cwe: Vec::new(),
            package: None,
            confidence: None,
            url: self.base.join(&address).ok().map(|u| u.to_string().into()),
            suppressed: None,
            context: None,
            scores: None,
            also: Vec::new(),
            joined: None,
            keys: Vec::new(),
            sources: vec![FindingSource {
                tool: pool.text("SonarQube"),
                tool_version: self.version.clone(),
                report: pool.text(self.report),
                native_id: Some(key.into()),
            }],
        }
    }

    /// What could not be read stays a finding.
    fn odd(&self, value: &Value) -> Read {
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut finding = self.finding(Parts {
            key: text("key"),
            rule: text("rule"),
            component: text("component"),
            line: None,
            message: "An issue that could not be read".to_owned(),
            severity: Severity::Unknown,
            kind: None,
            page: "project/issues?id={project}&issues={key}&open={key}",
        });
        // Without a key it is told apart by the whole of it.
        let id = if text("key").is_empty() { value.to_string() } else { text("key") };
        finding.keys = keys_of(&finding, Rung::ToolId, &id);
        Read::new(&id, finding, self.before)
    }

    /// The path in the repository: the component without the project before it; `None` for the project itself.
    fn path(&self, component: &str) -> Option<String> {
        if component == self.project {
            return None;
        }
        let below = component.strip_prefix(self.project).and_then(|c| c.strip_prefix(':'));
        // A module has a key of its own, in old servers with the branch in it.
        let path = below.unwrap_or_else(|| component.rsplit_once(':').map_or(component, |(_, path)| path));
        (!path.is_empty()).then(|| path.to_owned())
    }
}

/// The severity: the worse of the issue's own and that of its impact on security. An issue with neither has the worst
/// of its other impacts. Newer servers may give impacts only.
fn severity_of(own: Option<&str>, impacts: &[Impact]) -> Severity {
    let own = match own {
        Some("BLOCKER") => Severity::Critical,
        Some("CRITICAL") => Severity::High,
        Some("MAJOR") => Severity::Medium,
        Some("MINOR") => Severity::Low,
        Some("INFO") => Severity::Info,
        _ => Severity::Unknown,
    };
    let of = |impact: &Impact| match impact.severity.as_str() {
        "BLOCKER" => Severity::Critical,
        "HIGH" => Severity::High,
        "MEDIUM" => Severity::Medium,
        "LOW" => Severity::Low,
        "INFO" => Severity::Info,
        _ => Severity::Unknown,
    };
    let security = impacts.iter().filter(|i| i.software_quality == "SECURITY").map(of).min();
    // Unknown is last in the order, so the smaller is the worse that is known.
    match own.min(security.unwrap_or(Severity::Unknown)) {
        Severity::Unknown => impacts.iter().map(of).min().unwrap_or(Severity::Unknown),
        known => known,
    }
}

/// What a finding may be recognised by again: by `strong`, if it is not empty, and by rule, path and message.
fn keys_of(finding: &Finding, rung: Rung, strong: &str) -> Vec<MatchKey> {
    let (tool_id, snippet) = if rung == Rung::ToolId { (strong, "") } else { ("", strong) };
    let path = finding.location.path.as_ref().map_or("", |p| p.raw());
    let (rule, message) = (finding.rule.raw(), finding.title.raw());
    keys_for(&KeyParts { tool: "sonarqube", tool_id, rule, path, snippet, message, ..KeyParts::default() })
}
