//! Look-ups of a group, asked as one.

use super::*;
use crate::stores::{contract::LookUps, together::Seat};

/// A store that takes sets, and fails for one of each set.
#[derive(Default)]
struct Sets {
    figures: Figures,
    sets: Arc<Mutex<Vec<usize>>>,
    fails: bool,
}

impl Store for Sets {
    fn look_up(&self, _: Asked) -> LookUp<'_> {
        Box::pin(async { panic!("asked about one alone") })
    }

    fn look_up_all(&self, asked: Vec<Asked>) -> Result<LookUps<'_>, Vec<Asked>> {
        self.sets.lock().unwrap().push(asked.len());
        Ok(Box::pin(async move {
            if self.fails {
                return Err(StoreError::Timeout);
            }
            let from = jiff::civil::date(2026, 1, 1);
            let one = |(at, asked): (usize, Asked)| match at {
                1 => Err(StoreError::Failed(StoreFault::Untyped("record"))),
                _ => {
                    let listing = |list: &_| Listing { list: *list, from, until: None, disputed: false };
                    Ok(History { listings: asked.plan.lists().iter().map(listing).collect(), ..History::default() })
                }
            };
            Ok(asked.into_iter().enumerate().map(one).collect())
        }))
    }

    fn probe(&self) -> Probe<'_> {
        Box::pin(async { Ok(()) })
    }

    fn figures(&self) -> &Figures {
        &self.figures
    }
}

async fn found(stores: &Arc<Stores>, seats: Vec<Seat>, asked: &Asked) -> Vec<Result<History, StoreError>> {
    let each = seats.into_iter().map(|seat| seat.look_up(stores, asked.clone()));
    futures_util::future::join_all(each).await
}

#[tokio::test]
async fn a_group_is_one_question_to_each_store_and_each_line_has_its_own_answer() {
    let catalogue = shipped();
    let (one, other) = (Sets::default(), Made::default());
    let (sets, seen) = (Arc::clone(&one.sets), Arc::clone(&other.seen));
    let mut stores = Stores::new();
    stores.add("one", named(&catalogue, &LISTS), Box::new(one), 1);
    stores.add("other", all_but(&catalogue, &LISTS), Box::new(other), 4);
    let stores = Arc::new(stores);
    let asked = question(&catalogue);
    let found = found(&stores, Seat::of(5).collect(), &asked).await;
    assert_eq!(*sets.lock().unwrap(), [5], "one question, and one place of its bound");
    assert_eq!(seen.ended.load(Ordering::SeqCst), 5, "where one is asked about at a time, five");
    let failed: Vec<_> = found.iter().map(Result::is_err).collect();
    assert_eq!(failed, [false, true, false, false, false], "what is wrong with one fails that one");
    assert_eq!(found[0].as_ref().unwrap().listings.len(), asked.plan.lists().len());
}

#[tokio::test]
async fn a_line_that_is_over_is_not_waited_for_and_a_store_that_fails_fails_all() {
    let catalogue = shipped();
    let fails = Sets { fails: true, ..Sets::default() };
    let sets = Arc::clone(&fails.sets);
    let mut stores = Stores::new();
    stores.add("fails", Scope::Everything, Box::new(fails), 8);
    let stores = Arc::new(stores);
    let mut seats: Vec<_> = Seat::of(4).collect();
    let gone = seats.pop();
    let asked = question(&catalogue);
    let waits = found(&stores, seats, &asked);
    let (found, ()) = tokio::join!(waits, async {
        tokio::task::yield_now().await;
        assert!(sets.lock().unwrap().is_empty(), "asked before all had come or were over");
        drop(gone);
    });
    assert_eq!(*sets.lock().unwrap(), [3]);
    assert!(found.iter().all(|found| matches!(found, Err(StoreError::Timeout))));
}

#[tokio::test]
async fn other_plans_and_other_purposes_are_other_questions() {
    let catalogue = shipped();
    let store = Sets::default();
    let sets = Arc::clone(&store.sets);
    let mut stores = Stores::new();
    stores.add("store", Scope::Everything, Box::new(store), 8);
    let stores = Arc::new(stores);
    let asked = question(&catalogue);
    let less = Arc::new(asked.plan.within(|_| false, |_| true, |_| false));
    let other = ScenarioName::parse("employment").unwrap();
    let kinds = [Asked { plan: less, ..asked.clone() }, Asked { scenario: other, ..asked.clone() }, asked];
    let each = Seat::of(6).zip(kinds.iter().cycle()).map(|(seat, asked)| seat.look_up(&stores, asked.clone()));
    futures_util::future::join_all(each).await;
    assert_eq!(*sets.lock().unwrap(), [2, 2, 2]);
}
