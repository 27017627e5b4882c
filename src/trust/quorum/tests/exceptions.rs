//! Emergencies, and roles that are lent.

use super::*;

#[test]
fn alone_in_an_emergency_and_reviewed_by_another() {
    let alone = |c: &mut Choice<'static>| c.entitlement.break_glass = true;
    let mut w = World::default();
    let wrong = w.decide("ana", 1, 0, alone);
    assert_eq!((why(&w.tally(1), &wrong), w.tally(1).reached()), (Why::BreakGlass, false));
    let id = w.decide("dan", 5, 0, alone);
    let tally = w.tally(1);
    assert!(tally.reached() && tally.standing().review_outstanding && tally.counts(&id));
    assert_eq!(tally.standing().words(), "0 of 2, BREAK-GLASS by dan, review outstanding");
    w.about("dan", 5, 2, Verb::Comment, &id);
    assert!(w.tally(3).standing().review_outstanding, "not by oneself");
    w.about("keeper", 9, 2, Verb::Comment, &id);
    assert!(w.tally(3).standing().review_outstanding, "not by anybody");
    w.about("bob", 3, 4, Verb::Comment, &id);
    assert_eq!(w.tally(5).break_glass.unwrap().reviewed_by, Some(Principal::new("bob")));
    w.about("dan", 5, 6, Verb::Revoke, &id);
    assert!(!w.tally(7).reached());
    // Without a file nobody has the role, and the approval is like any other.
    let mut w = World::default();
    let id = w.decide("dan", 5, 0, alone);
    assert_eq!(why(&w.ask(None, 1, |_| ()), &id), Why::BreakGlass);
}

#[test]
fn what_is_lent_counts_in_its_time_and_scope_and_is_not_lent_on() {
    let with = |edit: &dyn Fn(&mut DelegationChoice), minute: u32| {
        let mut w = World::default();
        w.approve("ana", 1, 1);
        let lent = w.delegate("bob", 3, "dan", edit);
        let id = w.decide("dan", 5, minute, |c| c.entitlement.delegation = Some(lent));
        (w, id)
    };
    let good = |_: &mut DelegationChoice| ();
    let (w, _) = with(&good, 2);
    let tally = w.tally(3);
    assert!(tally.reached());
    assert_eq!(tally.rules[0].seats[1].lent_by, Some(Principal::new("bob")));
    let refused = |edit: &dyn Fn(&mut DelegationChoice), minute: u32, now: u32, word: &str| {
        let (w, id) = with(edit, minute);
        match why(&w.tally(now), &id) {
            Why::Delegation(why) => assert!(why.contains(word), "{why}"),
            other => panic!("{word}: {other}"),
        }
        assert!(!w.tally(now).reached());
    };
    refused(&good, 2, 481, "holds from");
    refused(&good, 490, 491, "holds from");
    refused(&|d| d.not_before = at(5), 2, 6, "holds from");
    refused(&|d| d.scope.environments = vec!["staging".into()], 2, 3, "not for this");
    refused(&|d| d.scope.services = vec!["shop".into()], 2, 3, "not for this");
    refused(&|d| d.to = Principal::new("cyd"), 2, 3, "not for this person");
    refused(&|d| d.roles = vec!["release-manager".into()], 2, 3, "does not hold");
    // Taken back, by the giver only.
    let (mut w, id) = with(&good, 2);
    let none = DelegationScope { environments: Vec::new(), services: Vec::new() };
    let lent = w.all[1].0.statement.id().clone();
    let back = |d: &mut DelegationChoice| {
        d.revokes = Some(lent.clone());
        d.roles.clear();
        d.scope = none.clone();
    };
    w.delegate("ana", 1, "dan", back);
    assert!(w.tally(3).reached());
    w.delegate("bob", 3, "dan", back);
    assert!(matches!(why(&w.tally(3), &id), Why::Delegation(w) if w.contains("took it back")));
    // Lent on: Dan has it from Bob, and lends it to Cyd's... key of Ana: she does not get it.
    let mut w = World::default();
    w.delegate("bob", 3, "dan", |_| ());
    let on = w.delegate("dan", 5, "ana", |_| ());
    let id = w.decide("ana", 1, 2, |c| {
        c.entitlement.approvers = Some(approvers(FILE).digest);
        c.entitlement.roles = vec!["security".into()];
        c.entitlement.delegation = Some(on);
    });
    assert!(matches!(why(&w.tally(3), &id), Why::Delegation(w) if w.contains("lent on")));
}

#[test]
fn one_head_fills_one_seat_also_by_delegation() {
    let two = FILE.replace("count = 1 }]\nhold", "count = 2 }]\nhold");
    assert_ne!(two, FILE);
    let mut w = World::default();
    w.approve("ana", 1, 0);
    w.approve("bob", 3, 1);
    let lent = w.delegate("bob", 3, "dan", |_| ());
    w.decide("dan", 5, 2, |c| c.entitlement.delegation = Some(lent));
    assert_eq!(w.ask(Some(&two), 3, |_| ()).standing().words(), "2 of 3, waits for security", "Bob is there himself");
    // An author's deputy is no better than the author.
    let mut w = World::default();
    w.decide("ana", 1, 0, |c| c.entitlement.excluded = names(&[("bob-gh", Exclusion::Author)]));
    let lent = w.delegate("bob", 3, "dan", |_| ());
    let id = w.decide("dan", 5, 2, |c| c.entitlement.delegation = Some(lent));
    assert!(matches!(why(&w.tally(3), &id), Why::Delegation(w) if w.contains("wrote a commit")));
}
