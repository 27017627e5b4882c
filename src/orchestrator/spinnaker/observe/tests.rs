use serde_json::{Value, json};

use super::super::fixtures::{ATTEMPT, order};
use super::*;
use Observation::{Effective, Pending, Refused, Unclear, Undecided};

/// A reading: what the run and the stage say on top of a gate that waits.
struct World {
    run: Value,
    stage: Value,
}

impl World {
    fn stage(stage: Value) -> Self {
        Self { run: json!({}), stage }
    }

    fn run(run: Value) -> Self {
        Self { run, stage: json!({}) }
    }

    fn execution(&self) -> Execution {
        let mut stage =
            json!({"id": "S", "type": "manualJudgment", "status": "RUNNING", "startTime": ATTEMPT, "context": {}});
        stage.as_object_mut().unwrap().extend(self.stage.as_object().unwrap().clone());
        let mut run = json!({"id": "E/1", "application": "shop", "status": "RUNNING", "stages": [stage]});
        run.as_object_mut().unwrap().extend(self.run.as_object().unwrap().clone());
        Execution::read(&run).unwrap()
    }

    fn seen(&self, verb: Verb) -> Observation {
        judge(&order(verb), &self.execution(), "S", &vec!["ana".to_owned(), "ana@example.com".to_owned()])
    }
}

/// A context with an answer and our carrier.
fn ours(judgment: &str) -> Value {
    let order = order(Verb::Approve);
    json!({"judgmentStatus": judgment, "requiredJudgmentRoles": ["sec"],
        "countersign": {"decision": order.decision, "digest": order.envelope_digest, "envelope": {}}})
}

fn theirs(judgment: &str) -> Value {
    json!({"judgmentStatus": judgment})
}

fn stage(status: &str, context: &Value, by: &str) -> World {
    World::stage(json!({"status": status, "context": context, "lastModified": {"user": by}}))
}

fn words(observation: Observation) -> String {
    match observation {
        Effective(w) | Refused(w) | Unclear(w) => w,
        Pending | Undecided => panic!("{observation:?}"),
    }
}

#[test]
fn each_role_that_was_wanted_is_said_once() {
    let mut context = ours("");
    // Spinnaker's own user interface writes both lists.
    context["selectedStageRoles"] = json!(["sec", "ops"]);
    let refused = words(stage("RUNNING", &context, "ana").seen(Verb::Approve));
    assert!(refused.ends_with("It asks for: sec, ops."), "{refused}");
}

#[test]
fn effective_only_when_the_stage_has_left_by_our_answer() {
    assert!(matches!(stage("SUCCEEDED", &ours("continue"), "ana").seen(Verb::Approve), Effective(_)));
    assert!(matches!(stage("SUCCEEDED", &ours("Continue"), "ANA@example.com").seen(Verb::Approve), Effective(_)));
    for status in ["TERMINAL", "STOPPED", "FAILED_CONTINUE", "CANCELED"] {
        assert!(matches!(stage(status, &ours("stop"), "ana").seen(Verb::Reject), Effective(_)), "{status}");
        assert!(matches!(stage(status, &ours("continue"), "ana").seen(Verb::Approve), Refused(_)), "{status}");
    }
    assert!(matches!(stage("SUCCEEDED", &ours("stop"), "ana").seen(Verb::Reject), Unclear(_)));
    assert!(matches!(stage("SUCCEEDED", &ours(""), "ana").seen(Verb::Approve), Unclear(_)));
    assert!(matches!(stage("SKIPPED", &ours("continue"), "ana").seen(Verb::Approve), Refused(_)));
    assert!(matches!(stage("MELTED", &ours("continue"), "ana").seen(Verb::Approve), Unclear(_)));
}

#[test]
fn an_answer_that_waits_for_the_role_check_is_pending() {
    assert_eq!(stage("RUNNING", &ours("continue"), "ana").seen(Verb::Approve), Pending);
    assert_eq!(stage("PAUSED", &ours("stop"), "ana").seen(Verb::Reject), Pending);
    assert_eq!(World::stage(json!({})).seen(Verb::Approve), Undecided);
    assert_eq!(stage("RUNNING", &json!({"judgmentStatus": ""}), "ben").seen(Verb::Approve), Undecided);
}

#[test]
fn an_answer_taken_back_is_a_role_refused() {
    let seen = words(stage("RUNNING", &ours(""), "ana").seen(Verb::Approve));
    assert!(seen.contains("role") && seen.contains("sec"), "{seen}");
}

#[test]
fn the_answer_of_another_is_not_ours_although_our_digest_stayed() {
    // Our answer was refused, then ben answered in Spinnaker's own interface.
    let seen = stage("SUCCEEDED", &ours("continue"), "ben").seen(Verb::Approve);
    assert!(matches!(&seen, Refused(w) if w.contains("ben")), "{seen:?}");
    let seen = stage("RUNNING", &ours("stop"), "ben").seen(Verb::Approve);
    assert!(matches!(&seen, Refused(w) if w.contains("ben") && w.contains("stop")), "{seen:?}");
    assert!(matches!(stage("RUNNING", &ours("continue"), "ben").seen(Verb::Approve), Refused(_)));
    assert!(matches!(stage("TERMINAL", &ours("stop"), "ben").seen(Verb::Reject), Refused(_)));
}

#[test]
fn an_answer_without_our_digest_is_named() {
    let seen = stage("SUCCEEDED", &theirs("continue"), "ana").seen(Verb::Approve);
    assert!(matches!(&seen, Refused(w) if w.contains("ana")), "{seen:?}");
    let mut other = ours("continue");
    other["countersign"]["decision"] = json!("01OTHER");
    let seen = stage("SUCCEEDED", &other, "ben").seen(Verb::Approve);
    assert!(matches!(&seen, Refused(w) if w.contains("01OTHER") && w.contains("ben")), "{seen:?}");
    let mut forged = ours("continue");
    forged["countersign"]["digest"] = json!(format!("sha256:{}", "0".repeat(64)));
    assert!(matches!(stage("SUCCEEDED", &forged, "ana").seen(Verb::Approve), Refused(_)));
    let hostile = words(stage("RUNNING", &theirs("\u{1b}[2Jgo"), "b\u{202e}en").seen(Verb::Approve));
    assert!(!hostile.chars().any(crate::text::is_hidden), "{hostile}");
}

#[test]
fn without_a_name_of_our_own_the_digest_decides() {
    let world = stage("SUCCEEDED", &ours("continue"), "anonymous");
    let seen = judge(&order(Verb::Approve), &world.execution(), "S", &Vec::new());
    assert!(matches!(&seen, Effective(w) if w.contains("anonymous")), "{seen:?}");
}

#[test]
fn another_attempt_is_another_question() {
    let restarted = json!({"startTime": ATTEMPT + 1});
    assert!(matches!(World::stage(restarted).seen(Verb::Approve), Refused(_)));
    let restarted = json!({"startTime": null, "status": "NOT_STARTED", "context": ours("")});
    assert!(matches!(World::stage(restarted).seen(Verb::Approve), Unclear(_)));
    let passed = json!({"startTime": ATTEMPT + 1, "status": "SUCCEEDED", "context": ours("continue")});
    assert!(matches!(World::stage(passed).seen(Verb::Approve), Unclear(_)));
}

#[test]
fn a_run_that_ended_meanwhile_is_said() {
    let cancelled = World::run(json!({"status": "CANCELED", "canceled": true, "canceledBy": "ben"}));
    let seen = words(cancelled.seen(Verb::Approve));
    assert!(seen.contains("cancelled by ben"), "{seen}");
    let late = json!({"status": "TERMINAL", "endTime": ATTEMPT + 60_000, "context": {"stageTimeoutMs": 60_000}});
    assert!(words(World::stage(late).seen(Verb::Approve)).contains("too long"));
    assert!(matches!(World::run(json!({"stages": []})).seen(Verb::Approve), Unclear(_)));
}

#[test]
fn a_halt_is_judged_by_the_run() {
    let reason = "Countersign decision 01DECISION (ab): no";
    let ours = World::run(json!({"status": "CANCELED", "canceledBy": "ana", "cancellationReason": reason}));
    assert!(matches!(ours.seen(Verb::Halt), Effective(w) if w.contains("with this decision")));
    let theirs = World::run(json!({"status": "CANCELED", "canceledBy": "ben", "cancellationReason": "oops"}));
    assert!(matches!(theirs.seen(Verb::Halt), Effective(w) if w.contains("ben") && w.contains("cannot be told")));
    assert_eq!(World::run(json!({"canceled": true})).seen(Verb::Halt), Pending);
    assert_eq!(World::run(json!({})).seen(Verb::Halt), Undecided);
    assert_eq!(World::run(json!({"status": "PAUSED"})).seen(Verb::Halt), Undecided);
    let ended = World::run(json!({"status": "SUCCEEDED", "stages": []}));
    assert!(matches!(ended.seen(Verb::Halt), Refused(w) if w.contains("SUCCEEDED")));
}
