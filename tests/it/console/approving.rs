//! What is told before an approval, and what becomes of an earlier one.

use countersign::domain::decision::Verb;
use countersign::lab::{Service, World};
use countersign::tui::effect::{Ask, Effect, Go, RequestId};
use countersign::tui::msg::{DecisionPreview, DecisionResult, GateRow, Msg};

use super::kinds;
use crate::support::bench::Bench;
use crate::support::seat::Seat;

/// Prepares a decision over what is there now, with a reason.
async fn prepares(seat: &mut Seat, row: &GateRow, verb: Verb, reason: &str, request: u64) -> DecisionPreview {
    let shown = seat.dossier(&row.gate.id).await;
    seat.begin(Effect::Prepare(Ask {
        request: RequestId(request),
        gate: row.gate.id.clone(),
        attempt: row.gate.attempt.clone(),
        expect: shown.digest.clone(),
        verb,
        reason: reason.into(),
        option: None,
        viewed: shown.pieces.iter().map(|p| p.name.clone()).filter(|n| n.starts_with("builds/")).collect(),
    }));
    let wanted = |m| match m {
        Msg::Prepared { request: of, preview } if of == RequestId(request) => Some(*preview),
        Msg::Failed { request: Some(of), failure } if of == RequestId(request) => panic!("{failure:?}"),
        _ => None,
    };
    seat.wants("preview", wanted).await
}

/// Signs what was prepared.
async fn signs(seat: &mut Seat, preview: &DecisionPreview, request: u64) -> (DecisionResult, String) {
    seat.begin(Effect::Sign(Go {
        request: RequestId(request),
        gate: preview.gate.clone(),
        attempt: preview.attempt.clone(),
        dossier: preview.dossier.clone(),
        verb: preview.verb,
    }));
    let wanted = |m| match m {
        Msg::DecisionDone { request: of, result, text, .. } if of == RequestId(request) => Some((result, text)),
        _ => None,
    };
    seat.wants("end of the decision", wanted).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_approval_comes_to_is_told_with_everything_that_is_to_be_known_first() {
    let mut world = World::demo().unwrap();
    world.skew.insert(Service::Spinnaker, 300);
    let bench = Bench::new(world).await;
    let mut seat = Seat::at(&bench);
    let two = seat.row("guestbook").await;
    let preview = prepares(&mut seat, &two, Verb::Approve, "seen", 1).await;
    assert_eq!(preview.refusal, None);
    assert!(preview.remarks.iter().any(|r| r.contains("clock and the orchestrator's differ by ")), "{preview:#?}");
    assert_eq!((preview.sends, preview.button()), (false, "Sign and record"));
    assert_eq!(preview.then, "It is recorded and nothing is sent yet: 1 of 2, waits for security.");
    assert_eq!(preview.acts_as.as_deref(), Some("release-manager"));
    let remark = prepares(&mut seat, &two, Verb::Comment, "seen", 2).await;
    assert_eq!(remark.button(), "Sign and record");
    let no = prepares(&mut seat, &two, Verb::Reject, "seen", 3).await;
    assert_eq!((no.button(), no.then.as_str()), ("Sign and send", "It is sent: the gate is answered with no."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_earlier_decision_that_is_taken_up_is_told_before_and_after() {
    let bench = Bench::new(World::demo().unwrap()).await;
    let mut seat = Seat::at(&bench);
    let two = seat.row("guestbook").await;
    let first = prepares(&mut seat, &two, Verb::Approve, "the first reason", 1).await;
    assert_eq!(first.earlier, None);
    let (result, text) = signs(&mut seat, &first, 1).await;
    assert_eq!(result, DecisionResult::Recorded, "{text}");
    assert!(!text.contains("earlier"), "{text}");
    let again = prepares(&mut seat, &two, Verb::Approve, "another reason", 2).await;
    let told = again.earlier.as_deref().unwrap_or_default();
    assert!(told.contains("\"the first reason\"") && told.contains("signs nothing new"), "{told}");
    assert_eq!(again.button(), "Settle the earlier one");
    let (_, text) = signs(&mut seat, &again, 2).await;
    assert!(text.starts_with("Your earlier decision on this gate was taken up"), "{text}");
    assert_eq!(kinds(&bench).await, ["decision"], "the second reason is nowhere");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_opened_in_the_console_is_signed_as_that_and_nothing_of_a_command() {
    let bench = Bench::new(World::demo().unwrap()).await;
    let mut seat = Seat::at(&bench);
    let two = seat.row("guestbook").await;
    let preview = prepares(&mut seat, &two, Verb::Approve, "seen", 1).await;
    signs(&mut seat, &preview, 1).await;
    bench.run(&["comment", "guestbook@0.9.3/prod", "--reason", "by script"]).await.exits(0);
    let entries = bench.entries().await;
    let decisions = entries.iter().filter(|e| e["kind"] == "decision").map(|e| e["seq"].to_string());
    let mut opened = Vec::new();
    for seq in decisions {
        let shown = bench.json(&["ledger", "show", &seq], 0).await;
        let evidence = shown["statement"]["predicate"]["evidence"].as_array().unwrap().clone();
        assert!(evidence.len() > 2, "{shown:#}");
        let names = evidence.iter().filter(|e| e["viewed"] == true).map(|e| e["name"].as_str().unwrap().to_owned());
        opened.push(names.collect::<Vec<_>>());
    }
    assert_eq!(opened.len(), 2);
    assert!(!opened[0].is_empty() && opened[0].iter().all(|n| n.starts_with("builds/")), "{opened:?}");
    assert!(opened[1].is_empty(), "{opened:?}");
}
