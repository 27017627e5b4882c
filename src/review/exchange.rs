//! Dismissals from and for other tools: what is dismissed in a release as a document, and documents as a plan to sign.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::triage::Said;
use crate::domain::dossier::Dossier;
use crate::domain::exchange::{self, Export, Fate, Format, Header, Import, Proposals, Statement};
use crate::domain::finding::{Finding, Rung};
use crate::domain::time::{Timestamp, parse_duration};
use crate::domain::triage::{Dismissal, EXPIRES, Justification, Scope, Status};
use crate::error::{AppError, ErrorKind};
use crate::text::Untrusted;

/// What is dismissed in a release, as a document.
pub fn export(dossier: &Dossier, format: Format, author: &str, now: Timestamp) -> Result<Export, AppError> {
    let statements: Vec<Statement> = dossier
        .findings
        .iter()
        .filter_map(|t| Some(Statement::of(&t.dismissal.as_ref()?.dismissal, Some(&t.finding), &dossier.release)))
        .collect();
    let header = Header { release: &dossier.release, author, now };
    exchange::export(format, &statements, &header).map_err(|e| AppError::internal(e.to_string()))
}

/// A document that was read.
#[derive(Debug, Clone)]
pub struct Document {
    /// The file, safe to display.
    pub file: String,
    /// What is in it.
    pub import: Import,
}

/// What stands in for what a document does not say.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Where it holds.
    pub scope: Scope,
    /// Until when; the inner `None` is for ever.
    pub expires: Option<Option<Timestamp>>,
    /// Why what is not affected is not.
    pub justification: Option<Justification>,
}

/// What would be signed, and what not.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// To be signed.
    pub take: Vec<Take>,
    /// For a person to say of each finding.
    pub suggested: Vec<Suggested>,
    /// In the ledger already, or said by what stands there.
    pub known: Vec<Left>,
    /// Not taken.
    pub not_taken: Vec<Left>,
}

/// A statement that is to be signed.
#[derive(Debug, Clone)]
pub struct Take {
    /// The document.
    pub file: String,
    /// The format that it was in.
    pub format: Format,
    /// The statement.
    pub statement: Statement,
    /// The record that would be signed.
    pub said: Said,
    /// By what the finding was recognised.
    pub rung: Rung,
}

/// A statement that may be meant for findings.
#[derive(Debug, Clone)]
pub struct Suggested {
    /// The document.
    pub file: String,
    /// The statement.
    pub statement: Statement,
    /// The findings.
    pub findings: Vec<Arc<Finding>>,
    /// Why it is not taken for them.
    pub why: String,
}

/// A statement that nothing comes of.
#[derive(Debug, Clone)]
pub struct Left {
    /// The document.
    pub file: String,
    /// Where in it; empty where that is not known.
    pub place: String,
    /// What it is about.
    pub subject: Untrusted,
    /// Why, as a sentence.
    pub why: String,
}

/// What would come of documents over a release.
pub fn plan(
    dossier: &Dossier,
    dismissals: &[Dismissal],
    documents: Vec<Document>,
    asked: &Asked,
    now: Timestamp,
) -> Plan {
    let mut plan = Plan::default();
    let mut all: Vec<(String, Format, Statement)> = Vec::new();
    for Document { file, import } in documents {
        let left = |o: exchange::Omission| Left { file: file.clone(), place: o.place, subject: o.subject, why: o.why };
        plan.not_taken.extend(import.not_taken.into_iter().map(left));
        all.extend(import.statements.into_iter().map(|s| (file.clone(), import.format, s)));
    }
    let statements: Vec<&Statement> = all.iter().map(|(_, _, s)| s).collect();
    let over = Proposals { findings: &dossier.findings, dismissals, release: &dossier.release, now };
    let fates = exchange::propose(&statements, &over);
    for (fate, (file, format, statement)) in fates.into_iter().zip(all) {
        let left = |why| {
            let subject = Untrusted::new(statement.name());
            Left { file: file.clone(), place: String::new(), subject, why }
        };
        match fate {
            Fate::Take(finding, rung) => {
                let said = said(finding, &statement, format, asked, now);
                plan.take.push(Take { file, format, statement, said, rung });
            }
            Fate::Suggest(findings, why) => plan.suggested.push(Suggested { file, statement, findings, why }),
            Fate::Known(why) => plan.known.push(left(why)),
            Fate::NotTaken(why) => plan.not_taken.push(left(why)),
        }
    }
    plan
}

/// The record that an approver signs of a statement.
fn said(finding: Arc<Finding>, statement: &Statement, format: Format, asked: &Asked, now: Timestamp) -> Said {
    let by_default = || parse_duration(EXPIRES).map(|length| now.plus(length));
    let expires = match (statement.expires, asked.expires) {
        (Some(end), _) => Some(end),
        (None, Some(asked)) => asked,
        // One of ours says what it was signed with; and a risk is accepted until a day that a person names.
        (None, None) if statement.record.is_some() || statement.status == Status::Accepted => None,
        (None, None) => by_default(),
    };
    let asked_why = asked.justification.filter(|_| statement.status == Status::NotAffected);
    Said {
        finding,
        status: statement.status,
        justification: statement.justification.or(asked_why),
        detail: statement.imported(format),
        scope: statement.scope.clone().unwrap_or_else(|| asked.scope.clone()),
        expires,
    }
}

impl Plan {
    /// What a person has yet to say, before it can be signed.
    pub fn lacks(&self) -> Result<(), AppError> {
        let of = |is: fn(&Said) -> bool| -> Vec<String> {
            self.take.iter().filter(|t| is(&t.said)).map(|t| t.statement.name()).collect()
        };
        let risks = of(|s| s.status == Status::Accepted && s.expires.is_none());
        if !risks.is_empty() {
            let names = names(&risks);
            return Err(AppError::usage(format!("A risk is accepted without a day on which it comes back: {names}."))
                .hint("Give one with --expires 90d: for what the documents give no end."));
        }
        let reasons = of(|s| s.status == Status::NotAffected && s.justification.is_none());
        if !reasons.is_empty() {
            let known: Vec<&str> = Justification::ALL.iter().map(|j| j.word()).collect();
            let names = names(&reasons);
            return Err(AppError::usage(format!("What is not affected needs a justification that is known: {names}."))
                .hint(format!(
                    "Give one with --justification, for what the documents give none: {}.",
                    known.join(", ")
                )));
        }
        Ok(())
    }

    /// The records to sign.
    pub fn records(&self) -> Vec<Said> {
        self.take.iter().map(|t| t.said.clone()).collect()
    }

    /// How many statements come to what.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        BTreeMap::from([
            ("taken", self.take.len()),
            ("suggested", self.suggested.len()),
            ("known", self.known.len()),
            ("notTaken", self.not_taken.len()),
        ])
    }
}

/// The first few names, and how many more.
fn names(all: &[String]) -> String {
    let first: Vec<&str> = all.iter().take(5).map(String::as_str).collect();
    let more = all.len() - first.len();
    if more == 0 { first.join(", ") } else { format!("{} and {more} more", first.join(", ")) }
}

/// Reads a document.
pub fn read(file: &str, bytes: &[u8]) -> Result<Document, AppError> {
    let file = crate::text::line(file).into_owned();
    match exchange::import(bytes) {
        Ok(import) => Ok(Document { file, import }),
        Err(why) => Err(AppError::new(ErrorKind::Report, format!("{file}: {why}"))),
    }
}
