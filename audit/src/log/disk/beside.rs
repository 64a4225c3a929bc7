//! Waiting for the disk side by side. A file system makes what is synced at the same time durable by one write of its journal, and
//! what is synced one after the other by one write each.

use std::io;
use std::panic::resume_unwind;
use std::thread;

/// Items are halved so often: up to eight threads wait.
const HALVED: u32 = 3;

/// Does two things side by side, and gives what became of `other` and of `own`.
pub(crate) fn both<A: Send, B>(other: &(impl Fn() -> A + Sync), own: impl FnOnce() -> B) -> (A, B) {
    thread::scope(|scope| {
        let begun = thread::Builder::new().name("log-sync".to_owned()).spawn_scoped(scope, other);
        let own = own();
        let other = match begun {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            // The machine gives no thread: one after the other.
            Err(_) => other(),
        };
        (other, own)
    })
}

/// Does the same to each, side by side. All are waited for; the error is that of one that failed.
pub(crate) fn each<T: Sync>(items: &[T], sync: &(impl Fn(&T) -> io::Result<()> + Sync)) -> io::Result<()> {
    halved(items, sync, HALVED)
}

fn halved<T: Sync>(items: &[T], sync: &(impl Fn(&T) -> io::Result<()> + Sync), times: u32) -> io::Result<()> {
    if items.len() < 2 || times == 0 {
        return items.iter().try_for_each(sync);
    }
    let (some, others) = items.split_at(items.len() / 2);
    let (others, some) = both(&|| halved(others, sync, times - 1), || halved(some, sync, times - 1));
    some.and(others)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::{Condvar, Mutex};
    use std::time::Duration;

    use super::*;

    /// Waits until so many are under way at once.
    #[derive(Default)]
    struct Meeting(Mutex<usize>, Condvar);

    impl Meeting {
        fn of(&self, count: usize) -> io::Result<()> {
            let mut met = self.0.lock().unwrap();
            *met += 1;
            self.1.notify_all();
            let (_met, waited) = self.1.wait_timeout_while(met, Duration::from_secs(10), |met| *met < count).unwrap();
            if waited.timed_out() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
        }
    }

    #[test]
    fn eight_are_under_way_at_once() {
        let (meeting, done) = (Meeting::default(), Mutex::new(BTreeSet::new()));
        let items: Vec<_> = (0..8).collect();
        let met = each(&items, &|item| {
            done.lock().unwrap().insert(*item);
            meeting.of(8)
        });
        met.unwrap();
        assert_eq!(done.into_inner().unwrap(), items.into_iter().collect());
        let pair = Meeting::default();
        let (other, own) = both(&|| pair.of(2), || pair.of(2));
        other.and(own).unwrap();
    }

    #[test]
    fn each_is_done_once_whatever_their_number_and_one_that_fails_is_told() {
        for count in 0..40usize {
            let items: Vec<_> = (0..count).collect();
            let done = Mutex::new(Vec::new());
            each(&items, &|item| {
                done.lock().unwrap().push(*item);
                Ok(())
            })
            .unwrap();
            let mut done = done.into_inner().unwrap();
            done.sort_unstable();
            assert_eq!(done, items);
            for failing in items.iter().copied() {
                let told = each(&items, &|item| if *item == failing { Err(io::Error::other("gone")) } else { Ok(()) });
                assert_eq!(told.unwrap_err().to_string(), "gone", "{failing} of {count}");
            }
        }
    }

    #[test]
    fn a_panic_beside_is_a_panic() {
        let panicked = std::panic::catch_unwind(|| both(&|| -> () { panic!("on purpose") }, || ()));
        assert!(panicked.is_err());
    }
}
