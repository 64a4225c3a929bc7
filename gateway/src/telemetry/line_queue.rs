//! Between those who log and standard error: a bounded queue and a thread, so that a reader who does not read delays
//! nobody. What finds no room is dropped, counted, and reported in a line of its own once there is room again.

use std::{
    io::{self, Write},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    time::Duration,
};

/// Lines that may wait; a line has some hundred bytes.
const WAITING_LINES: usize = 1_024;

/// The queue. Made once a process (tests make more); clones of the [`Arc`] share it.
pub(super) struct LineQueue {
    to: SyncSender<Vec<u8>>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Lines that are queued and not written yet.
    waiting: Mutex<usize>,
    written: Condvar,
    /// All lines that were dropped.
    dropped: AtomicU64,
    /// Those of them that no line has reported yet.
    unreported: AtomicU64,
}

impl State {
    fn waiting(&self) -> MutexGuard<'_, usize> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LineQueue {
    /// A queue that writes to `to`, and its thread. `report` makes the line that says how many were dropped.
    ///
    /// # Errors
    /// When no thread can be made.
    pub(super) fn new(
        to: impl Write + Send + 'static,
        report: impl Fn(u64) -> Vec<u8> + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, lines) = sync_channel(WAITING_LINES);
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        std::thread::Builder::new().name("log-lines".to_owned()).spawn(move || write(&lines, &shared, to, report))?;
        Ok(Self { to: sender, state })
    }

    /// Queues a line, or drops it; never blocks.
    pub(super) fn put(&self, line: Vec<u8>) {
        *self.state.waiting() += 1;
        match self.to.try_send(line) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                *self.state.waiting() -= 1;
                self.state.dropped.fetch_add(1, Ordering::Relaxed);
                self.state.unreported.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Lines dropped so far.
    pub(super) fn dropped(&self) -> u64 {
        self.state.dropped.load(Ordering::Relaxed)
    }

    /// Waits until every line is written, or the time has passed.
    pub(super) fn flush(&self, most: Duration) {
        let waited = self.state.written.wait_timeout_while(self.state.waiting(), most, |waiting| *waiting > 0);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

fn write(lines: &Receiver<Vec<u8>>, state: &State, mut to: impl Write, report: impl Fn(u64) -> Vec<u8>) {
    for line in lines {
        if to.write_all(&line).is_err() {
            // There is nowhere to report it to but the metric.
            state.dropped.fetch_add(1, Ordering::Relaxed);
        }
        let dropped = state.unreported.swap(0, Ordering::Relaxed);
        if dropped > 0 && to.write_all(&report(dropped)).is_err() {
            state.unreported.fetch_add(dropped, Ordering::Relaxed);
        }
        *state.waiting() -= 1;
        state.written.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader},
        time::Instant,
    };

    use super::*;

    fn pipe() -> (LineQueue, io::PipeReader) {
        let (reader, writer) = io::pipe().unwrap();
        let queue = LineQueue::new(writer, |dropped| format!("dropped {dropped}\n").into_bytes()).unwrap();
        (queue, reader)
    }

    #[test]
    fn who_does_not_read_delays_nobody_and_is_informed_of_what_was_dropped() {
        let (queue, reader) = pipe();
        let began = Instant::now();
        let line = [vec![b'x'; 99], vec![b'\n']].concat();
        for _ in 0..2 * WAITING_LINES {
            queue.put(line.clone());
        }
        queue.flush(Duration::from_millis(50));
        assert!(began.elapsed() < Duration::from_secs(5));
        let dropped = queue.dropped();
        // A pipe takes 64 KiB.
        assert!((WAITING_LINES as u64 - 700..=WAITING_LINES as u64).contains(&dropped), "{dropped}");
        // A report is written as soon as there is room: what was dropped afterwards is in a later one.
        let reported = BufReader::new(reader)
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("dropped ").map(|count| count.parse::<u64>().unwrap()));
        let all = reported.scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        });
        assert_eq!(all.take_while(|sum| *sum <= dropped).find(|sum| *sum == dropped), Some(dropped));
    }

    #[test]
    fn what_was_queued_is_written_before_the_end() {
        let (queue, reader) = pipe();
        (0..100).for_each(|n| queue.put(format!("line {n}\n").into_bytes()));
        queue.flush(Duration::from_secs(10));
        assert_eq!((*queue.state.waiting(), queue.dropped()), (0, 0));
        drop(queue);
        let lines: Vec<_> = BufReader::new(reader).lines().map(Result::unwrap).collect();
        assert_eq!((lines.len(), lines.last().map(String::as_str)), (100, Some("line 99")));
    }
}
