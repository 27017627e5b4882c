//! The form of a decision. It freezes what it is about: a refresh changes nothing of it but says that it is out of date.

use std::collections::BTreeSet;

use crate::domain::decision::{ReceiptStatus, Verb};
use crate::domain::dossier::Count;
use crate::domain::ids::{Digest, GateId};
use crate::domain::time::Timestamp;
use crate::domain::verdict::{Level, Outcome, Violation};
use crate::text::Untrusted;
use crate::tui::effect::RequestId;
use crate::tui::msg::{DecisionPreview, DecisionResult};

use super::form::{Field, Focus, Form};
use super::gates::GateEntry;

/// The label of the reason.
pub const REASON: &str = "Reason";
/// The label of the gate's input.
pub const OPTION: &str = "Input";
/// The label of the name to be typed before a halt.
pub const NAME: &str = "Service";

/// What a form is about, as it was when the form was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The gate.
    pub gate: GateId,
    /// The release's short address, safe to display.
    pub release: String,
    /// The name to be typed before a halt, safe to display.
    pub service: String,
    /// Which time the gate was asked.
    pub attempt: String,
    /// The dossier that was on the screen.
    pub digest: Digest,
    /// Its findings.
    pub findings: Count,
    /// Its verdict.
    pub verdict: Outcome,
    /// Why it may not be approved, each in a sentence.
    pub against: Vec<String>,
    /// What is to be known before it is approved, each in a sentence.
    pub warnings: Vec<String>,
    /// The pieces of evidence that are not all there.
    pub missing: Vec<String>,
    /// The inputs to choose from.
    pub options: Vec<Untrusted>,
    /// The pieces of evidence that were opened, by name.
    pub viewed: BTreeSet<String>,
}

impl Subject {
    /// Of a gate as it is now; `None` if there is no dossier of it.
    pub fn of(entry: &GateEntry) -> Option<Self> {
        let dossier = entry.dossier.as_ref()?;
        let safe = |text: &str| crate::text::line(text).into_owned();
        let sentence = |r: &Violation| format!("{} [{}]", safe(&r.text), safe(&r.id));
        let mut against: Vec<String> = dossier.verdict.blocking().map(sentence).collect();
        let warnings = dossier.verdict.reasons.iter().filter(|r| r.level == Level::Warn).map(sentence).collect();
        if dossier.service.is_none() && against.is_empty() {
            against
                .push("No [[service]] of the configuration fits this gate, so nothing says what it needs.".to_owned());
        }
        match dossier.verdict.result {
            Outcome::Unknown => against.push("The policy has not judged it.".to_owned()),
            Outcome::Block if against.is_empty() => against.push("The policy blocks it.".to_owned()),
            _ => {}
        }
        Some(Self {
            gate: entry.row.gate.id.clone(),
            release: dossier.release.short(),
            service: safe(&dossier.release.service),
            attempt: dossier.gate.attempt.clone(),
            digest: dossier.digest.clone(),
            findings: dossier.count(),
            verdict: dossier.verdict.result,
            against,
            warnings,
            missing: dossier.missing(),
            options: dossier.gate.options.clone(),
            viewed: entry.viewed.clone(),
        })
    }

    /// Whether the gate, as it is now, is still what this speaks of; else in what it differs.
    pub fn differs(&self, entry: &GateEntry) -> Option<String> {
        if entry.gone {
            return Some("The gate is no longer open.".to_owned());
        }
        if entry.row.gate.attempt != self.attempt {
            return Some("The gate is being asked anew: its stage was restarted.".to_owned());
        }
        let now = entry.dossier.as_ref()?;
        (now.digest != self.digest).then(|| {
            format!("The evidence changed while this form was open: its digest is {} now.", now.digest.short())
        })
    }
}

/// How far a decision is.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// It cannot be made.
    Refused,
    /// The form is filled in.
    Edit,
    /// The evidence is fetched again.
    Preparing,
    /// The person looks at what would be signed and sent.
    Confirm(Box<DecisionPreview>),
    /// The signer was asked; `touch_until` if the key waits for a touch.
    Signing {
        /// Until when.
        touch_until: Option<Timestamp>,
    },
    /// It is signed, and on its way.
    Following,
    /// It came to its end.
    Done {
        /// How.
        result: DecisionResult,
        /// In a sentence.
        text: String,
        /// What was last seen at the orchestrator.
        receipt: Option<ReceiptStatus>,
    },
}

/// The form of a decision.
#[derive(Debug, Clone, PartialEq)]
pub struct DecideForm {
    /// This run of the form; another one after every look at the evidence.
    pub request: RequestId,
    /// What is decided.
    pub verb: Verb,
    /// What it is about.
    pub subject: Subject,
    /// The fields.
    pub form: Form,
    /// How far it is.
    pub stage: Stage,
    /// Why what it is about is out of date.
    pub stale: Option<String>,
    /// The steps that were made.
    pub steps: Vec<String>,
    /// How far its text is scrolled.
    pub scroll: usize,
}

impl DecideForm {
    /// A form over a subject, the focus on Cancel.
    pub fn new(request: RequestId, verb: Verb, subject: Subject) -> Self {
        let mut fields = vec![Field::text(REASON, "Why; it is signed and kept.", "")];
        if verb == Verb::Approve && !subject.options.is_empty() {
            let options = subject.options.iter().map(|o| o.line().into_owned()).collect();
            fields.push(Field::choice(OPTION, "What the gate is answered with.", options));
        }
        if verb == Verb::Halt {
            fields.push(Field::text(NAME, format!("Type {} to stop its run.", subject.service), ""));
        }
        let refused = verb == Verb::Approve && !subject.against.is_empty();
        let stage = if refused { Stage::Refused } else { Stage::Edit };
        let form = Form::new(if refused { Vec::new() } else { fields });
        Self { request, verb, subject, form, stage, stale: None, steps: Vec::new(), scroll: 0 }
    }

    /// Whether characters go into a field.
    pub fn is_typing(&self) -> bool {
        self.stage == Stage::Edit && self.form.is_typing()
    }

    /// Whether it counts seconds.
    pub fn is_counting(&self) -> bool {
        matches!(self.stage, Stage::Signing { touch_until: Some(_) })
    }

    /// Whether what it is about may still change.
    pub fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Refused | Stage::Edit | Stage::Preparing | Stage::Confirm(_))
    }

    /// The words of the two buttons; the second may be missing.
    pub fn buttons(&self) -> (&'static str, Option<&'static str>) {
        let look_again = self.stale.as_ref().map(|_| "Look again");
        match &self.stage {
            Stage::Refused | Stage::Preparing => ("Cancel", look_again),
            Stage::Edit => ("Cancel", look_again.or(Some("Review"))),
            Stage::Confirm(preview) if preview.refusal.is_some() || !preview.differences.is_empty() => {
                ("Cancel", look_again)
            }
            Stage::Confirm(preview) => ("Cancel", look_again.or(Some(preview.button()))),
            Stage::Signing { .. } => ("Do not sign", None),
            Stage::Following => ("Go on in the background", None),
            Stage::Done { .. } => ("Close", None),
        }
    }

    /// What is wrong with what was filled in.
    pub fn problem(&self) -> Option<(usize, String)> {
        let place = |label| self.form.fields.iter().position(|f| f.label == label).unwrap_or_default();
        if crate::text::is_blank(&self.form.text(REASON)) {
            return Some((place(REASON), "A reason is needed.".to_owned()));
        }
        if self.verb == Verb::Halt && self.form.text(NAME) != self.subject.service {
            return Some((place(NAME), format!("Type {} to stop its run.", self.subject.service)));
        }
        None
    }

    /// The input that was chosen.
    pub fn option(&self) -> Option<Untrusted> {
        self.subject.options.get(self.form.chosen(OPTION)?).cloned()
    }

    /// Goes on to another stage, the focus on Cancel and the text at its beginning.
    pub fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.form.focus = Focus::Cancel;
        self.form.problem = None;
        self.scroll = 0;
    }
}
