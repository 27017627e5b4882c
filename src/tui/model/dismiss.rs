//! The form of a dismissal, of one finding or several.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::dossier::Dossier;
use crate::domain::finding::Finding;
use crate::domain::ids::{Digest, Fingerprint, GateId};
use crate::domain::release::Release;
use crate::domain::time::{Timestamp, parse_duration};
use crate::domain::triage::{Justification, Scope, Status, Triaged};
use crate::text::Untrusted;
use crate::tui::effect::{Dismissing, RequestId};

use super::form::{Field, Form};

const STATUS: &str = "Status";
const JUSTIFICATION: &str = "Justification";
const DETAIL: &str = "Reasoning";
const SCOPE: &str = "Scope";
const EXPIRES: &str = "Expires in";

/// The form of a dismissal.
#[derive(Debug, Clone, PartialEq)]
pub struct DismissForm {
    /// This run of the form.
    pub request: RequestId,
    /// The gate in whose dossier the findings were seen.
    pub gate: GateId,
    /// The release.
    pub release: Release,
    /// The dossier that was on the screen.
    pub digest: Digest,
    /// The findings, as they were then.
    pub findings: Vec<Arc<Finding>>,
    /// The reasoning of an earlier dismissal that does not hold any more, in lines that are safe to display.
    pub earlier: Vec<String>,
    /// The fields.
    pub form: Form,
    /// Whether it was sent off.
    pub busy: bool,
    /// Until when the key waits for a touch.
    pub touch_until: Option<Timestamp>,
    /// Why what it is about is out of date.
    pub stale: Option<String>,
    /// How far its text is scrolled.
    pub scroll: usize,
}

impl DismissForm {
    /// A form over those findings of `wanted` that are open in `dossier`; `None` if there are none.
    pub fn new(request: RequestId, dossier: &Arc<Dossier>, wanted: &BTreeSet<Fingerprint>) -> Option<Self> {
        let found = |t: &&Triaged| t.is_open() && wanted.contains(&t.finding.fingerprint);
        let findings: Vec<&Triaged> = dossier.findings.iter().filter(found).collect();
        let first = findings.first()?;
        let mut earlier = Vec::new();
        if let (Some((carried, lapse)), 1) = (first.suggestion.as_deref(), findings.len()) {
            let d = &carried.dismissal;
            earlier.push(format!("Earlier: {} by {}; {}.", d.status.word(), d.principal, lapse.words()));
            earlier.push(d.detail.line().into_owned());
        }
        let release = dossier.release.clone();
        let safe = |text: &str| crate::text::line(text).into_owned();
        let (service, environment) = (safe(&release.service), safe(&release.environment));
        let none = "none".to_owned();
        let words = |all: &[&str]| all.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let fields = vec![
            Field::choice(STATUS, "What is said of it.", words(&Status::ALL.map(Status::word))),
            Field::choice(
                JUSTIFICATION,
                "Why it does not matter; needed for not-affected.",
                std::iter::once(none).chain(words(&Justification::ALL.map(Justification::word))).collect(),
            ),
            Field::text(DETAIL, "In your own words; it is signed and shown with the finding.", ""),
            Field::choice(
                SCOPE,
                "Where it holds.",
                vec![
                    format!("{service} in {environment}"),
                    service.clone(),
                    format!("{service} {} alone", release.version.line()),
                    "everywhere".to_owned(),
                ],
            ),
            Field::text(EXPIRES, "90d, 12h, 2w; needed for accepted. Empty: never.", crate::domain::triage::EXPIRES),
        ];
        Some(Self {
            request,
            gate: dossier.gate.id.clone(),
            release,
            digest: dossier.digest.clone(),
            findings: findings.iter().map(|t| Arc::clone(&t.finding)).collect(),
            earlier,
            form: Form::new(fields),
            busy: false,
            touch_until: None,
            stale: None,
            scroll: 0,
        })
    }

    /// Whether characters go into a field.
    pub fn is_typing(&self) -> bool {
        !self.busy && self.form.is_typing()
    }

    /// The words of the two buttons; the second may be missing.
    pub fn buttons(&self) -> (&'static str, Option<&'static str>) {
        match (self.busy, &self.stale) {
            (true, _) => ("Do not sign", None),
            (false, Some(_)) => ("Cancel", Some("Look again")),
            (false, None) => ("Cancel", Some("Sign the dismissal")),
        }
    }

    /// The same form over the evidence as it is now, with what was filled in; `None` if none of the findings is open.
    pub fn look_again(&self, request: RequestId, dossier: &Arc<Dossier>) -> Option<Self> {
        let wanted = self.findings.iter().map(|f| f.fingerprint).collect();
        let mut again = Self::new(request, dossier, &wanted)?;
        again.form.fields.clone_from(&self.form.fields);
        Some(again)
    }

    /// What is to be signed; else the place of the field that is wrong, and why.
    pub fn dismissing(&self) -> Result<Dismissing, (usize, String)> {
        let place = |label| self.form.fields.iter().position(|f| f.label == label).unwrap_or_default();
        let wrong = |label, why: &str| Err((place(label), why.to_owned()));
        let chosen = |label| self.form.chosen(label).unwrap_or_default();
        let status = Status::ALL.get(chosen(STATUS)).copied().unwrap_or(Status::FalsePositive);
        let justification = chosen(JUSTIFICATION).checked_sub(1).and_then(|i| Justification::ALL.get(i)).copied();
        let detail = self.form.text(DETAIL);
        let expires = match self.form.text(EXPIRES).as_str() {
            "" => None,
            text => match parse_duration(text) {
                Some(duration) if duration > Duration::ZERO => Some(duration),
                _ => return wrong(EXPIRES, "That is not a length of time: write 90d, 12h or 2w."),
            },
        };
        if status == Status::NotAffected && justification.is_none() {
            return wrong(JUSTIFICATION, "Not-affected needs a justification.");
        }
        if crate::text::is_blank(&detail) {
            return wrong(DETAIL, "The reasoning is needed: whoever sees the finding next will want to know.");
        }
        if status == Status::Accepted && expires.is_none() {
            return wrong(EXPIRES, "Accepted needs an end.");
        }
        Ok(Dismissing {
            request: self.request,
            gate: self.gate.clone(),
            dossier: self.digest.clone(),
            findings: self.findings.clone(),
            status,
            justification,
            detail: Untrusted::new(detail),
            scope: self.scope(chosen(SCOPE)),
            expires,
        })
    }

    fn scope(&self, chosen: usize) -> Scope {
        let service = Some(self.release.service.clone());
        match chosen {
            0 => Scope { service, environment: Some(self.release.environment.clone()), ..Scope::default() },
            1 => Scope { service, ..Scope::default() },
            2 => Scope { service, version: Some(self.release.version.clone()), ..Scope::default() },
            _ => Scope::default(),
        }
    }
}

/// A finding in a line for people, safe to display.
pub fn describe(f: &Finding) -> String {
    format!("{} {} {} ({})", f.severity.word(), f.rule.line(), f.title.line(), f.place())
}
