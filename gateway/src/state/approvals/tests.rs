use credit_audit::leaf::{Act, Base64, Read, render};

use super::*;

const PROPOSED: Uuid = Uuid::from_u128(7);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn officer(name: &str) -> Actor {
    Actor::Officer { officer: name.to_owned(), certificate: format!("{name}-certificate") }
}

fn proposed() -> Approvals {
    let mut approvals = Approvals::default();
    let proposal = Proposal { act: "limits".to_owned(), digest: Base64([1; 32]), expires: at("2026-11-23T00:00:00Z") };
    approvals.propose(PROPOSED, Some(&officer("one")), proposal);
    approvals
}

#[test]
fn what_is_no_second_officer_s_approval_of_the_very_thing_in_time_is_none() {
    let (in_time, late) = (at("2026-11-22T00:00:00Z"), at("2026-11-24T00:00:00Z"));
    let fault = |approvals: &Approvals, id, digest: u8, officer, same_key: bool, now| {
        approvals.fault(id, &[digest; 32], &Approver { officer, has_key_of: &|_| same_key }, now)
    };
    let mut approvals = proposed();
    for (id, digest, by, same_key, now, expected) in [
        (Uuid::from_u128(8), 1, "two", false, in_time, Some(NotApproved::Unknown)),
        (PROPOSED, 2, "two", false, in_time, Some(NotApproved::OtherDigest)),
        (PROPOSED, 1, "one", false, in_time, Some(NotApproved::Own)),
        (PROPOSED, 1, "two", true, in_time, Some(NotApproved::SameKey)),
        (PROPOSED, 1, "two", false, late, Some(NotApproved::Expired)),
        (PROPOSED, 1, "two", false, in_time, None),
    ] {
        assert_eq!(fault(&approvals, id, digest, by, same_key, now), expected);
    }
    assert_eq!(approvals.loadable("limits"), None, "one signature loads nothing");
    let approval = Approval { proposal: PROPOSED, digest: Base64([1; 32]) };
    approvals.approve(Some(&officer("two")), &approval, in_time);
    assert_eq!(approvals.loadable("limits"), Some(&[1; 32]));
    assert_eq!(fault(&approvals, PROPOSED, 1, "three", false, in_time), Some(NotApproved::Again));
}

#[test]
fn only_the_gateway_itself_says_what_a_log_begins_with() {
    let mut approvals = Approvals::default();
    let proposal =
        |act: &str| Proposal { act: act.to_owned(), digest: Base64([3; 32]), expires: at("2026-11-22T00:00:00Z") };
    approvals.propose(PROPOSED, Some(&Actor::Account("uid 0".to_owned())), proposal("catalogue"));
    approvals.propose(PROPOSED, Some(&Actor::Account("uid 0".to_owned())), proposal(OFFICER));
    assert!(approvals.loadable("catalogue").is_none() && !approvals.is_by_two());
    approvals.propose(PROPOSED, Some(&Actor::gateway()), proposal("catalogue"));
    approvals.propose(PROPOSED, Some(&Actor::gateway()), proposal(OFFICER));
    assert!(approvals.loadable("catalogue").is_some() && approvals.is_by_two());
}

/// Approvals of a gateway with two officers, and a proposal of `one` to unseal record 5.
fn unsealing() -> (Approvals, Digest) {
    let (mut approvals, digest) = (Approvals::default(), of_unsealing(5, "a court order"));
    let proposal = |act: &str, digest| Proposal {
        act: act.to_owned(),
        digest: Base64(digest),
        expires: at("2026-11-23T00:00:00Z"),
    };
    approvals.propose(Uuid::from_u128(1), Some(&Actor::gateway()), proposal(OFFICER, [3; 32]));
    approvals.propose(PROPOSED, Some(&officer("one")), proposal(UNSEAL, digest));
    (approvals, digest)
}

#[test]
fn what_two_approved_is_done_once_by_one_of_them_in_time() {
    let (mut approvals, digest) = unsealing();
    let (in_time, late) = (at("2026-11-22T00:00:00Z"), at("2026-11-24T00:00:00Z"));
    let fault = |approvals: &Approvals, act: &str, digest: &Digest, id, officer: &str, now| {
        approvals.fault_of_doing((act, digest), id, officer, now)
    };
    assert_eq!(fault(&approvals, UNSEAL, &digest, PROPOSED, "one", in_time), Some(NotApproved::NotYet));
    let approval = Approval { proposal: PROPOSED, digest: Base64(digest) };
    approvals.approve(Some(&officer("two")), &approval, in_time);
    for (act, digest, id, by, now, expected) in [
        (UNSEAL, digest, Uuid::from_u128(8), "one", in_time, Some(NotApproved::Unknown)),
        (RESUME, digest, PROPOSED, "one", in_time, Some(NotApproved::OtherDigest)),
        (UNSEAL, of_unsealing(6, "a court order"), PROPOSED, "one", in_time, Some(NotApproved::OtherDigest)),
        (UNSEAL, of_unsealing(5, "curiosity"), PROPOSED, "one", in_time, Some(NotApproved::OtherDigest)),
        (UNSEAL, digest, PROPOSED, "three", in_time, Some(NotApproved::NotTheirs)),
        (UNSEAL, digest, PROPOSED, "two", late, Some(NotApproved::Expired)),
        (UNSEAL, digest, PROPOSED, "one", in_time, None),
        (UNSEAL, digest, PROPOSED, "two", in_time, None),
    ] {
        assert_eq!(fault(&approvals, act, &digest, id, by, now), expected);
    }
    approvals.done((UNSEAL, &digest), Some(PROPOSED), Some(&officer("two")), in_time);
    assert_eq!(fault(&approvals, UNSEAL, &digest, PROPOSED, "one", in_time), Some(NotApproved::Done));
    assert_eq!(approvals.emergencies().count(in_time), (0, 0));
    assert_eq!(approvals.loadable(UNSEAL), None, "nothing that a start loads");
}

#[test]
fn what_was_approved_and_expired_neither_saves_what_is_used_nor_hides_who_was_alone() {
    let (mut approvals, digest) = unsealing();
    let (begun, later) = (at("2026-11-22T00:00:00Z"), at("2026-11-30T00:00:00Z"));
    let approve = |approvals: &mut Approvals, id, now| {
        let approval = Approval { proposal: id, digest: Base64(digest) };
        approvals.approve(Some(&officer("two")), &approval, now);
    };
    approve(&mut approvals, PROPOSED, begun);
    let again = Uuid::from_u128(9);
    let expires = at("2026-12-05T00:00:00Z");
    let proposal = || Proposal { act: UNSEAL.to_owned(), digest: Base64(digest), expires };
    approvals.propose(again, Some(&officer("one")), proposal());
    approve(&mut approvals, again, later);
    for named in [Some(again), None] {
        let mut approvals = approvals.clone();
        approvals.done((UNSEAL, &digest), named, Some(&officer("one")), later);
        let fault = approvals.fault_of_doing((UNSEAL, &digest), again, "one", later);
        assert_eq!(fault, Some(NotApproved::Done), "{named:?}");
        assert_eq!(approvals.emergencies().count(later), (0, 0));
        // Once more, by nobody's approval but the one that expired.
        approvals.done((UNSEAL, &digest), None, Some(&officer("one")), later);
        assert_eq!(approvals.emergencies().count(later), (1, 0));
    }
}

#[test]
fn what_one_did_alone_is_settled_within_the_hour_or_never() {
    let begun = at("2026-11-22T00:00:00Z");
    for (approved, settled) in [("2026-11-22T01:00:00Z", true), ("2026-11-22T01:00:01Z", false)] {
        let (mut approvals, digest) = unsealing();
        approvals.done((UNSEAL, &digest), None, Some(&officer("one")), begun);
        assert_eq!(approvals.emergencies().count(begun), (1, 0));
        let fault = |approvals: &Approvals, officer, now| approvals.emergencies().fault(officer, now);
        assert_eq!(fault(&approvals, "two", begun), Some(NotApproved::EmergencyWaits));
        let approval = Approval { proposal: PROPOSED, digest: Base64(digest) };
        approvals.approve(Some(&officer("two")), &approval, at(approved));
        let much_later = at("2027-01-01T00:00:00Z");
        assert_eq!(approvals.emergencies().count(much_later), (0, usize::from(!settled)), "{approved}");
        let alone = (!settled).then_some(NotApproved::EmergencyAlone);
        assert_eq!(fault(&approvals, "one", much_later), alone);
        assert_eq!(fault(&approvals, "two", much_later), None);
        // The approval of what is done allows nothing more.
        let again = approvals.fault_of_doing((UNSEAL, &digest), PROPOSED, "one", begun);
        assert_eq!(again, settled.then_some(NotApproved::Done));
    }
}

#[test]
fn nobody_acts_alone_where_no_two_are_needed() {
    let mut approvals = Approvals::default();
    let (one, begun) = (officer("one"), at("2026-11-22T00:00:00Z"));
    approvals.done((RESUME, &of_resumption(None, None)), None, Some(&one), begun);
    assert_eq!(approvals, Approvals::default());
}

#[test]
fn what_waits_is_counted_until_it_is_done_or_over() {
    let (in_time, late) = (at("2026-11-22T00:00:00Z"), at("2026-11-24T00:00:00Z"));
    let (mut approvals, digest) = unsealing();
    assert_eq!((approvals.waiting(in_time), approvals.waiting(late)), ((1, 0), (0, 0)));
    approvals.approve(Some(&officer("two")), &Approval { proposal: PROPOSED, digest: Base64(digest) }, in_time);
    assert_eq!((approvals.waiting(in_time), approvals.waiting(late)), ((0, 1), (0, 0)));
    approvals.done((UNSEAL, &digest), Some(PROPOSED), Some(&officer("two")), in_time);
    assert_eq!(approvals.waiting(in_time), (0, 0));
    // What two approved to be loaded waits for that, however long it takes, and once.
    let mut approvals = proposed();
    let limits = approvals.digest_of(PROPOSED).unwrap();
    approvals.approve(Some(&officer("two")), &Approval { proposal: PROPOSED, digest: Base64(limits) }, in_time);
    assert_eq!((approvals.waiting(in_time), approvals.waiting(late)), ((0, 1), (0, 1)));
    approvals.read(&loaded_path("limits", PROPOSED), Some(&Actor::gateway()));
    assert_eq!(approvals.waiting(in_time), (0, 0));
}

/// As the ids of leaves are made.
fn v7(number: u128) -> Uuid {
    Uuid::from_u128((7 << 76) | (2 << 62) | number)
}

fn take_in<A: Act>(approvals: &mut Approvals, log: Option<&str>, (id, by): (u128, Actor), said: &A) {
    let leaf = render(&said.entry(v7(id), by).unwrap(), at("2026-11-22T00:00:00Z"), 0);
    approvals.take_in(log, u64::try_from(id).unwrap(), &credit_audit::leaf::parse(&leaf).unwrap().unwrap());
}

/// How an act is taken in: its log, its id and by whom.
type Heard<'a> = (Option<&'a str>, u128, Actor);

/// Takes an act in.
type Say = dyn Fn(&mut Approvals, Heard<'_>);

/// What two officers did in order, and what one did alone and another approved, at these logs; and an act from before two were needed.
fn history<'a>([proposed, approved, acted]: [Option<&'a str>; 3], take: &mut impl FnMut(Heard<'a>, &Say)) {
    let resumed = |reason: &'static str| {
        move |approvals: &mut Approvals, (log, id, by): Heard<'_>| {
            let stop = credit_audit::leaf::Stop { stopped: false, scenario: None, reason: Some(reason.to_owned()) };
            take_in(approvals, log, (id, by), &stop);
        }
    };
    let proposal = |act: &'static str, digest: Digest| {
        move |approvals: &mut Approvals, (log, id, by): Heard<'_>| {
            let expires = at("2026-11-23T00:00:00Z");
            take_in(approvals, log, (id, by), &Proposal { act: act.to_owned(), digest: Base64(digest), expires });
        }
    };
    let approval = |of: u128, digest: Digest| {
        move |approvals: &mut Approvals, (log, id, by): Heard<'_>| {
            take_in(approvals, log, (id, by), &Approval { proposal: v7(of), digest: Base64(digest) });
        }
    };
    let (drill, fire) = (of_resumption(None, Some("drill")), of_resumption(None, Some("fire")));
    take((acted, 1, officer("one")), &resumed("before"));
    for (nr, log) in [None, Some("other/1"), Some("other/2")].into_iter().enumerate() {
        take((log, 2 + nr as u128, Actor::gateway()), &proposal(OFFICER, [3; 32]));
    }
    take((proposed, 11, officer("one")), &proposal(RESUME, drill));
    take((approved, 12, officer("two")), &approval(11, drill));
    take((acted, 13, officer("one")), &resumed("drill"));
    // The same once more, alone: that the first one was approved settles nothing of it.
    take((acted, 14, officer("one")), &proposal(RESUME, fire));
    take((acted, 15, officer("one")), &resumed("fire"));
    take((approved, 16, officer("two")), &approval(14, fire));
    take((acted, 17, officer("one")), &resumed("drill"));
}

#[test]
fn what_was_done_by_two_or_settled_is_so_after_a_start_that_hears_all_again() {
    let now = at("2026-11-22T00:00:00Z");
    let (own, one, two) = (None, Some("other/1"), Some("other/2"));
    for logs in [[own, own, own], [one, one, one], [own, one, two], [one, own, own], [one, two, own], [one, own, two]] {
        let hear = |approvals: &mut Approvals, of_own: bool| {
            history(logs, &mut |heard, say| {
                if !of_own || heard.0.is_none() {
                    say(approvals, heard);
                }
            });
        };
        // As the own log alone has it at a start, which hears all of them once for what it loads, and then in order.
        let mut approvals = Approvals { by_two: true, ..Approvals::default() };
        approvals.begin_anew(u64::MAX);
        hear(&mut approvals, true);
        for _ in 0..2 {
            let text = serde_json::to_string(&approvals).unwrap();
            approvals = serde_json::from_str(&text).unwrap();
            hear(&mut approvals, false);
            approvals.begin_anew(u64::MAX);
            hear(&mut approvals, false);
            assert_eq!(approvals.emergencies().count(now), (1, 0), "{logs:?}: the last one alone");
            let done = approvals.proposals().filter(|(_, known)| known.is_done).count();
            assert_eq!(done, 2, "{logs:?}");
        }
    }
}

#[test]
fn what_the_own_log_alone_says_is_done_stays_so_when_all_is_heard_again() {
    let (mut approvals, id) = (Approvals { by_two: true, ..Approvals::default() }, v7(11));
    let said = Proposal { act: PRUNE.to_owned(), digest: Base64([1; 32]), expires: at("2026-11-23T00:00:00Z") };
    let approval = Approval { proposal: id, digest: Base64([1; 32]) };
    for _ in 0..2 {
        approvals.begin_anew(100);
        take_in(&mut approvals, None, (11, officer("one")), &said);
        take_in(&mut approvals, None, (21, officer("two")), &approval);
        let in_time = at("2026-11-22T00:00:00Z");
        approvals.done((PRUNE, &[1; 32]), Some(id), Some(&officer("one")), in_time);
        assert_eq!(approvals.fault_of_doing((PRUNE, &[1; 32]), id, "one", in_time), Some(NotApproved::Done));
    }
    approvals.begin_anew(100);
    take_in(&mut approvals, None, (11, officer("one")), &said);
    take_in(&mut approvals, None, (21, officer("two")), &approval);
    let fault = approvals.fault_of_doing((PRUNE, &[1; 32]), id, "one", at("2026-11-22T00:00:00Z"));
    assert_eq!(fault, Some(NotApproved::Done));
}

#[test]
fn what_another_gateway_s_log_says_is_taken_in_once_and_binds_this_one() {
    let (other, gateway) = (Some("other/1"), Actor::gateway);
    let proposal = |act: &str, digest: u8| Proposal {
        act: act.to_owned(),
        digest: Base64([digest; 32]),
        expires: at("2026-11-23T00:00:00Z"),
    };
    let approval = |id, digest: u8| Approval { proposal: v7(id), digest: Base64([digest; 32]) };
    let loaded = |id| Read { path: loaded_path("limits", v7(id)) };
    let is_behind = |approvals: &Approvals, digest: u8| {
        approvals.is_behind(&BTreeMap::from([("limits", [digest; 32]), ("sampling", [0; 32])]))
    };
    let mut approvals = Approvals::default();
    for _ in 0..2 {
        take_in(&mut approvals, other, (11, officer("one")), &proposal("limits", 7));
        take_in(&mut approvals, None, (21, officer("two")), &approval(11, 7));
        take_in(&mut approvals, other, (12, officer("one")), &proposal("limits", 8));
        take_in(&mut approvals, other, (31, gateway()), &loaded(11));
        // What a gateway began with, each says for itself; and what nobody approved binds nobody.
        take_in(&mut approvals, other, (13, gateway()), &proposal("limits", 9));
        take_in(&mut approvals, other, (32, gateway()), &loaded(12));
        assert_eq!((approvals.proposals().count(), approvals.loadable("limits")), (2, Some(&[7; 32])));
        assert_eq!([7, 8, 9].map(|digest| is_behind(&approvals, digest)), [false, true, true]);
    }
    assert_eq!(approvals.in_force("limits"), None, "this one has loaded nothing");
    // Whoever loads what is over binds nobody either.
    take_in(&mut approvals, other, (22, officer("two")), &approval(12, 8));
    assert!(is_behind(&approvals, 8), "nobody has loaded it");
    take_in(&mut approvals, other, (33, gateway()), &loaded(12));
    take_in(&mut approvals, other, (34, gateway()), &loaded(11));
    assert!(!is_behind(&approvals, 8));
    // By another policy of reviews a gateway would draw other queries, and not start either.
    let policy = Proposal { act: "sampling".to_owned(), digest: Base64([5; 32]), expires: at("2026-11-23T00:00:00Z") };
    let loaded = Read { path: loaded_path("sampling", v7(14)) };
    take_in(&mut approvals, other, (14, officer("one")), &policy);
    take_in(&mut approvals, None, (24, officer("two")), &approval(14, 5));
    assert!(!is_behind(&approvals, 8), "nobody has loaded it");
    take_in(&mut approvals, other, (35, gateway()), &loaded);
    assert!(is_behind(&approvals, 8));
}

#[test]
fn what_is_about_another_gateway_s_log_is_neither_approved_nor_done_here() {
    let (in_time, late) = (at("2026-11-22T00:00:00Z"), at("2026-11-24T00:00:00Z"));
    for (act, is_of_one_log) in [(UNSEAL, true), (DESTROY, true), (EXPORT, true), (PRUNE, true), (RESUME, false)] {
        let (mut approvals, id) = (Approvals::default(), v7(11));
        let said = Proposal { act: act.to_owned(), digest: Base64([1; 32]), expires: at("2026-11-23T00:00:00Z") };
        take_in(&mut approvals, Some("other/1"), (11, officer("one")), &said);
        let two = Approver { officer: "two", has_key_of: &|_| false };
        let fault = approvals.fault(id, &[1; 32], &two, in_time);
        assert_eq!(fault, is_of_one_log.then_some(NotApproved::OtherLog), "{act}");
        let own = Approver { officer: "one", has_key_of: &|_| false };
        if !is_of_one_log {
            assert_eq!(approvals.fault(id, &[1; 32], &own, in_time), Some(NotApproved::Own));
            assert_eq!(approvals.fault(id, &[2; 32], &two, in_time), Some(NotApproved::OtherDigest));
            assert_eq!(approvals.fault(id, &[1; 32], &two, late), Some(NotApproved::Expired));
        }
        let approval = Approval { proposal: id, digest: Base64([1; 32]) };
        take_in(&mut approvals, Some("other/1"), (21, officer("two")), &approval);
        let doing = approvals.fault_of_doing((act, &[1; 32]), id, "one", in_time);
        assert_eq!(doing, is_of_one_log.then_some(NotApproved::OtherLog), "{act}");
    }
}

#[test]
fn who_acts_again_by_another_gateway_s_leaf_does_so_once_by_what_was_proposed_before() {
    let digest = of_reinstatement("officer3");
    let said = Proposal { act: REINSTATE.to_owned(), digest: Base64(digest), expires: at("2026-11-23T00:00:00Z") };
    let resumed = credit_audit::leaf::Suspension {
        institution: "officer3".to_owned(),
        operator: None,
        scenario: None,
        suspended: false,
        reason: None,
    };
    for log in [Some("other/1"), None] {
        let mut approvals = Approvals::default();
        take_in(&mut approvals, log, (11, officer("one")), &said);
        take_in(&mut approvals, None, (14, officer("one")), &said);
        take_in(&mut approvals, log, (12, officer("two")), &resumed);
        let is_done = |id| approvals.proposals().any(|(known, proposed)| *known == v7(id) && proposed.is_done);
        assert_eq!([11, 14].map(is_done), [true, false]);
    }
}
