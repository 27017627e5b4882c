//! The requests that carry a decision. Pure, so that a dry run shows exactly what would be sent.
//!
//! `requiredJudgmentRoles` and `selectedStageRoles` are never sent: Gate would take them over into the running stage.

use serde_json::{Value, json};

use crate::domain::decision::Verb;
use crate::domain::ids::{GateId, encode_part};
use crate::http::{Write, query_value};
use crate::orchestrator::Order;

/// The key of the stage's context under which our envelope stands.
pub(super) const CARRIER: &str = "countersign";
/// How much of the approver's reason goes into the address of a cancellation, in characters.
const REASON_LIMIT: usize = 500;

/// The native parts of a gate's id: application, execution, stage. `None` if it is not of that form, or has a part that
/// would lead an address elsewhere.
pub(super) fn parts(id: &GateId) -> Option<(&str, &str, &str)> {
    match id.native() {
        [application, execution, stage] if ![application, execution, stage].iter().any(|p| is_odd(p)) => {
            Some((application, execution, stage))
        }
        _ => None,
    }
}

fn is_odd(part: &str) -> bool {
    part.is_empty() || part == "." || part == ".."
}

/// The request that carries an order, with its body as JSON. `None`: it is none that can be sent.
pub(super) fn write(order: &Order) -> Option<(Write, Value)> {
    let (_, execution, stage) = parts(&order.gate)?;
    let execution = encode_part(execution);
    let judgment = match order.verb {
        Verb::Approve => "continue",
        Verb::Reject => "stop",
        Verb::Halt => {
            let path = format!("pipelines/{execution}/cancel?reason={}&force=false", query_value(&halt_reason(order)));
            let write = Write { method: "PUT", path, media_type: "application/json", body: Vec::new() };
            return Some((write, Value::Null));
        }
        Verb::Comment | Verb::Revoke => return None,
    };
    let mut body = json!({
        "judgmentStatus": judgment,
        CARRIER: {
            "decision": order.decision,
            "digest": order.envelope_digest,
            "envelope": order.envelope,
            // For whoever looks at the run in Spinnaker: what `countersign digest` and `ledger check` say elsewhere.
            "comment": order.comment(),
        },
    });
    if let (Verb::Approve, Some(carrier)) = (order.verb, body.get_mut(CARRIER).and_then(Value::as_object_mut)) {
        // One envelope a line, so that an expression of the pipeline hands them to `verify` as they are.
        let own = order.envelope.to_string();
        let lines: Vec<&str> = order.others.iter().map(String::as_str).chain([own.as_str()]).collect();
        carrier.insert("envelopes".to_owned(), lines.join("\n").into());
    }
    if let (Some(anchor), Some(carrier)) = (&order.anchor, body.get_mut(CARRIER).and_then(Value::as_object_mut)) {
        let anchor = json!({"origin": anchor.origin, "size": anchor.size.to_string(), "root": anchor.root});
        carrier.insert("checkpoint".to_owned(), anchor);
    }
    if let (Some(option), Some(fields)) = (&order.option, body.as_object_mut()) {
        fields.insert("judgmentInput".to_owned(), option.raw().into());
    }
    let path = format!("pipelines/{execution}/stages/{}", encode_part(stage));
    let write = Write { method: "PATCH", path, media_type: "application/json", body: body.to_string().into_bytes() };
    Some((write, body))
}

/// Why a run is cancelled, as Spinnaker keeps it. The decision's id comes first, because it is how the cancellation is
/// recognised as ours.
fn halt_reason(order: &Order) -> String {
    let reason: String = order.reason.line().chars().take(REASON_LIMIT).collect();
    format!("{}: {reason}", order.comment())
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::order;
    use super::*;
    use crate::orchestrator::Anchor;

    #[test]
    fn an_approval_carries_the_envelope_and_no_roles() {
        let mut order = order(Verb::Approve);
        order.option = Some("ship".into());
        let (write, body) = write(&order).unwrap();
        assert_eq!((write.method, write.path.as_str()), ("PATCH", "pipelines/E%2F1/stages/S"));
        assert_eq!(serde_json::from_slice::<Value>(&write.body).unwrap(), body);
        let mut keys: Vec<&String> = body.as_object().unwrap().keys().collect();
        keys.sort();
        assert_eq!(keys, ["countersign", "judgmentInput", "judgmentStatus"]);
        assert_eq!(body["judgmentStatus"], "continue");
        assert_eq!(body["countersign"]["digest"], order.envelope_digest.as_str());
        assert_eq!(body["countersign"]["envelope"], order.envelope);
        let short = order.envelope_digest.short();
        assert_eq!(body["countersign"]["comment"], format!("Countersign decision 01DECISION ({short})"));
        assert!(body["countersign"].get("checkpoint").is_none());
    }

    #[test]
    fn the_ledgers_checkpoint_goes_along() {
        let anchor = Anchor { origin: "countersign.dev/ledger/ab".to_owned(), size: 7, root: "AAAA".to_owned() };
        for verb in [Verb::Approve, Verb::Halt] {
            let order = Order { anchor: Some(anchor.clone()), ..order(verb) };
            let says = "; ledger countersign.dev/ledger/ab at 7 entries, root AAAA";
            assert!(order.comment().ends_with(says), "{}", order.comment());
            // It is no part of the intent.
            assert!(!serde_json::to_string(&order).unwrap().contains("AAAA"));
            let (write, body) = write(&order).unwrap();
            if verb == Verb::Halt {
                assert!(write.path.contains(&query_value(says)), "{}", write.path);
            } else {
                let carrier = &body["countersign"];
                assert_eq!(carrier["checkpoint"], json!({"origin": anchor.origin, "size": "7", "root": "AAAA"}));
                assert_eq!(carrier["comment"], order.comment());
            }
        }
    }

    #[test]
    fn a_rejection_stops_and_names_no_input() {
        let (_, body) = write(&order(Verb::Reject)).unwrap();
        assert_eq!(body["judgmentStatus"], "stop");
        assert!(body.get("judgmentInput").is_none());
    }

    #[test]
    fn a_halt_cancels_with_the_decision_in_its_reason() {
        let mut order = order(Verb::Halt);
        order.reason = format!("bad & worse\u{1b}[2J{}", "x".repeat(5_000)).into();
        let (write, _) = write(&order).unwrap();
        assert_eq!(write.method, "PUT");
        assert!(
            write.path.starts_with("pipelines/E%2F1/cancel?reason=Countersign%20decision%2001DECISION%20"),
            "{}",
            write.path
        );
        assert!(write.path.ends_with("&force=false"));
        assert!(write.path.len() < 2_500 && !write.path.contains("%1B"), "{}", write.path);
    }

    #[test]
    fn nothing_is_sent_for_remarks_nor_to_odd_addresses() {
        assert!(write(&order(Verb::Comment)).is_none());
        let mut odd = order(Verb::Approve);
        for id in ["spin:shop/../S", "spin:shop/E/%2E", "spin:shop/E", "spin:shop/E/S/T"] {
            odd.gate = id.parse().unwrap();
            assert!(write(&odd).is_none(), "{id}");
        }
    }
}
