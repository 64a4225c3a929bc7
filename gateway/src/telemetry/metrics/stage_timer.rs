//! How long each stage of a journey takes: an instant at each boundary, counted once the journey is over.

use std::{sync::Arc, time::Duration};

use credit_audit::clock::Clock;
use tracing::Span;

/// A stage of the journey, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Who asks.
    Identify,
    /// What is asked; the body arrives in it.
    Accept,
    /// On which ground.
    Ground,
    /// Whether it is allowed.
    Authorise,
    /// Whether it is within the limits.
    Admit,
    /// The store.
    Fetch,
    /// What of it may go out.
    Minimise,
    /// Sealing, rendering, and the wait until the leaf is durable.
    Record,
    /// The answer's head and body.
    Reply,
}

impl Stage {
    /// Every stage, in the order of the journey.
    pub const ALL: [Self; 9] = [
        Self::Identify,
        Self::Accept,
        Self::Ground,
        Self::Authorise,
        Self::Admit,
        Self::Fetch,
        Self::Minimise,
        Self::Record,
        Self::Reply,
    ];

    /// Its name in metrics and traces.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identify => "identify",
            Self::Accept => "accept",
            Self::Ground => "ground",
            Self::Authorise => "authorise",
            Self::Admit => "admit",
            Self::Fetch => "fetch",
            Self::Minimise => "minimise",
            Self::Record => "record",
            Self::Reply => "reply",
        }
    }
}

/// The times of one journey. A stage that refuses has a time too; those after it have none.
pub struct StageTimer {
    clock: Arc<dyn Clock>,
    span: Span,
    began: Duration,
    since: Duration,
    stage: Stage,
    took: [Option<Duration>; Stage::ALL.len()],
}

impl StageTimer {
    /// A journey that begins now, in `identify`. Its span gets an event at the beginning of each later stage.
    #[must_use]
    pub fn begin(clock: &Arc<dyn Clock>, span: Span) -> Self {
        let now = clock.monotonic();
        let took = [None; Stage::ALL.len()];
        Self { clock: Arc::clone(clock), span, began: now, since: now, stage: Stage::Identify, took }
    }

    /// The stage before ends; this one begins.
    pub fn enter(&mut self, stage: Stage) {
        self.end();
        self.stage = stage;
        if !self.span.is_disabled() {
            crate::telemetry::traces::stage_began(&self.span, stage.as_str());
        }
    }

    /// From the beginning of the journey to the beginning of the stage that it is in.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.since.saturating_sub(self.began)
    }

    /// The last stage ends.
    pub fn end(&mut self) {
        let now = self.clock.monotonic();
        if let Some(took) = self.took.get_mut(self.stage as usize) {
            *took = Some(now.saturating_sub(self.since));
        }
        self.since = now;
    }

    /// The stages that were entered, with their times.
    pub(super) fn took(&self) -> impl Iterator<Item = (usize, Duration)> {
        self.took.iter().enumerate().filter_map(|(stage, took)| Some((stage, (*took)?)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use jiff::Timestamp;

    use super::*;

    struct Stepped(Mutex<Duration>);

    impl Clock for Stepped {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn monotonic(&self) -> Duration {
            *self.0.lock().unwrap()
        }
    }

    #[test]
    fn each_stage_has_the_time_until_the_next_begins() {
        let clock = Arc::new(Stepped(Mutex::new(Duration::from_secs(7))));
        let shared: Arc<dyn Clock> = clock.clone();
        let pass = |millis| *clock.0.lock().unwrap() += Duration::from_millis(millis);
        let mut timer = StageTimer::begin(&shared, Span::none());
        pass(1);
        timer.enter(Stage::Accept);
        pass(20);
        // It refused: what comes next is the record.
        timer.enter(Stage::Record);
        pass(300);
        assert_eq!(timer.elapsed().as_millis(), 21);
        timer.end();
        let took: Vec<_> = timer.took().map(|(stage, took)| (Stage::ALL[stage], took.as_millis())).collect();
        assert_eq!(took, [(Stage::Identify, 1), (Stage::Accept, 20), (Stage::Record, 300)]);
    }

    #[test]
    fn a_stage_s_place_in_the_list_is_its_number() {
        for (number, stage) in Stage::ALL.into_iter().enumerate() {
            assert_eq!(stage as usize, number);
        }
    }
}
