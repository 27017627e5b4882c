//! Why an approval does not count, in words.

use std::fmt;

use crate::domain::ids::Principal;
use crate::domain::quorum::Exclusion;
use crate::text::Untrusted;

/// Why an approval does not count. Read after "does not count: ".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It is over something else; safe to display.
    Other(String),
    /// It is for another service.
    Service(String),
    /// It does not hold any more, or not yet.
    Time,
    /// Its signer, or a revoker, took it back.
    Revoked(Principal),
    /// The same envelope stands before it.
    Copy,
    /// The same person approved again: one person, one approval, whatever the key.
    Superseded,
    /// A later rejection or halt.
    Rejected(Principal),
    /// The orchestrator refused it.
    Refused,
    /// The signer may not approve this.
    Excluded(Exclusion, String),
    /// Whoever asks does not want it from this person, by this name.
    Barred(String),
    /// The signer holds no role that is needed.
    Role(Vec<String>),
    /// It is older than the rule allows.
    Old(String),
    /// Its signature held when it was recorded, and does not now.
    Lapsed,
    /// It is over other evidence than the others.
    Evidence,
    /// It chose another of the gate's inputs, or none.
    Option(Option<Untrusted>),
    /// The signer is not in the approvers file.
    Unknown,
    /// It was given by an approvers file, and there is none here.
    NoFile,
    /// The delegation that it names gives nothing.
    Delegation(String),
    /// The signer may not approve alone here.
    BreakGlass,
    /// Others fill all the seats that it could.
    NotNeeded,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |text: &str| crate::text::line(text).into_owned();
        match self {
            Self::Other(why) => f.write_str(why.trim_end_matches('.')),
            Self::Service(found) => write!(f, "it is for the service {}", line(found)),
            Self::Time => f.write_str("it has expired, or does not hold yet"),
            Self::Revoked(by) => write!(f, "{by} took it back"),
            Self::Copy => f.write_str("it is a copy of one that stands before it"),
            Self::Superseded => f.write_str("the same person approved again since, and one person counts once"),
            Self::Rejected(by) => write!(f, "{by} rejected or halted it since"),
            Self::Refused => f.write_str("the orchestrator refused it"),
            Self::Excluded(reason, name) => write!(f, "as {} this person {}", line(name), reason.did()),
            Self::Barred(name) => write!(f, "as {} this person was said not to be an approver here", line(name)),
            Self::Role(needed) => {
                write!(f, "this person does not act in a role that is needed ({})", line(&needed.join(", ")))
            }
            Self::Old(rule) => write!(f, "it is older than the rule {} lets it be", line(rule)),
            Self::Option(Some(chosen)) => {
                write!(f, "it chose the input {}, and the approvals that count chose another", chosen.line())
            }
            Self::Option(None) => f.write_str("it chose no input, and the approvals that count did"),
            Self::Lapsed => {
                f.write_str("its key or certificate does not hold then and no time stamp says that it did, or the ledger took it in later")
            }
            Self::Evidence => f.write_str("it is over other evidence than the approvals that count"),
            Self::NoFile => f.write_str("it was given under an approvers file, and there is none here to check it by"),
            Self::Unknown => f.write_str("this person is not in the approvers file"),
            Self::Delegation(why) => write!(f, "its delegation gives nothing: {why}"),
            Self::BreakGlass => f.write_str("this person may not approve alone here, also not in an emergency"),
            Self::NotNeeded => f.write_str("others fill the seats that it could, so it is not needed"),
        }
    }
}
