//! What people do with issues and hotspots: transitions, comments, reviews.

use serde_json::{Value, json};

use super::issues::Kept;
use super::{Held, Hotspot, Sonarqube, hotspot_key, refuse};
use crate::lab::call::{Call, Reply, lock};

/// The fields of a form.
fn form(call: &Call) -> Vec<(String, String)> {
    url::form_urlencoded::parse(&call.body).into_owned().collect()
}

fn field(form: &[(String, String)], name: &str) -> Option<String> {
    form.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.clone())
}

fn missing(name: &str) -> Reply {
    refuse(400, &format!("The '{name}' parameter is missing"))
}

impl Kept {
    /// What may be done with it now: what was resolved by a person can only be reopened.
    fn transitions(&self) -> &'static [&'static str] {
        match self.status() {
            "OPEN" => &["accept", "confirm", "resolve", "falsepositive"],
            "CONFIRMED" => &["accept", "unconfirm", "resolve", "falsepositive"],
            "FALSE_POSITIVE" | "ACCEPTED" => &["reopen"],
            _ => &[],
        }
    }

    /// As JSON, with the fields that were asked for besides.
    pub fn with(&self, more: &[&str]) -> Value {
        let mut value = self.json();
        let asked = |name: &str| more.contains(&name) || more.contains(&"_all");
        if let Some(object) = value.as_object_mut() {
            if asked("transitions") {
                object.insert("transitions".to_owned(), json!(self.transitions()));
            }
            if asked("comments") {
                let all = self.comments().iter().enumerate();
                let all: Vec<Value> = all
                    .map(|(n, text)| {
                        let html = text.replace('&', "&amp;").replace('<', "&lt;");
                        json!({"key": format!("C{n}"), "login": "demo", "htmlText": html, "markdown": text, "updatable": true})
                    })
                    .collect();
                object.insert("comments".to_owned(), json!(all));
            }
        }
        value
    }
}

impl Sonarqube {
    fn change(&self, key: Option<&str>, change: impl FnOnce(&mut Kept) -> Result<(), Reply>) -> Reply {
        let Some(key) = key else { return missing("issue") };
        let mut projects = lock(&self.projects);
        let Some(issue) = projects.iter_mut().flat_map(|h| &mut h.issues).find(|i| i.key() == key) else {
            return refuse(404, &format!("Issue with key '{key}' does not exist"));
        };
        match change(issue) {
            Ok(()) => Reply::ok(&json!({"issue": issue.with(&["_all"]), "components": [], "rules": [], "users": []})),
            Err(reply) => reply,
        }
    }

    pub(super) fn transition(&self, call: &Call) -> Reply {
        let form = form(call);
        let Some(wanted) = field(&form, "transition") else { return missing("transition") };
        self.change(field(&form, "issue").as_deref(), |issue| {
            if !issue.transitions().contains(&wanted.as_str()) {
                let text = format!("Transition from state {} does not exist: {wanted}", issue.status());
                return Err(refuse(400, &text));
            }
            issue.become_status(match wanted.as_str() {
                "accept" => "ACCEPTED",
                "falsepositive" => "FALSE_POSITIVE",
                "confirm" => "CONFIRMED",
                "resolve" => "FIXED",
                _ => "OPEN",
            });
            Ok(())
        })
    }

    pub(super) fn comment(&self, call: &Call) -> Reply {
        let form = form(call);
        let Some(text) = field(&form, "text") else { return missing("text") };
        self.change(field(&form, "issue").as_deref(), |issue| {
            issue.remark(text);
            Ok(())
        })
    }

    pub(super) fn hotspot(&self, call: &Call) -> Reply {
        let Some(key) = call.param("hotspot") else { return missing("hotspot") };
        let mut projects = lock(&self.projects);
        let Some((held, at)) = find(&mut projects, key) else { return nowhere(key) };
        let Some(hotspot) = held.project.hotspots.get(at) else { return nowhere(key) };
        let said: Vec<Value> = held
            .remarks
            .iter()
            .filter(|(of, _)| of == key)
            .map(|(_, text)| json!({"login": "demo", "htmlText": text, "markdown": text}))
            .collect();
        let project = &held.project.key;
        let mut value = json!({
            "key": key, "component": {"key": format!("{project}:{}", hotspot.file), "path": hotspot.file},
            "project": {"key": project, "name": project, "longName": project},
            "rule": {"key": hotspot.rule, "name": hotspot.rule, "securityCategory": hotspot.category,
                     "vulnerabilityProbability": hotspot.probability},
            "status": status(hotspot), "line": hotspot.line, "message": hotspot.message.0, "comment": said,
            "changelog": [], "canChangeStatus": true,
        });
        if let (Some(resolution), Some(object)) = (&hotspot.resolution, value.as_object_mut()) {
            object.insert("resolution".to_owned(), json!(resolution));
        }
        Reply::ok(&value)
    }

    pub(super) fn review(&self, call: &Call) -> Reply {
        let form = form(call);
        let (Some(key), Some(to)) = (field(&form, "hotspot"), field(&form, "status")) else {
            return missing("hotspot");
        };
        let resolution = field(&form, "resolution");
        match (to.as_str(), resolution.as_deref()) {
            ("TO_REVIEW", None) | ("REVIEWED", Some("FIXED" | "SAFE" | "ACKNOWLEDGED")) => {}
            ("REVIEWED", None) => return refuse(400, "Argument 'REVIEWED' requires a resolution"),
            _ => return refuse(400, &format!("Invalid value: {to}")),
        }
        let mut projects = lock(&self.projects);
        let Some((held, at)) = find(&mut projects, &key) else { return nowhere(&key) };
        let Some(hotspot) = held.project.hotspots.get_mut(at) else { return nowhere(&key) };
        let same = status(hotspot) == to && hotspot.resolution == resolution;
        hotspot.status = Some(to);
        hotspot.resolution = resolution;
        // A status that it has already is taken without a word, and the comment is dropped.
        if !same && let Some(text) = field(&form, "comment") {
            held.remarks.push((key, text));
        }
        Reply::empty(204)
    }

    /// See [`super::super::Running::issue`].
    pub fn issue(&self, key: &str) -> Option<Value> {
        let projects = lock(&self.projects);
        projects.iter().flat_map(|h| &h.issues).find(|i| i.key() == key).map(|i| i.with(&["_all"]))
    }

    /// See [`super::super::Running::set_issue`].
    pub fn set_issue(&self, key: &str, status: &str) -> bool {
        let mut projects = lock(&self.projects);
        let found = projects.iter_mut().flat_map(|h| &mut h.issues).find(|i| i.key() == key);
        found.map(|i| i.become_status(status)).is_some()
    }
}

fn status(hotspot: &Hotspot) -> String {
    hotspot.status.clone().unwrap_or_else(|| "TO_REVIEW".to_owned())
}

fn find<'a>(projects: &'a mut [Held], key: &str) -> Option<(&'a mut Held, usize)> {
    projects.iter_mut().find_map(|held| {
        let at = (0..held.project.hotspots.len()).find(|i| hotspot_key(&held.project, *i) == key)?;
        Some((held, at))
    })
}

fn nowhere(key: &str) -> Reply {
    refuse(404, &format!("Hotspot '{key}' does not exist"))
}
