mod together;

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use credit_policy::{CitizenNumber, Decision, Facts, InstitutionKind, Listing, ScenarioName, catalogue, decide};

use super::*;
use crate::stores::contract::{LookUp, Probe};

/// A store that has an entry on each list that it is asked for, after a while, or fails.
#[derive(Default)]
struct Made {
    figures: Figures,
    after: Duration,
    fails: bool,
    is_at_hand: bool,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    asked: Mutex<Vec<String>>,
    ended: AtomicU64,
}

impl Store for Made {
    fn look_up(&self, asked: Asked) -> LookUp<'_> {
        Box::pin(async move {
            let plan = &asked.plan;
            let names = plan.classes().iter().map(ToString::to_string);
            let lists = plan.lists().iter().map(|list| list.as_str().to_owned());
            self.seen.asked.lock().unwrap().extend(names.chain(lists));
            tokio::time::sleep(self.after).await;
            self.seen.ended.fetch_add(1, Ordering::SeqCst);
            if self.fails {
                return Err(StoreError::Failed(StoreFault::ReaderEnded));
            }
            let from = jiff::civil::date(2026, 1, 1);
            let listings = plan.lists().iter().map(|list| Listing { list: *list, from, until: None, disputed: false });
            Ok(History { listings: listings.collect(), ..History::default() })
        })
    }

    fn probe(&self) -> Probe<'_> {
        Box::pin(async { if self.fails { Err(StoreError::Failed(StoreFault::ReaderEnded)) } else { Ok(()) } })
    }

    fn is_at_hand(&self) -> bool {
        self.is_at_hand
    }

    fn figures(&self) -> &Figures {
        &self.figures
    }
}

fn shipped() -> Catalogue {
    Catalogue::load(&catalogue::shipped()).unwrap()
}

/// A look-up that needs lists and classes.
fn question(catalogue: &Catalogue) -> Asked {
    let on = jiff::civil::date(2026, 11, 22);
    let facts = Facts {
        operator: true,
        case: true,
        minor: Some(false),
        ..Facts::new(InstitutionKind::of_form("housing-department").unwrap(), on)
    };
    let scenario = ScenarioName::parse("public-rental-housing").unwrap();
    let Decision::Permit(permit) = decide(catalogue, Some(&scenario), &facts) else { panic!("not permitted") };
    let person =
        CitizenNumber::parse("990101199003070015").or_else(|_| CitizenNumber::parse("99010119900307001X")).unwrap();
    Asked { person: Arc::new(person), plan: Arc::clone(permit.plan()), scenario, on }
}

fn named(catalogue: &Catalogue, classes: &[&str]) -> Scope {
    let classes: Vec<_> = classes.iter().map(|class| (*class).to_owned()).collect();
    Scope::of("named", Some(&classes), catalogue).unwrap()
}

/// Every class but some.
fn all_but(catalogue: &Catalogue, classes: &[&str]) -> Scope {
    let names: Vec<_> = catalogue.classes().map(|class| class.name().as_str()).collect();
    named(catalogue, &names.into_iter().filter(|name| !classes.contains(name)).collect::<Vec<_>>())
}

#[test]
fn lines_are_looked_up_as_one_only_where_a_store_that_look_ups_ask_is_waited_for() {
    let catalogue = shipped();
    let at_hand = |is_at_hand| Box::new(Made { is_at_hand, ..Made::default() });
    for (first, second, scope, gain) in [
        (true, true, named(&catalogue, &LISTS), false),
        (true, false, named(&catalogue, &LISTS), true),
        (false, true, named(&catalogue, &LISTS), true),
        // Routes alone ask it.
        (true, false, named(&catalogue, &[]), false),
        (false, false, named(&catalogue, &[]), true),
    ] {
        let mut stores = Stores::new();
        stores.add("first", Scope::Everything, at_hand(first), 8);
        stores.add("second", scope, at_hand(second), 8);
        assert_eq!(stores.gain_by_sets(), gain, "at hand: {first}, {second}");
    }
}

const LISTS: [&str; 2] = ["black-list", "grey-list"];

#[tokio::test(start_paused = true)]
async fn each_store_is_asked_for_its_part_side_by_side_and_the_parts_are_one_answer() {
    let catalogue = shipped();
    let lists = Made { after: Duration::from_secs(3), ..Made::default() };
    let rest = Made { after: Duration::from_secs(2), ..Made::default() };
    let seen = [Arc::clone(&lists.seen), Arc::clone(&rest.seen)];
    let mut stores = Stores::new();
    stores.add("lists", named(&catalogue, &LISTS), Box::new(lists), 8);
    stores.add("rest", all_but(&catalogue, &LISTS), Box::new(rest), 8);
    let asked = question(&catalogue);
    let begun = tokio::time::Instant::now();
    let found = stores.look_up(asked.clone()).await.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(3), "the slowest, not the sum");
    assert_eq!(found.listings.len(), asked.plan.lists().len());
    assert_eq!(*seen[0].asked.lock().unwrap(), ["grey", "black"]);
    let classes: Vec<_> = asked.plan.classes().iter().map(ToString::to_string).collect();
    assert_eq!(*seen[1].asked.lock().unwrap(), classes);
}

#[tokio::test(start_paused = true)]
async fn one_store_that_fails_fails_the_look_up_at_once_and_a_part_of_a_file_is_never_an_answer() {
    let catalogue = shipped();
    let fails = Made { fails: true, ..Made::default() };
    let slow = Made { after: Duration::from_secs(3), ..Made::default() };
    let ended = Arc::clone(&slow.seen);
    let mut stores = Stores::new();
    stores.add("fails", named(&catalogue, &LISTS), Box::new(fails), 8);
    stores.add("slow", all_but(&catalogue, &LISTS), Box::new(slow), 8);
    let begun = tokio::time::Instant::now();
    let found = stores.look_up(question(&catalogue)).await;
    assert!(matches!(found, Err(StoreError::Failed(StoreFault::ReaderEnded))));
    assert_eq!(begun.elapsed(), Duration::ZERO, "nobody waits for the others");
    assert_eq!(ended.ended.load(Ordering::SeqCst), 0, "the others are given up");
}

#[tokio::test]
async fn what_no_store_has_is_asked_of_none() {
    let catalogue = shipped();
    let lists = Made::default();
    let seen = Arc::clone(&lists.seen);
    let mut stores = Stores::new();
    stores.add("lists", named(&catalogue, &LISTS), Box::new(lists), 8);
    let found = stores.look_up(question(&catalogue)).await;
    assert!(matches!(found, Err(StoreError::Failed(StoreFault::Nowhere(_)))));
    assert!(seen.asked.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn more_look_ups_than_its_bound_are_refused_without_waiting() {
    let catalogue = shipped();
    let slow = Made { after: Duration::from_secs(3), ..Made::default() };
    let mut stores = Stores::new();
    stores.add("slow", Scope::Everything, Box::new(slow), 2);
    let asked = question(&catalogue);
    let found = futures_util::future::join_all((0..3).map(|_| stores.look_up(asked.clone()))).await;
    let late = found.iter().filter(|found| matches!(found, Err(StoreError::Timeout))).count();
    assert_eq!(late, 1);
    assert!(stores.look_up(asked).await.is_ok(), "places are given back");
}

#[tokio::test]
async fn a_store_that_is_away_is_left_alone_until_a_probe_is_answered() {
    let catalogue = shipped();
    let fails = Made { fails: true, ..Made::default() };
    let seen = Arc::clone(&fails.seen);
    let mut stores = Stores::new();
    stores.add("away", Scope::Everything, Box::new(fails), 8);
    for _ in 0..100 {
        assert!(stores.look_up(question(&catalogue)).await.is_err());
    }
    let asked = seen.ended.load(Ordering::SeqCst);
    assert!(asked < 50, "asked {asked} times");
    stores.probe().await;
    assert_eq!(stores.down().collect::<Vec<_>>(), ["away"]);
    assert!(stores.look_up(question(&catalogue)).await.is_err());
    assert_eq!(seen.ended.load(Ordering::SeqCst), asked, "not asked while its probes fail");
}

#[test]
fn an_attribute_is_in_one_store_and_a_class_is_one_of_the_data_list() {
    let catalogue = shipped();
    let scopes = [named(&catalogue, &["identity"]), Scope::Everything];
    let twice = distinct(["one", "other"].into_iter().zip(&scopes), &catalogue);
    assert!(matches!(twice, Err(ScopeError::Twice { .. })));
    let scopes = [named(&catalogue, &LISTS), named(&catalogue, &LISTS)];
    assert!(distinct(["one", "other"].into_iter().zip(&scopes), &catalogue).is_ok(), "rows of both count");
    assert!(matches!(Scope::of("own", Some(&["colour".to_owned()]), &catalogue), Err(ScopeError::Unknown { .. })));
}
