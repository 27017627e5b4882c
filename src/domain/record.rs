//! Records of the ledger, as a person looks through them: a line each, one in full, and what a check of all has found.

use super::decision::ReceiptStatus;
use super::ids::{Digest, Principal, RecordId};
use super::time::Timestamp;
use crate::text::Untrusted;

/// Whether anybody may rely on a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its signature is good, and it counts.
    Verified,
    /// It does not count.
    NotVerified,
    /// There is no signature of ours in it, or it is checked elsewhere.
    Unchecked,
}

impl Standing {
    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::NotVerified => "NOT verified",
            Self::Unchecked => "not checked",
        }
    }
}

/// One record in a line. What it says is what its document claims: believe it only where it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordLine {
    /// Its id.
    pub record: RecordId,
    /// The position of its document in the ledger.
    pub seq: u64,
    /// When that was recorded.
    pub at: Timestamp,
    /// `approve`, `dismiss`, `delegate`, `roles`.
    pub verb: Untrusted,
    /// The release, or what else it is about.
    pub subject: Untrusted,
    /// Who signed, as the document says.
    pub by: Untrusted,
    /// Why, as the document says; long ones are cut.
    pub reason: Untrusted,
    /// The digest of the document.
    pub envelope: Digest,
    /// What was last seen to come of it, if it is something that is delivered.
    pub receipt: Option<ReceiptStatus>,
    /// Whether it may be relied on.
    pub standing: Standing,
    /// Whether it was made in an emergency, around the rules.
    pub break_glass: bool,
    /// Who has reviewed it since, if it was.
    pub reviewed_by: Option<Principal>,
}

impl RecordLine {
    /// What is to be said of it if it was made in an emergency.
    pub fn emergency(&self) -> Option<String> {
        self.break_glass.then(|| match &self.reviewed_by {
            None => "made around the rules; it needs a later review".to_owned(),
            Some(by) => format!("made around the rules; {by} has reviewed it since"),
        })
    }
}

/// How far a ledger reaches, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerHead {
    /// Where it is.
    pub location: String,
    /// Which ledger it is, if it has a name of its own.
    pub origin: Option<String>,
    /// How many entries it has.
    pub size: u64,
    /// What stands for all of them: the root of the tree.
    pub root: String,
}

/// What reading a ledger through has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerState {
    /// How far it reaches.
    pub head: LedgerHead,
    /// Why it is not whole, and what to do; then nothing in it counts.
    pub unsound: Option<(String, Vec<String>)>,
    /// What does not count, each in a sentence.
    pub problems: Vec<String>,
}

/// What a check of a whole ledger came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerCheck {
    /// How far it reaches; `None` if that could not be found out.
    pub head: Option<LedgerHead>,
    /// How many entries were read.
    pub entries: u64,
    /// How many signatures were good.
    pub signatures: u64,
    /// How many checkpoints were compared.
    pub checkpoints: u64,
    /// How many heads were compared that decisions have seen.
    pub seen: u64,
    /// What is wrong and what to do, each in sentences. Without any, all is well.
    pub findings: Vec<String>,
    /// When it was finished.
    pub at: Timestamp,
}

/// How something is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// A fact.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Something to know.
    Warn,
    /// Not as it should be.
    Bad,
}

/// A label and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The label.
    pub label: String,
    /// The value.
    pub value: Untrusted,
    /// How it is to be taken.
    pub tone: Tone,
}

/// Facts under a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The heading.
    pub heading: String,
    /// The facts.
    pub facts: Vec<Fact>,
}

impl Section {
    /// A section without facts.
    pub fn new(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), facts: Vec::new() }
    }

    /// Adds a fact.
    pub fn add(&mut self, label: impl Into<String>, value: impl Into<Untrusted>, tone: Tone) {
        self.facts.push(Fact { label: label.into(), value: value.into(), tone });
    }
}

/// An entry of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryLine {
    /// Its position.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// `decision`, `receipt`.
    pub kind: &'static str,
    /// The digest of its body.
    pub digest: Digest,
    /// What it says, in a line.
    pub what: Untrusted,
}

/// A record in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSheet {
    /// What the list has of it.
    pub line: RecordLine,
    /// Whether its signature is good, by whom, with which key, as of when.
    pub signature: Section,
    /// What its document says, in words.
    pub sections: Vec<Section>,
    /// Its entries, in order.
    pub entries: Vec<EntryLine>,
    /// What was signed, as JSON, laid out in lines.
    pub raw: Untrusted,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_around_the_rules_needs_a_review_until_it_has_one() {
        let mut line = RecordLine {
            record: RecordId::new("01JD7"),
            seq: 1,
            at: "2026-11-21T13:40:00Z".parse().unwrap(),
            verb: "approve".into(),
            subject: "payments@1.4.2/prod".into(),
            by: "ana@example.com".into(),
            reason: "The site is down".into(),
            envelope: crate::domain::canonical::sha256(b"envelope"),
            receipt: None,
            standing: Standing::Verified,
            break_glass: true,
            reviewed_by: None,
        };
        assert!(line.emergency().unwrap().ends_with("it needs a later review"));
        line.reviewed_by = Some(Principal::new("bo@example.com"));
        assert!(line.emergency().unwrap().ends_with("bo@example.com has reviewed it since"));
        line.break_glass = false;
        assert_eq!(line.emergency(), None);
    }
}
