//! How fast an institution may ask: its own rate, the multiple of it up to which refusals are recorded, and the rate of
//! each member of its staff. Buckets of tokens (GCRA, by `governor`), each institution's its own; days are counted in
//! [`state`](crate::state). Where several gateways keep rates together, the buckets are with them ([`lease`](super::lease)); up to
//! which multiple refusals are recorded is each gateway's own.
//!
//! Time comes from governor's own clock, which tests replace.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use governor::{
    RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed, keyed::DashMapStateStore},
};

use super::{
    lease::{Leased, Leases, Lender, Taken},
    rate::Rate,
};

/// One bucket.
type Bucket<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// A bucket a key.
type Buckets<C> = RateLimiter<String, DashMapStateStore<String>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// A limit that is reached: its size, and when the next request is within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// How many there may be.
    pub limit: u32,
    /// Whole seconds after which the next one passes, if nothing else is asked until then; at least 1.
    pub retry_after_s: u64,
}

/// How a request stands to its institution's rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Pace {
    /// Within it.
    Within,
    /// Over it: refused, and recorded.
    Over(Reached),
    /// So far over it that not even refusals are recorded one by one.
    Flood,
}

/// One limit.
#[derive(Debug)]
enum Limit<C: Clock> {
    /// Of this gateway alone.
    Alone(Bucket<C>),
    /// Of several.
    Together(Arc<Leased>),
}

/// A limit a name.
#[derive(Debug)]
enum Limits<C: Clock> {
    /// Of this gateway alone.
    Alone(Buckets<C>),
    /// Of several.
    Together(Leases),
}

impl<C: Clock> Limit<C> {
    async fn take(&self, clock: &C) -> Taken {
        match self {
            Self::Alone(bucket) => bucket.check().map_err(|not_until| not_until.wait_time_from(clock.now())),
            Self::Together(leased) => leased.take().await,
        }
    }

    /// Whether there may be one, as far as that is known here.
    fn take_now(&self) -> bool {
        match self {
            Self::Alone(bucket) => bucket.check().is_ok(),
            Self::Together(leased) => leased.take_now().is_some_and(|taken| taken.is_ok()),
        }
    }
}

impl<C: Clock> Limits<C> {
    async fn take(&self, name: &str, clock: &C) -> Taken {
        match self {
            Self::Alone(buckets) => {
                buckets.check_key(&name.to_owned()).map_err(|not_until| not_until.wait_time_from(clock.now()))
            }
            Self::Together(leases) => leases.of(name).take().await,
        }
    }
}

/// The buckets of one institution.
#[derive(Debug)]
pub struct Rates<C: Clock = DefaultClock> {
    clock: C,
    own: (Limit<C>, Rate),
    refusals: Bucket<C>,
    staff: Option<(Limits<C>, Rate)>,
    ends: Option<(Limits<C>, Rate)>,
}

impl Rates {
    /// Full buckets. Up to `multiple` times `own`, refusals are recorded; without `each` a member of staff may ask as fast
    /// as the institution.
    #[must_use]
    pub fn new(own: Rate, multiple: NonZeroU32, each: Option<Rate>) -> Self {
        Self::with_clock(own, multiple, each, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Rates<C> {
    /// The same limits, kept together with other gateways: of its connections, of each member of its staff and of each end
    /// institution.
    #[must_use]
    pub(crate) fn together(self, lender: &Arc<Lender>, institution: &str) -> Self {
        let leases = |label, rate| Leases::new(lender, [label, institution], rate);
        let all = |label, rate| (Limits::Together(leases(label, rate)), rate);
        Self {
            own: (Limit::Together(leases("rate", self.own.1).of("")), self.own.1),
            staff: self.staff.map(|(_, rate)| all("rate-of-staff", rate)),
            ends: self.ends.map(|(_, rate)| all("rate-of-end", rate)),
            ..self
        }
    }

    /// [`Rates::new`] by another clock.
    #[must_use]
    pub fn with_clock(own: Rate, multiple: NonZeroU32, each: Option<Rate>, clock: C) -> Self {
        let staff = each.map(|rate| {
            let buckets = RateLimiter::dashmap_with_clock(rate.quota(), clock.clone());
            (Limits::Alone(buckets), rate)
        });
        Self {
            own: (Limit::Alone(RateLimiter::direct_with_clock(own.quota(), clock.clone())), own),
            refusals: RateLimiter::direct_with_clock(own.times(multiple).quota(), clock.clone()),
            staff,
            ends: None,
            clock,
        }
    }

    /// Of a gateway that asks for so many end institutions: `own` is the rate of each of them, and its connections may
    /// bring as much as all of them together.
    #[must_use]
    pub fn for_ends(self, own: Rate, multiple: NonZeroU32, ends: NonZeroU32) -> Self {
        let buckets = RateLimiter::dashmap_with_clock(own.quota(), self.clock.clone());
        let all = own.times(ends);
        Self {
            own: (Limit::Alone(RateLimiter::direct_with_clock(all.quota(), self.clock.clone())), all),
            refusals: RateLimiter::direct_with_clock(all.times(multiple).quota(), self.clock.clone()),
            ends: Some((Limits::Alone(buckets), own)),
            ..self
        }
    }

    /// Takes one request.
    pub async fn take(&self) -> Pace {
        let Err(wait) = self.own.0.take(&self.clock).await else { return Pace::Within };
        match self.refusals.check() {
            Ok(()) => Pace::Over(Reached { limit: self.own.1.burst.get(), retry_after_s: whole_seconds(wait) }),
            Err(_) => Pace::Flood,
        }
    }

    /// Takes one look-up for an end institution, where it is a gateway that asks. The register bounds how many there are.
    ///
    /// # Errors
    /// When it is over the rate of one of them.
    pub async fn take_end(&self, institution: &str) -> Result<(), Reached> {
        self.take_of(self.ends.as_ref(), institution).await
    }

    /// Takes one look-up by a member of staff, where staff have a rate of their own.
    ///
    /// # Errors
    /// When it is over it.
    pub async fn take_staff(&self, staff: &str) -> Result<(), Reached> {
        self.take_of(self.staff.as_ref(), staff).await
    }

    async fn take_of(&self, limits: Option<&(Limits<C>, Rate)>, name: &str) -> Result<(), Reached> {
        let Some((limits, rate)) = limits else { return Ok(()) };
        let taken = limits.take(name, &self.clock).await;
        taken.map_err(|wait| Reached { limit: rate.burst.get(), retry_after_s: whole_seconds(wait) })
    }

    /// Time until the next request is within the institution's rate; takes it where that is now.
    ///
    /// # Errors
    /// The time to wait.
    pub async fn turn(&self) -> Result<(), Duration> {
        self.own.0.take(&self.clock).await
    }

    /// Takes one request, where it is known here already that there may be one.
    pub fn turn_now(&self) -> bool {
        self.own.0.take_now()
    }

    /// Forgets staff whose buckets are full again: they are as if they had never asked. So what is kept is bounded by the
    /// institution's own rate. Called every second.
    pub fn forget_idle_staff(&self) {
        match &self.staff {
            Some((Limits::Alone(buckets), _)) => {
                buckets.retain_recent();
                buckets.shrink_to_fit();
            }
            Some((Limits::Together(leases), _)) => leases.forget_idle(),
            None => {}
        }
    }

    /// Members of staff who are remembered now.
    #[must_use]
    pub fn staff(&self) -> usize {
        match &self.staff {
            Some((Limits::Alone(buckets), _)) => buckets.len(),
            Some((Limits::Together(leases), _)) => leases.len(),
            None => 0,
        }
    }
}

/// Rounded up: who waits so long has waited long enough.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use governor::clock::FakeRelativeClock;
    use proptest::prelude::*;

    use super::*;

    const TEN: NonZeroU32 = NonZeroU32::new(10).unwrap();

    fn rate(per_s: u32, burst: u32) -> Rate {
        Rate::new(per_s, burst).unwrap()
    }

    /// What waits for nothing.
    fn now<T>(future: impl Future<Output = T>) -> T {
        future.now_or_never().unwrap()
    }

    fn rates(own: Rate, each: Option<Rate>) -> (Rates<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Rates::with_clock(own, TEN, each, clock.clone()), clock)
    }

    #[tokio::test]
    async fn refusals_are_recorded_up_to_the_multiple_and_no_further() {
        let (rates, clock) = rates(rate(5, 10), None);
        let take = async |count: u32| {
            let (mut within, mut over, mut flood) = (0, 0, 0);
            for _ in 0..count {
                match rates.take().await {
                    Pace::Within => within += 1,
                    Pace::Over(reached) => {
                        assert_eq!(reached, Reached { limit: 10, retry_after_s: 1 });
                        over += 1;
                    }
                    Pace::Flood => flood += 1,
                }
            }
            (within, over, flood)
        };
        assert_eq!(take(1_000).await, (10, 100, 890));
        clock.advance(Duration::from_secs(1));
        assert_eq!(take(1_000).await, (5, 50, 945));
        // A flood of an hour: what is recorded of it is bounded by rate and time, whatever it sends.
        let mut recorded = 0;
        for _ in 0..3_600 {
            clock.advance(Duration::from_secs(1));
            let (within, over, _) = take(200).await;
            recorded += within + over;
        }
        assert_eq!(recorded, 3_600 * 55);
    }

    #[tokio::test]
    async fn staff_have_buckets_of_their_own_and_are_forgotten_once_these_are_full() {
        let (rates, clock) = rates(rate(1_000, 1_000), Some(rate(2, 4)));
        for _ in 0..4 {
            assert_eq!(rates.take_staff("staff-1").await, Ok(()));
        }
        assert_eq!(rates.take_staff("staff-1").await, Err(Reached { limit: 4, retry_after_s: 1 }));
        assert_eq!(rates.take_staff("staff-2").await, Ok(()));
        clock.advance(Duration::from_millis(1_100));
        assert_eq!(rates.take_staff("staff-1").await, Ok(()));
        assert_eq!(rates.staff(), 2);
        rates.forget_idle_staff();
        assert_eq!(rates.staff(), 1, "staff-2 is as if it had never asked");
        clock.advance(Duration::from_secs(2));
        rates.forget_idle_staff();
        assert_eq!(rates.staff(), 0);
        assert_eq!(rates.take_staff("staff-1").await, Ok(()));
    }

    #[tokio::test]
    async fn inventing_staff_does_not_grow_what_is_remembered() {
        let (rates, clock) = rates(rate(100, 200), Some(rate(1, 60)));
        let (mut most, mut nr) = (0, 0);
        for _ in 0..600 {
            for _ in 0..1_000 {
                if rates.take().await == Pace::Within {
                    nr += 1;
                    rates.take_staff(&format!("staff-{nr}")).await.unwrap();
                }
            }
            most = most.max(rates.staff());
            clock.advance(Duration::from_secs(1));
            rates.forget_idle_staff();
        }
        assert!(nr > 60_000 && most <= 300, "{most} remembered of {nr}");
    }

    #[tokio::test]
    async fn without_a_rate_of_their_own_staff_are_not_even_remembered() {
        let (rates, _) = rates(rate(1, 1), None);
        for nr in 0..1_000 {
            assert_eq!(rates.take_staff(&format!("staff-{nr}")).await, Ok(()));
        }
        assert_eq!(rates.staff(), 0);
    }

    proptest! {
        /// Whatever was asked before: who waits exactly as long as it was told is within the limit, and the wait is never
        /// longer than it takes to be.
        #[test]
        fn who_waits_as_told_passes(
            per_s in 1..5_000_u32,
            burst in 1..500_u32,
            steps in prop::collection::vec((0..2_000_u64, 1..600_u32), 1..20),
        ) {
            let (rates, clock) = rates(rate(per_s, burst), Some(rate(per_s, burst)));
            for (pause_ms, count) in steps {
                clock.advance(Duration::from_millis(pause_ms));
                for _ in 0..count {
                    let (own, staff) = now(async { (rates.take().await, rates.take_staff("staff-1").await) });
                    prop_assert_eq!(own == Pace::Within, staff.is_ok());
                    let Err(reached) = staff else { continue };
                    prop_assert_eq!(reached.limit, burst);
                    if let Pace::Over(own) = own {
                        prop_assert_eq!(own, reached);
                    }
                    // A token comes every 1/rate s: no wait is longer than that, rounded up.
                    prop_assert_eq!(reached.retry_after_s, 1);
                    clock.advance(Duration::from_secs(reached.retry_after_s));
                    prop_assert_eq!(now(rates.take()), Pace::Within);
                    prop_assert_eq!(now(rates.take_staff("staff-1")), Ok(()));
                }
            }
        }
    }
}
