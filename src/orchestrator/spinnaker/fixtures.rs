//! What the tests of this room share.

use serde_json::json;

use crate::domain::canonical::sha256;
use crate::domain::decision::Verb;
use crate::domain::ids::RecordId;
use crate::orchestrator::Order;

/// When the stage of the fixtures started.
pub(super) const ATTEMPT: i64 = 1_700_000_000_000;

/// An order for the stage S of the run E/1 of shop.
pub(super) fn order(verb: Verb) -> Order {
    Order {
        decision: RecordId::new("01DECISION"),
        verb,
        gate: "spin:shop/E%2F1/S".parse().unwrap(),
        attempt: ATTEMPT.to_string(),
        option: None,
        reason: "reviewed".into(),
        envelope_digest: sha256(b"envelope"),
        envelope: json!({"payload": "e30=", "payloadType": "application/vnd.in-toto+json", "signatures": [{"sig": "c2ln"}]}),
        others: Vec::new(),
        anchor: None,
    }
}
