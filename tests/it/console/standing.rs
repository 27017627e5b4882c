//! For whom a gate waits, and over which evidence its approvals were counted.

use countersign::lab::World;
use countersign::tui::effect::Effect;
use countersign::tui::msg::{Approvals, Msg};

use crate::support::bench::Bench;
use crate::support::seat::Seat;

/// Somebody else at the same ledger, with a key of their own.
fn another(bench: &Bench, name: &str) -> Seat {
    Seat::with(bench, |config| config.signer.key = Some(bench.dir.path().join(format!("{name}_key"))))
}

/// For which releases the inbox says "for you".
async fn mine(seat: &mut Seat) -> Vec<String> {
    let listed = seat.lists().await;
    listed.rows.iter().filter(|r| r.approvals.mine).map(|r| r.release.short()).collect()
}

/// What comes with the dossier of a gate.
async fn over_now(seat: &mut Seat, service: &str) -> Approvals {
    let gate = seat.row(service).await.gate.id;
    seat.begin(Effect::Assemble(gate.clone()));
    let wanted = |m| match m {
        Msg::DossierReady { gate: of, approvals, .. } if of == gate => Some(approvals.unwrap()),
        _ => None,
    };
    seat.wants("dossier", wanted).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_is_for_you_if_you_may_decide_and_have_not() {
    let bench = Bench::new(World::demo().unwrap()).await;
    let (two, one) = ("guestbook@0.9.3/prod".to_owned(), "payments@1.4.2/prod".to_owned());
    let (mut demo, mut sam) = (Seat::at(&bench), another(&bench, "sam"));
    let before = mine(&mut demo).await;
    assert!(before.contains(&two) && before.contains(&one), "{before:?}");
    assert_eq!(mine(&mut sam).await, [two.as_str()], "where nobody of security is needed, it is not for sam");
    bench.run(&["approve", &two, "--reason", "seen", "--yes"]).await.exits(10);
    let after = mine(&mut demo).await;
    assert!(!after.contains(&two) && after.contains(&one), "{after:?}");
    assert_eq!(mine(&mut sam).await, [two.as_str()]);
    // Nobody is told that something waits for them as long as nobody knows who they are.
    let mut nobody = another(&bench, "missing");
    assert!(mine(&mut nobody).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approvals_over_earlier_evidence_count_no_more_once_that_is_known() {
    let bench = Bench::new(World::demo().unwrap()).await;
    let mut seat = Seat::at(&bench);
    bench.run(&["approve", "guestbook@0.9.3/prod", "--reason", "seen", "--yes"]).await.exits(10);
    assert_eq!(over_now(&mut seat, "guestbook").await.words(""), "1 of 2, waits for security");
    assert!(bench.lab.set_build_result("team/guestbook", 93, "UNSTABLE"));
    // Another console has not seen the evidence yet.
    let mut fresh = Seat::at(&bench);
    let early = fresh.row("guestbook").await.approvals;
    assert_eq!(early.words(""), "1 of 2 as of the evidence they saw, waits for security");
    let now = over_now(&mut fresh, "guestbook").await;
    assert_eq!(now.words(""), "0 of 2, waits for release-manager and security");
    assert!(now.mine && now.standing.notes.iter().any(|n| n.contains("over other evidence")), "{now:#?}");
    // The next listing does not forget that.
    assert_eq!(fresh.row("guestbook").await.approvals, now);
    let listed = bench.json(&["inbox"], 0).await;
    let gates = listed["gates"].as_array().unwrap();
    let gate = gates.iter().find(|g| g["short"] == "guestbook@0.9.3/prod").unwrap();
    assert_eq!(gate["approvals"]["have"], 0, "{gate:#}");
}
