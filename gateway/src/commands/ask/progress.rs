//! How far a batch is: a bar for a person, lines of JSON for a program.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use crate::terminal::print;

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
