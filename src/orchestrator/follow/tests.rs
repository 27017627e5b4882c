use super::*;
use crate::domain::canonical::sha256;
use crate::domain::decision::Verb;
use crate::domain::ids::RecordId;
use crate::orchestrator::testing::{Scripted, TestClock};
use Observation::{Effective, Pending, Refused, Unclear, Undecided};

fn order() -> Order {
    Order {
        decision: RecordId::new("01D"),
        verb: Verb::Approve,
        gate: "spin:shop/E/S".parse().unwrap(),
        attempt: "1".to_owned(),
        option: None,
        reason: "r".into(),
        envelope_digest: sha256(b"e"),
        envelope: serde_json::json!({}),
        others: Vec::new(),
        anchor: None,
    }
}

fn fault(kind: FaultKind, ambiguous: bool) -> Fault {
    Fault { ambiguous, ..Fault::new(kind, "http://gate/x", "") }
}

fn timeout() -> Fault {
    fault(FaultKind::Timeout, true)
}

fn effective() -> Observation {
    Effective("it continued".to_owned())
}

fn refused() -> Observation {
    Refused("by ben".to_owned())
}

async fn deliver(play: &Scripted) -> FollowOutcome {
    deliver_and_follow(play, &order(), &TestClock::shared(), &|_| {}).await
}

async fn take(play: &Scripted, seconds_ago: u64, may_send: bool) -> FollowOutcome {
    let clock = TestClock::shared();
    let sent_at = Timestamp::from_millis(clock.now().millis() - i64::try_from(seconds_ago).unwrap() * 1_000).unwrap();
    settle(play, &order(), sent_at, &clock, may_send, &|_| {}).await
}

#[test]
fn the_table_of_following_is_this() {
    use Age::{Exhausted, Fresh, Settled};
    use Sent::{Accepted, InDoubt};
    let unclear = Unclear("?".to_owned());
    let rows: [(Option<Observation>, Sent, [Step; 3]); 12] = [
        (Some(effective()), Accepted, [Step::Effective; 3]),
        (Some(effective()), InDoubt, [Step::Effective; 3]),
        (Some(refused()), Accepted, [Step::Refused; 3]),
        (Some(refused()), InDoubt, [Step::Wait, Step::Refused, Step::Refused]),
        (Some(Undecided), Accepted, [Step::Wait, Step::Wait, Step::Unknown]),
        (Some(Undecided), InDoubt, [Step::Wait, Step::NotSent, Step::NotSent]),
        (Some(Pending), Accepted, [Step::Wait, Step::Wait, Step::Unknown]),
        (Some(Pending), InDoubt, [Step::Wait, Step::Wait, Step::Unknown]),
        (Some(unclear.clone()), Accepted, [Step::Wait, Step::Wait, Step::Unknown]),
        (Some(unclear), InDoubt, [Step::Wait, Step::Wait, Step::Unknown]),
        (None, Accepted, [Step::Wait, Step::Wait, Step::Unknown]),
        (None, InDoubt, [Step::Wait, Step::Wait, Step::Unknown]),
    ];
    for (seen, sent, want) in rows {
        let got = [Fresh, Settled, Exhausted].map(|age| decide(sent, seen.as_ref(), age));
        assert_eq!(got, want, "{seen:?} {sent:?}");
    }
}

#[test]
fn the_table_of_taking_up_is_this() {
    // In order: fresh and may send, fresh and may not, old and may send, old and may not.
    let rows: [(Option<Observation>, [TakeUp; 4]); 6] = [
        (Some(effective()), [TakeUp::Effective; 4]),
        (Some(refused()), [TakeUp::Follow, TakeUp::Follow, TakeUp::Refused, TakeUp::Refused]),
        (Some(Pending), [TakeUp::Follow; 4]),
        (Some(Undecided), [TakeUp::Follow, TakeUp::Follow, TakeUp::Send, TakeUp::NotSent]),
        (Some(Unclear("?".to_owned())), [TakeUp::Unknown; 4]),
        (None, [TakeUp::Unknown; 4]),
    ];
    for (seen, want) in rows {
        let got =
            [(true, true), (true, false), (false, true), (false, false)].map(|(f, m)| take_up(seen.as_ref(), f, m));
        assert_eq!(got, want, "{seen:?}");
    }
}

#[tokio::test]
async fn an_accepted_request_is_not_yet_an_effect() {
    let play = Scripted::new([Ok(Undecided), Ok(Pending), Err(timeout()), Ok(effective())], [Ok(())]);
    let told = std::sync::Mutex::new(Vec::new());
    let outcome = deliver_and_follow(&play, &order(), &TestClock::shared(), &|p| told.lock().unwrap().push(p)).await;
    assert_eq!(outcome, FollowOutcome::new(ReceiptStatus::Effective, "it continued"));
    assert_eq!(*play.log.lock().unwrap(), ["look", "send", "look", "look", "look"]);
    let told = told.into_inner().unwrap();
    assert_eq!(told[1..4], [Progress::Sending, Progress::Accepted, Progress::Looked(Pending, Duration::from_secs(2))]);
    assert!(matches!(told[4], Progress::Blind(_)));
}

#[tokio::test]
async fn a_late_refusal_is_seen() {
    let play = Scripted::new([Ok(Undecided), Ok(Pending), Ok(Pending), Ok(Refused("role".to_owned()))], [Ok(())]);
    assert_eq!(deliver(&play).await, FollowOutcome::new(ReceiptStatus::Refused, "role"));
}

#[tokio::test]
async fn nothing_is_written_over_the_answer_of_another() {
    for (look, status) in [
        (Ok(refused()), ReceiptStatus::Refused),
        (Ok(effective()), ReceiptStatus::Effective),
        (Ok(Unclear("?".to_owned())), ReceiptStatus::Unknown),
        (Err(timeout()), ReceiptStatus::Unknown),
    ] {
        let play = Scripted::new([look], []);
        let outcome = deliver(&play).await;
        assert_eq!((outcome.status, play.sent()), (status, 0));
        assert_eq!(outcome.not_sent, status == ReceiptStatus::Unknown);
    }
}

#[tokio::test]
async fn our_own_earlier_answer_is_followed_and_not_sent_again() {
    let play = Scripted::new([Ok(Pending), Ok(Pending), Ok(effective())], []);
    assert_eq!(deliver(&play).await.status, ReceiptStatus::Effective);
}

#[tokio::test]
async fn a_clear_no_is_a_refusal_and_no_connection_is_none() {
    for (kind, status, not_sent) in [
        (FaultKind::Unauthorized, ReceiptStatus::Refused, false),
        (FaultKind::Forbidden, ReceiptStatus::Refused, false),
        (FaultKind::NotFound, ReceiptStatus::Refused, false),
        (FaultKind::Refused(400), ReceiptStatus::Refused, false),
        (FaultKind::Refused(405), ReceiptStatus::Refused, false),
        (FaultKind::Unreachable, ReceiptStatus::Unknown, true),
        (FaultKind::Tls, ReceiptStatus::Unknown, true),
        (FaultKind::RateLimited, ReceiptStatus::Unknown, true),
    ] {
        let play = Scripted::new([Ok(Undecided)], [Err(fault(kind, false))]);
        let outcome = deliver(&play).await;
        assert_eq!((outcome.status, outcome.not_sent, play.sent()), (status, not_sent, 1), "{kind:?}");
        assert!(outcome.detail.contains("http://gate/x"), "{}", outcome.detail);
    }
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_never_sent_again_here() {
    let play = Scripted::new([Ok(Undecided), Ok(Undecided), Ok(Pending), Ok(effective())], [Err(timeout())]);
    assert_eq!(deliver(&play).await.status, ReceiptStatus::Effective);
    assert_eq!(play.sent(), 1);

    let play = Scripted::new([Ok(Undecided)], [Err(timeout())]);
    let outcome = deliver(&play).await;
    assert_eq!((outcome.status, outcome.not_sent, play.sent()), (ReceiptStatus::Unknown, true, 1));
    // Not before 20 s: one look before, ten after.
    assert_eq!(play.log.lock().unwrap().len(), 12);

    // The answer of another does not end it while ours may still arrive.
    let play = Scripted::new([Ok(Undecided), Ok(refused()), Ok(effective())], [Err(timeout())]);
    assert_eq!(deliver(&play).await.status, ReceiptStatus::Effective);
}

#[tokio::test]
async fn patience_ends() {
    for (last, part) in [
        (Ok(Pending), "has not taken effect"),
        (Ok(Undecided), "failed inside"),
        (Ok(Unclear("odd".to_owned())), "odd"),
        (Err(timeout()), "did not answer"),
    ] {
        let play = Scripted::new([Ok(Undecided), last], [Ok(())]);
        let outcome = deliver(&play).await;
        assert_eq!((outcome.status, outcome.not_sent), (ReceiptStatus::Unknown, false));
        assert!(outcome.detail.contains(part), "{}", outcome.detail);
        // 45 s by steps of 2 s, and the look before.
        assert_eq!(play.log.lock().unwrap().iter().filter(|l| **l == "look").count(), 24);
    }
}

#[tokio::test]
async fn an_open_intent_is_settled_by_looking() {
    for (look, status) in [
        (Ok(effective()), ReceiptStatus::Effective),
        (Ok(refused()), ReceiptStatus::Refused),
        (Ok(Unclear("?".to_owned())), ReceiptStatus::Unknown),
        (Err(timeout()), ReceiptStatus::Unknown),
    ] {
        let play = Scripted::new([look], []);
        assert_eq!(take(&play, 3_600, true).await.status, status);
        assert_eq!(*play.log.lock().unwrap(), ["look"]);
    }
    let play = Scripted::new([Ok(Pending), Ok(effective())], []);
    assert_eq!(take(&play, 3_600, true).await.status, ReceiptStatus::Effective);
}

#[tokio::test]
async fn what_never_arrived_is_sent_once_and_only_after_its_time() {
    let play = Scripted::new([Ok(Undecided), Ok(effective())], [Ok(())]);
    assert_eq!(take(&play, 3_600, true).await.status, ReceiptStatus::Effective);
    assert_eq!(*play.log.lock().unwrap(), ["look", "send", "look"]);

    // Twelve seconds old: four more looks of 2 s until its 20 s have passed.
    let undecided = std::iter::repeat_n(Ok(Undecided), 5);
    let play = Scripted::new(undecided.chain([Ok(effective())]), [Ok(())]);
    assert_eq!(take(&play, 12, true).await.status, ReceiptStatus::Effective);
    assert_eq!(*play.log.lock().unwrap(), ["look", "look", "look", "look", "look", "send", "look"]);

    // The first request arrives while we wait: nothing is sent.
    let play = Scripted::new([Ok(Undecided), Ok(Undecided), Ok(Pending), Ok(effective())], []);
    assert_eq!(take(&play, 0, true).await.status, ReceiptStatus::Effective);
    assert_eq!(play.sent(), 0);
}

#[tokio::test]
async fn without_leave_nothing_is_sent() {
    for age in [0, 3_600] {
        let play = Scripted::new([Ok(Undecided)], []);
        let outcome = take(&play, age, false).await;
        assert_eq!((outcome.status, outcome.not_sent, play.sent()), (ReceiptStatus::Unknown, true, 0));
    }
}
