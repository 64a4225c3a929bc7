//! How far a batch is: a bar for a person, lines of JSON for a program.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use crate::terminal::{eprint, print, said};

/// How often a program is told.
const EVERY: Duration = Duration::from_secs(1);

pub(super) struct Progress {
    bar: ProgressBar,
    is_json: bool,
    told: Instant,
    pub(super) answered: u64,
    pub(super) refused: u64,
    of: u64,
}

impl Progress {
    pub(super) fn new(of: usize, is_json: bool) -> Self {
        let of = of as u64;
        let bar = if is_json { ProgressBar::hidden() } else { ProgressBar::new(of) };
        Self { bar, is_json, told: Instant::now(), answered: 0, refused: 0, of }
    }

    /// One more line came.
    pub(super) fn line(&mut self, is_answered: bool) {
        *(if is_answered { &mut self.answered } else { &mut self.refused }) += 1;
        self.bar.set_position(self.answered + self.refused);
        if self.is_json && self.told.elapsed() >= EVERY {
            self.tell();
        }
    }

    /// Nothing comes now: why, and after how long it is asked again.
    pub(super) fn waits(&self, why: &str, pause: Duration) {
        let Self { answered, refused, of, .. } = self;
        let seconds = pause.as_secs();
        if self.is_json {
            // A text is always JSON.
            let why = serde_json::to_string(why).unwrap_or_default();
            let counts = format_args!("\"answered\":{answered},\"refused\":{refused},\"of\":{of}");
            print(format_args!("{{{counts},\"waits_for\":{why},\"again_in_s\":{seconds}}}"));
        }
        self.bar.suspend(|| {
            eprint(said(
                || format!("{why}；{seconds} 秒后再试"),
                || format!("{why}; it is tried again in {seconds} s"),
            ));
        });
    }

    /// The last word.
    pub(super) fn end(mut self) {
        self.bar.finish();
        self.tell();
    }

    fn tell(&mut self) {
        self.told = Instant::now();
        let Self { answered, refused, of, .. } = self;
        if self.is_json {
            print(format_args!("{{\"answered\":{answered},\"refused\":{refused},\"of\":{of}}}"));
        }
    }
}
