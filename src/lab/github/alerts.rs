//! Alerts of code scanning, Dependabot and secret scanning, which can be dismissed.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Github, Repository, shape};
use crate::lab::call::{Call, Reply, lock};

/// GitHub takes no longer comment.
const LONGEST: usize = 280;

/// One alert.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// `code-scanning`, `dependabot` or `secret-scanning`.
    pub kind: String,
    /// Its number, of its kind.
    pub number: u64,
    /// Code scanning: the rule. Dependabot: the advisory. Secret scanning: the type of the secret.
    pub rule: String,
    /// The file, or the manifest.
    #[serde(default)]
    pub path: String,
    /// The line.
    #[serde(default)]
    pub line: u64,
    /// Dependabot: the package.
    #[serde(default)]
    pub package: String,
    /// `open`, `fixed`; the default is `open`.
    #[serde(default = "open")]
    pub state: String,
    /// Why it was dismissed.
    #[serde(skip)]
    pub reason: Option<String>,
    /// What was said of that.
    #[serde(skip)]
    pub comment: Option<String>,
}

fn open() -> String {
    "open".to_owned()
}

impl Alert {
    fn json(&self, repository: &str) -> Value {
        let mut value = json!({
            "number": self.number, "state": self.state, "html_url": shape::security(repository, &self.kind, self.number),
        });
        let more = match self.kind.as_str() {
            "code-scanning" => json!({
                "rule": {"id": self.rule, "severity": "error"}, "tool": {"name": "Semgrep"},
                "most_recent_instance": {"ref": "refs/heads/main", "state": self.state,
                    "location": {"path": self.path, "start_line": self.line, "end_line": self.line}},
                "dismissed_reason": self.reason, "dismissed_comment": self.comment,
            }),
            "dependabot" => json!({
                "dependency": {"package": {"ecosystem": "pip", "name": self.package}, "manifest_path": self.path},
                "security_advisory": {"ghsa_id": "GHSA-aaaa-bbbb-cccc", "cve_id": self.rule,
                    "identifiers": [{"type": "CVE", "value": self.rule}]},
                "dismissed_reason": self.reason, "dismissed_comment": self.comment,
            }),
            _ => json!({"secret_type": self.rule, "resolution": self.reason, "resolution_comment": self.comment}),
        };
        if let (Some(object), Some(more)) = (value.as_object_mut(), more.as_object()) {
            object.extend(more.clone());
        }
        value
    }

    /// Takes what a PATCH says, or gives why not.
    fn change(&mut self, body: &Value) -> Result<(), String> {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let (to, reason, comment, reasons): (_, _, _, &[&str]) = match self.kind.as_str() {
            "code-scanning" => (
                "dismissed",
                "dismissed_reason",
                "dismissed_comment",
                &["false positive", "won't fix", "used in tests"],
            ),
            "dependabot" => (
                "dismissed",
                "dismissed_reason",
                "dismissed_comment",
                &["fix_started", "inaccurate", "no_bandwidth", "not_used", "tolerable_risk"],
            ),
            _ => (
                "resolved",
                "resolution",
                "resolution_comment",
                &["false_positive", "wont_fix", "revoked", "used_in_tests"],
            ),
        };
        match text("state") {
            Some("open") => (self.reason, self.comment) = (None, None),
            Some(state) if state == to => {
                let why = text(reason).filter(|r| reasons.contains(r));
                let why = why.ok_or_else(|| format!("Invalid request. {reason} is not a possible value"))?;
                let said = text(comment).unwrap_or_default();
                if said.chars().count() > LONGEST {
                    return Err(format!("Invalid request. {comment} is too long (maximum is {LONGEST} characters)"));
                }
                if self.state != "open" {
                    return Err("Alert is already closed".to_owned());
                }
                (self.reason, self.comment) = (Some(why.to_owned()), Some(said.to_owned()));
            }
            _ => return Err("Invalid request. state is not a possible value".to_owned()),
        }
        text("state").unwrap_or_default().clone_into(&mut self.state);
        Ok(())
    }
}

impl Github {
    pub(super) fn alerts(&self, call: &Call, repository: &Repository, kind: &str, rest: &[&str]) -> Reply {
        let mut all = lock(&self.alerts);
        let mut ours = all.iter_mut().filter(|(of, a)| *of == repository.name && a.kind == kind).map(|(_, a)| a);
        match (call.method.as_str(), rest) {
            ("GET", []) => {
                let named = |a: &&mut Alert| call.param("package").is_none_or(|p| p == a.package);
                let found: Vec<Value> = ours.filter(named).map(|a| a.json(&repository.name)).collect();
                let (page, size) = super::page_of(call, 30);
                let shown: Vec<&Value> = found.iter().skip((page - 1) * size).take(size).collect();
                let reply = Reply::ok(&json!(shown));
                match super::link(call, found.len()) {
                    Some(link) => reply.with("link", link),
                    None => reply,
                }
            }
            (method, [number]) => match (method, ours.find(|a| number.parse() == Ok(a.number))) {
                ("GET", Some(alert)) => Reply::ok(&alert.json(&repository.name)),
                ("PATCH", Some(alert)) => match alert.change(&call.json().unwrap_or_default()) {
                    Ok(()) => Reply::ok(&alert.json(&repository.name)),
                    Err(why) => shape::refuse(if why.contains("already") { 400 } else { 422 }, &why),
                },
                _ => shape::refuse(404, "Not Found"),
            },
            _ => shape::refuse(404, "Not Found"),
        }
    }

    /// See [`super::super::Running::dismiss_alert`].
    pub fn dismiss(&self, repository: &str, kind: &str, number: u64, reason: &str) -> bool {
        let mut all = lock(&self.alerts);
        let found = all.iter_mut().find(|(of, a)| of == repository && a.kind == kind && a.number == number);
        let body = json!({"state": "dismissed", "dismissed_reason": reason});
        found.is_some_and(|(_, alert)| alert.change(&body).is_ok())
    }

    /// See [`super::super::Running::alert`].
    pub fn alert(&self, repository: &str, kind: &str, number: u64) -> Value {
        let all = lock(&self.alerts);
        let found = all.iter().find(|(of, a)| of == repository && a.kind == kind && a.number == number);
        found.map(|(of, a)| a.json(of)).unwrap_or_default()
    }
}
