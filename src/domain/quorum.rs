//! What a gate needs of its approvers, and who may not be one of them: the words, without the rules.

use serde::{Deserialize, Serialize};

use super::ids::Principal;
use crate::text::Untrusted;

/// So many people in one role, as a rule of the approvers file wants them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// The rule that wants them.
    pub rule: String,
    /// The role.
    pub role: String,
    /// How many people.
    pub count: u32,
}

/// Why somebody may not approve a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exclusion {
    /// Wrote a commit of the change.
    Author,
    /// Pushed the commit that is released.
    Pusher,
    /// Started the run.
    Trigger,
}

impl Exclusion {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Author, Self::Pusher, Self::Trigger];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Trigger => "trigger",
            Self::Pusher => "pusher",
        }
    }

    /// What such a person did, to follow the name.
    pub fn did(self) -> &'static str {
        match self {
            Self::Author => "wrote a commit of this change",
            Self::Trigger => "started this run",
            Self::Pusher => "pushed what is released last",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|e| e.word() == word)
    }
}

/// Somebody who may not approve a release, by a name from outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Excluded {
    /// The name as git, the forge or the orchestrator has it.
    pub name: Untrusted,
    /// Who that is, where the approvers file has the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<Principal>,
    /// Why.
    pub reason: Exclusion,
}

/// Where delegated roles may be used: patterns (`*`, `?`, `!not`) over names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelegationScope {
    /// Environments.
    pub environments: Vec<String>,
    /// Services.
    pub services: Vec<String>,
}

/// How far the approvals of a gate are, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// How many seats are filled.
    pub have: u32,
    /// How many there are.
    pub need: u32,
    /// The roles of those that are empty, each once.
    pub waits: Vec<String>,
    /// Whether it may pass.
    pub reached: bool,
    /// Whose approvals count.
    pub by: Vec<Principal>,
    /// Who approved alone in an emergency.
    pub break_glass: Option<Principal>,
    /// Whether nobody has reviewed that yet.
    pub review_outstanding: bool,
    /// What else is to be known, each in a sentence: who does not count and why, what could not be checked.
    pub notes: Vec<String>,
    /// Who is excluded and cannot be placed, in a sentence: mostly people who are no approvers.
    pub unplaced: Option<String>,
}

impl Standing {
    /// `1 of 2, waits for security`.
    pub fn words(&self) -> String {
        self.words_of("")
    }

    /// `1 of 2 approvals, waits for security`, with ` approvals` as what is counted.
    pub fn words_of(&self, what: &str) -> String {
        let mut out = format!("{} of {}{what}", self.have, self.need);
        if self.need == 0 {
            "nobody can approve it".clone_into(&mut out);
        }
        if let Some(principal) = &self.break_glass {
            out.push_str(&format!(", BREAK-GLASS by {principal}"));
            out.push_str(if self.review_outstanding { ", review outstanding" } else { ", reviewed" });
        } else if !self.waits.is_empty() {
            out.push_str(&format!(", waits for {}", crate::text::line(&self.waits.join(" and "))));
        }
        out
    }
}
