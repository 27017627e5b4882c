//! What an approver decides, and what was seen to come of it.

use serde::{Deserialize, Serialize};

use super::ids::{Digest, GateId, Principal, RecordId};
use super::time::Timestamp;
use crate::text::Untrusted;

/// What a decision says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Answers the gate with yes.
    Approve,
    /// Answers the gate with no.
    Reject,
    /// Stops the pipeline's run, at a gate or not.
    Halt,
    /// Records a remark and answers nothing.
    Comment,
    /// Takes an earlier decision back.
    Revoke,
}

impl Verb {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Halt => "halt",
            Self::Comment => "comment",
            Self::Revoke => "revoke",
        }
    }

    /// What has been done once it is effective: `approved`.
    pub fn done(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Reject => "rejected",
            Self::Halt => "halted",
            Self::Comment => "commented",
            Self::Revoke => "revoked",
        }
    }

    /// Whether it is sent to the orchestrator.
    pub fn is_delivered(self) -> bool {
        matches!(self, Self::Approve | Self::Reject | Self::Halt)
    }
}

/// A decision as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The id of the signed record.
    pub id: RecordId,
    /// The digest of the signed envelope.
    pub envelope: Digest,
    /// What was decided.
    pub verb: Verb,
    /// The gate.
    pub gate: GateId,
    /// Which time the gate was asked.
    pub attempt: String,
    /// The release's short address.
    pub release: Untrusted,
    /// The service.
    pub service: String,
    /// The environment.
    pub environment: String,
    /// The commit of the release, if known.
    pub commit: Option<Untrusted>,
    /// The evidence that was on the screen.
    pub dossier: Digest,
    /// Why.
    pub reason: Untrusted,
    /// Who signed, by allowed_signers.
    pub principal: Principal,
    /// The key that signed, `SHA256:...`.
    pub key: String,
    /// When.
    pub issued_at: Timestamp,
    /// What was last seen to come of it; `None` if nothing was recorded yet.
    pub receipt: Option<Receipt>,
    /// It was given in an emergency, by one person.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub break_glass: bool,
    /// Who took it back since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_by: Option<Principal>,
    /// Who reviewed it since, if it was given in an emergency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_by: Option<Principal>,
}

impl Decision {
    /// What else is to be known of it: `BREAK-GLASS, review outstanding`; empty for most.
    pub fn flags(&self) -> String {
        let mut out = Vec::new();
        if self.break_glass {
            out.push("BREAK-GLASS".to_owned());
            out.push(match &self.reviewed_by {
                None => "review outstanding".to_owned(),
                Some(by) => format!("reviewed by {by}"),
            });
        }
        out.extend(self.revoked_by.as_ref().map(|by| format!("revoked by {by}")));
        out.join(", ")
    }

    /// Whether it was given in an emergency and nobody has reviewed it.
    pub fn review_outstanding(&self) -> bool {
        self.break_glass && self.reviewed_by.is_none()
    }
}

/// What the orchestrator was seen to do with a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The decision.
    pub decision: RecordId,
    /// What was seen.
    pub status: ReceiptStatus,
    /// When.
    pub at: Timestamp,
    /// In a sentence. May quote the orchestrator.
    pub detail: Untrusted,
}

/// What was seen of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptStatus {
    /// About to be sent: a first request may be on its way.
    Sending,
    /// The orchestrator took the request.
    Accepted,
    /// The gate was seen to do what was decided.
    Effective,
    /// The orchestrator was seen to refuse it.
    Refused,
    /// It cannot be known: recorded, not repeated.
    Unknown,
    /// It counts in the ledger and is not sent itself: its quorum is not reached, or another approval of it is sent.
    Recorded,
}

impl ReceiptStatus {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Effective => "effective",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Recorded => "recorded",
        }
    }

    /// Whether nothing more is to be expected of this delivery.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Effective | Self::Refused | Self::Recorded)
    }
}
