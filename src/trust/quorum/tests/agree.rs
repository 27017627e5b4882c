//! What must agree beside the roles: inputs, times and the ledger's order, and the service of what is lent.

use super::*;

#[test]
fn those_who_choose_different_inputs_make_no_quorum() {
    let chose = |input: &'static str| move |c: &mut Choice<'static>| c.option = Some(input.into());
    let mut w = World::default();
    let first = w.decide("ana", 1, 0, chose("ship"));
    let other = w.decide("bob", 3, 1, chose("hold"));
    let tally = w.tally(2);
    assert!(!tally.reached());
    // Of two that come equally far the newest counts, and the other is told why it does not.
    assert!(tally.counts(&other));
    assert_eq!(why(&tally, &first), Why::Option(Some("ship".into())));
    assert!(why(&tally, &first).to_string().contains("chose the input ship"));
    let agreed = w.decide("bob", 3, 3, chose("ship"));
    let tally = w.tally(4);
    assert!(tally.reached() && tally.counts(&first) && tally.counts(&agreed));
    assert_eq!(tally.option, Some("ship".into()));
    // None is not the same as one.
    let mut w = World::default();
    w.decide("ana", 1, 0, chose("ship"));
    w.approve("bob", 3, 1);
    assert!(!w.tally(2).reached());
    // What the pipeline goes on with is asked too.
    let mut w = World::default();
    w.decide("ana", 1, 0, chose("ship"));
    w.decide("bob", 3, 1, chose("ship"));
    let with = |input: &str| w.ask(Some(FILE), 2, |a| a.expected.option = Some(input.to_owned())).reached();
    assert!(with("ship") && !with("hold"));
    let mut w = World::default();
    w.approve("ana", 1, 0);
    w.approve("bob", 3, 1);
    assert!(!w.ask(Some(FILE), 2, |a| a.expected.option = Some("ship".to_owned())).reached());
}

#[test]
fn a_no_that_the_ledger_has_later_is_later_whatever_its_clock_says() {
    let mut w = World::default();
    w.approve("ana", 1, 5);
    let last = w.approve("bob", 3, 6);
    w.decide("cyd", 4, 1, |c| c.verb = Verb::Reject);
    assert_eq!(why(&w.tally(7), &last), Why::Rejected(Principal::new("cyd")));
    // Files are in no order: what is newer by its own word counts.
    assert!(w.ask(Some(FILE), 7, |a| a.in_order = false).reached());
    // Approved again after the rejection, it counts.
    w.approve("ana", 1, 8);
    w.approve("bob", 3, 9);
    assert!(w.tally(10).reached());
}

#[test]
fn what_lapsed_lets_nothing_pass_and_still_speaks_against() {
    let mut w = World::default();
    let first = w.approve("ana", 1, 0);
    w.approve("bob", 3, 1);
    let with = |w: &World, lapsed: &RecordId| w.ask(Some(FILE), 9, |a| a.lapsed = vec![lapsed.clone()]);
    assert_eq!(why(&with(&w, &first), &first), Why::Lapsed);
    assert!(!with(&w, &first).reached());
    let mut rejected = World { all: w.all.clone() };
    let no = rejected.decide("cyd", 4, 2, |c| c.verb = Verb::Reject);
    assert!(!with(&rejected, &no).reached());
    let mut revoked = World { all: w.all.clone() };
    let back = revoked.about("ana", 1, 2, Verb::Revoke, &first);
    assert_eq!(why(&with(&revoked, &back), &first), Why::Revoked(Principal::new("ana")));
    // Whom it names as an author, stays excluded.
    let mut named = World { all: w.all.clone() };
    let by = named.decide("cyd", 4, 2, |c| c.entitlement.excluded = names(&[("bob-gh", Exclusion::Author)]));
    assert!(!with(&named, &by).reached());
    // What is lent, and a review, must hold now; what takes back a loan holds on.
    let mut lent = World::default();
    lent.approve("ana", 1, 1);
    let loan = lent.delegate("bob", 3, "dan", |_| ());
    lent.decide("dan", 5, 2, |c| c.entitlement.delegation = Some(loan.clone()));
    assert!(lent.tally(9).reached() && !with(&lent, &loan).reached());
    let back = lent.delegate("bob", 3, "dan", |d| {
        d.revokes = Some(loan.clone());
        d.roles.clear();
        d.scope = DelegationScope { environments: Vec::new(), services: Vec::new() };
    });
    assert!(!with(&lent, &back).reached());
    let mut alone = World::default();
    let id = alone.decide("dan", 5, 0, |c| c.entitlement.break_glass = true);
    let review = alone.about("bob", 3, 1, Verb::Comment, &id);
    assert!(!alone.tally(9).standing().review_outstanding);
    assert!(with(&alone, &review).standing().review_outstanding);
}

#[test]
fn for_which_service_a_role_is_lent_is_not_the_delegates_word() {
    let lent = |services: &str| {
        let mut w = World::default();
        w.approve("ana", 1, 1);
        let loan = w.delegate("bob", 3, "dan", |d| d.scope.services = vec![services.to_owned()]);
        let id = w.decide("dan", 5, 2, |c| c.entitlement.delegation = Some(loan));
        (w, id)
    };
    // The approval says itself that it is for payments.
    let (w, id) = lent("payments");
    assert!(w.tally(3).reached());
    let unsaid = w.ask(Some(FILE), 3, |a| a.service = None);
    assert!(matches!(why(&unsaid, &id), Why::Delegation(w) if w.contains("was not said which service")));
    let (w, _) = lent("*");
    assert!(w.ask(Some(FILE), 3, |a| a.service = None).reached());
}

#[test]
fn a_review_is_outstanding_as_long_as_one_emergency_has_none() {
    let alone = |c: &mut Choice<'static>| c.entitlement.break_glass = true;
    let two = FILE.replace("roles = [\"security\"]", "roles = [\"security\", \"commander\"]");
    let mut w = World::default();
    w.decide("dan", 5, 0, alone);
    let second = w.decide("bob", 3, 1, alone);
    w.about("ana", 1, 2, Verb::Comment, &second);
    assert!(w.ask(Some(&two), 3, |_| ()).standing().review_outstanding, "Dan's was looked at by nobody");
    // Given twice by the same person: the first may be what was sent.
    let mut w = World::default();
    let first = w.decide("dan", 5, 0, alone);
    let again = w.decide("dan", 5, 1, alone);
    w.about("ana", 1, 2, Verb::Comment, &again);
    assert!(w.tally(3).standing().review_outstanding);
    w.about("ana", 1, 2, Verb::Comment, &first);
    assert!(!w.tally(3).standing().review_outstanding);
}

#[test]
fn a_role_is_lent_to_whoever_needs_it() {
    // Ana could also sit for Bob, and has a seat of her own; Dan has nothing but what Bob lends.
    let mut w = World::default();
    let to_ana = w.delegate("bob", 3, "ana", |_| ());
    let to_dan = w.delegate("bob", 3, "dan", |_| ());
    let as_both = |c: &mut Choice<'static>| c.entitlement.delegation = Some(to_ana);
    w.decide("ana", 1, 1, as_both);
    w.decide("dan", 5, 2, |c| c.entitlement.delegation = Some(to_dan));
    let tally = w.tally(3);
    assert!(tally.reached(), "{:?}", tally.standing());
    assert_eq!(tally.rules[0].seats[1].by, Some(Principal::new("dan")));
    // To two people at once it is not lent.
    let two = FILE.replace("count = 1 }]\nhold", "count = 2 }]\nhold");
    assert_eq!(w.ask(Some(&two), 3, |_| ()).standing().words(), "2 of 3, waits for security");
}

#[test]
fn a_lender_who_is_not_wanted_is_named() {
    let mut w = World::default();
    w.approve("ana", 1, 1);
    let loan = w.delegate("bob", 3, "dan", |_| ());
    let id = w.decide("dan", 5, 2, |c| c.entitlement.delegation = Some(loan));
    let tally = w.ask(Some(FILE), 3, |a| a.barred = vec!["bob-gh".to_owned()]);
    assert!(matches!(why(&tally, &id), Why::Delegation(w) if w.contains("bob, as bob-gh, was said not to be")));
}

#[test]
fn a_copy_of_an_approval_is_not_given_anew() {
    let mut w = World::default();
    w.approve("ana", 1, 5);
    w.approve("bob", 3, 6);
    let copies = w.all.clone();
    // The one who rejects has a slow clock: only the ledger's order says that it came later.
    w.decide("cyd", 4, 1, |c| c.verb = Verb::Reject);
    w.all.extend(copies);
    let tally = w.tally(7);
    assert!(!tally.reached(), "{:?}", tally.standing());
    let whys: Vec<_> = tally.votes.iter().map(|v| v.why.clone()).collect();
    let rejected = Some(Why::Rejected(Principal::new("cyd")));
    assert_eq!(whys, [rejected.clone(), rejected, Some(Why::Copy), Some(Why::Copy)]);
}

#[test]
fn an_emergency_carries_nobody_elses_approval() {
    let mut w = World::default();
    let first = w.approve("ana", 1, 0);
    let alone = w.decide("dan", 5, 1, |c| c.entitlement.break_glass = true);
    let tally = w.tally(2);
    assert!(tally.reached() && tally.counts(&first));
    assert!(tally.carries(&alone) && !tally.carries(&first));
    let second = w.approve("bob", 3, 2);
    let tally = w.tally(3);
    assert!(tally.carries(&first) && tally.carries(&second));
}

#[test]
fn what_lapsed_hides_no_earlier_approval_and_no_good_loan() {
    let mut w = World::default();
    let first = w.approve("ana", 1, 0);
    let again = w.approve("ana", 2, 1);
    w.approve("bob", 3, 2);
    let tally = w.ask(Some(FILE), 3, |a| a.lapsed = vec![again.clone()]);
    assert!(tally.reached() && tally.counts(&first), "{:?}", tally.standing());
    // Somebody without the role signs a loan of the same name first.
    let mut w = World::default();
    w.approve("ana", 1, 1);
    let id = RecordId::new("LOAN");
    w.delegate("ana", 1, "dan", |d| d.id = id.clone());
    w.delegate("bob", 3, "dan", |d| d.id = id.clone());
    w.decide("dan", 5, 2, |c| c.entitlement.delegation = Some(id));
    assert!(w.tally(3).reached(), "{:?}", w.tally(3).standing());
}
