//! DefectDojo, as far as findings are looked for, closed and accepted there.

use std::sync::Mutex;

use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::{Claim, Ways, claim};
use super::call::{Call, Reply, StandIn, lock};
use super::running::Credential;
use super::world::World;

/// One finding.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// The product that it is of.
    pub product: String,
    /// The engagement that it was found in.
    #[serde(default)]
    pub engagement: String,
    /// Its title.
    pub title: String,
    /// The component.
    #[serde(default)]
    pub component: Option<String>,
    /// The component's version.
    #[serde(default)]
    pub version: Option<String>,
    /// The file.
    #[serde(default)]
    pub file: Option<String>,
    /// The line.
    #[serde(default)]
    pub line: Option<u64>,
    /// Ids of vulnerability databases.
    #[serde(default)]
    pub vulnerabilities: Vec<String>,
    /// The tool's rule.
    #[serde(default)]
    pub rule: Option<String>,
    /// Whether it is the duplicate of another.
    #[serde(default)]
    pub duplicate: bool,
}

struct Held {
    id: u64,
    found: Found,
    active: bool,
    false_p: bool,
    out_of_scope: bool,
    accepted: bool,
    mitigated: bool,
    notes: Vec<String>,
}

impl Held {
    fn json(&self, related: bool) -> Value {
        let f = &self.found;
        let ids: Vec<Value> = f.vulnerabilities.iter().map(|id| json!({"vulnerability_id": id})).collect();
        let notes: Vec<Value> = self.notes.iter().map(|n| json!({"entry": n, "private": false})).collect();
        let mut value = json!({
            "id": self.id, "title": f.title, "severity": "High", "active": self.active, "verified": false,
            "false_p": self.false_p, "duplicate": f.duplicate, "out_of_scope": self.out_of_scope,
            "risk_accepted": self.accepted, "is_mitigated": self.mitigated, "component_name": f.component,
            "component_version": f.version, "file_path": f.file, "line": f.line, "vuln_id_from_tool": f.rule,
            "unique_id_from_tool": null, "vulnerability_ids": ids, "notes": notes,
        });
        if let (true, Some(object)) = (related, value.as_object_mut()) {
            let engagement = json!({"id": 1, "name": f.engagement, "product": {"id": 1, "name": f.product}});
            object.insert(
                "related_fields".to_owned(),
                json!({"test": {"id": 1, "engagement": engagement}, "jira": null}),
            );
        }
        value
    }

    fn fits(&self, call: &Call) -> bool {
        let part = |name: &str, of: Option<&str>| {
            call.param(name).is_none_or(|p| of.is_some_and(|of| of.to_lowercase().contains(&p.to_lowercase())))
        };
        let f = &self.found;
        call.param("product_name").is_none_or(|p| p.eq_ignore_ascii_case(&f.product))
            && call.param("duplicate").is_none_or(|d| (d == "true") == f.duplicate)
            && part("component_name", f.component.as_deref())
            && part("file_path", f.file.as_deref())
            && part("title", Some(&f.title))
    }
}

/// The stand-in.
pub struct Defectdojo {
    credential: Credential,
    held: Mutex<Vec<Held>>,
    acceptances: Mutex<Vec<Value>>,
}

impl Defectdojo {
    /// A DefectDojo that holds the findings of a world.
    pub fn new(world: &World, credential: Credential) -> Self {
        let held = world.dojo.iter().zip(1..).map(|(found, id)| Held {
            id,
            found: found.clone(),
            active: !found.duplicate,
            false_p: false,
            out_of_scope: false,
            accepted: false,
            mitigated: false,
            notes: Vec::new(),
        });
        Self { credential, held: Mutex::new(held.collect()), acceptances: Mutex::default() }
    }

    fn list(&self, call: &Call) -> Reply {
        let (limit, offset) = (call.number("limit", 25), call.number("offset", 0));
        let related = call.param("related_fields") == Some("true");
        let held = lock(&self.held);
        let all: Vec<Value> = held.iter().filter(|h| h.fits(call)).map(|h| h.json(related)).collect();
        let count = all.len();
        // The address that it takes for its own.
        let next = (offset + limit < count)
            .then(|| format!("http://dojo.acme.example/api/v2/findings/?offset={}", offset + limit));
        let page: Vec<Value> = all.into_iter().skip(offset).take(limit).collect();
        Reply::ok(&json!({"count": count, "next": next, "previous": null, "results": page}))
    }

    fn close(&self, id: &str, call: &Call) -> Reply {
        let body = call.json().unwrap_or_default();
        for name in ["is_mitigated", "mitigated", "false_p", "out_of_scope", "duplicate"] {
            if body.get(name).is_some_and(Value::is_null) {
                return field(name, "This field may not be null.");
            }
        }
        let yes = |name: &str| body.get(name).and_then(Value::as_bool).unwrap_or(false);
        let mut held = lock(&self.held);
        let Some(found) = held.iter_mut().find(|h| id.parse() == Ok(h.id)) else { return nowhere() };
        found.active = false;
        found.mitigated = yes("is_mitigated");
        found.false_p = yes("false_p");
        found.out_of_scope = yes("out_of_scope");
        found.notes.extend(body.get("note").and_then(Value::as_str).filter(|n| !n.is_empty()).map(str::to_owned));
        Reply::ok(
            &json!({"is_mitigated": found.mitigated, "false_p": found.false_p, "out_of_scope": found.out_of_scope}),
        )
    }

    fn accept(&self, call: &Call) -> Reply {
        let body = call.json().unwrap_or_default();
        for name in ["name", "accepted_findings", "owner"] {
            if body.get(name).is_none_or(Value::is_null) {
                return field(name, "This field is required.");
            }
        }
        let ids: Vec<u64> = body
            .get("accepted_findings")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_u64)
            .collect();
        let mut held = lock(&self.held);
        if let Some(id) = ids.iter().find(|id| !held.iter().any(|h| h.id == **id)) {
            return field("accepted_findings", &format!("Invalid pk \"{id}\" - object does not exist."));
        }
        for found in held.iter_mut().filter(|h| ids.contains(&h.id)) {
            (found.accepted, found.active) = (true, false);
        }
        lock(&self.acceptances).push(body.clone());
        Reply::json(201, &body)
    }

    /// See [`super::Running::dojo_finding`].
    pub fn finding(&self, title: &str) -> Value {
        lock(&self.held).iter().find(|h| h.found.title == title).map(|h| h.json(false)).unwrap_or_default()
    }

    /// See [`super::Running::dojo_acceptances`].
    pub fn acceptances(&self) -> Vec<Value> {
        lock(&self.acceptances).clone()
    }
}

fn field(name: &str, why: &str) -> Reply {
    Reply::json(400, &json!({name: [why]}))
}

fn nowhere() -> Reply {
    Reply::json(404, &json!({"detail": "Not found."}))
}

impl StandIn for Defectdojo {
    fn answer(&self, call: &Call) -> Reply {
        // A bearer is another way of signing in there, and no API key.
        let token = call.header("authorization").is_some_and(|h| h.starts_with("Token "));
        let ways = Ways { basic: false, token_as_user: false, bearer: true };
        if !token || claim(call, ways, &self.credential.user, &self.credential.secret) != Claim::Known {
            return Reply::json(403, &json!({"detail": "Authentication credentials were not provided."}));
        }
        match (call.method.as_str(), call.route().as_slice()) {
            ("GET", ["api", "v2", "user_profile"]) => {
                Reply::ok(&json!({"user": {"id": 3, "username": self.credential.user}}))
            }
            ("GET", ["api", "v2", "findings"]) => self.list(call),
            ("POST", ["api", "v2", "findings", id, "close"]) => self.close(id, call),
            ("POST", ["api", "v2", "risk_acceptance"]) => self.accept(call),
            _ => nowhere(),
        }
    }
}
