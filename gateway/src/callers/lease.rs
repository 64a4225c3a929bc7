//! A rate that several gateways keep together: what this one may let through is lent to it, a little at a time.
//!
//! Who lends is a server that all of them reach ([`Lender`]; the task that speaks to it is in [`cluster`](crate::cluster)). Most
//! requests take from what was lent before and wait for nothing. What was lent and is not used within a second is lost, so together
//! they let through less than the rate, never more. While the server is away each lets through its own share.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use credit_keys::frame::feed;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::Clock};
use ring::digest::{Context, SHA256};
use tokio::sync::{mpsc, oneshot};

use super::rate::Rate;

/// What stands for a rate at the server.
pub(crate) type LeaseKey = [u8; 16];

/// What is lent is of use for so long.
const LENT_FOR: Duration = Duration::from_secs(1);

/// So many parts of a second are lent at once, where nothing else bounds it.
const PARTS: u32 = 20;

/// Takes one request of a rate; else the time until there may be one.
pub(crate) type Taken = Result<(), Duration>;

/// Who lends to this gateway.
#[derive(Debug)]
pub(crate) struct Lender {
    gateways: NonZeroU32,
    asks: mpsc::UnboundedSender<Ask>,
    asked: Mutex<Option<mpsc::UnboundedReceiver<Ask>>>,
    is_there: AtomicBool,
}

/// Something to be lent.
#[derive(Debug)]
pub(crate) struct Ask {
    /// Of which rate.
    pub(crate) of: Arc<Leased>,
    /// Who waits for one; nobody where it is for later ones. Who hears nothing takes from the own share.
    pub(crate) reply: Option<oneshot::Sender<Taken>>,
}

impl Lender {
    /// One to several gateways.
    #[must_use]
    pub(crate) fn new(gateways: NonZeroU32) -> Arc<Self> {
        let (asks, asked) = mpsc::unbounded_channel();
        Arc::new(Self { gateways, asks, asked: Mutex::new(Some(asked)), is_there: AtomicBool::new(false) })
    }

    /// What is asked, for the one task that lends.
    pub(crate) fn asked(&self) -> Option<mpsc::UnboundedReceiver<Ask>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether the server is there now.
    pub(crate) fn set_there(&self, is_there: bool) {
        self.is_there.store(is_there, Ordering::Release);
    }

    fn is_there(&self) -> bool {
        self.is_there.load(Ordering::Acquire)
    }
}

/// One rate.
#[derive(Debug)]
pub(crate) struct Leased {
    key: LeaseKey,
    rate: Rate,
    lender: Arc<Lender>,
    share: DefaultDirectRateLimiter,
    stock: Mutex<Stock>,
}

/// What was lent.
#[derive(Debug)]
struct Stock {
    left: u32,
    until: Instant,
    none_until: Instant,
    is_asked_for: bool,
    used: Instant,
}

impl Leased {
    /// A rate that is known at the server by its key.
    pub(crate) fn new(key: LeaseKey, rate: Rate, lender: &Arc<Lender>) -> Arc<Self> {
        let now = Instant::now();
        let stock = Stock { left: 0, until: now, none_until: now, is_asked_for: false, used: now };
        Arc::new(Self {
            key,
            rate,
            lender: Arc::clone(lender),
            share: share(rate, lender.gateways),
            stock: Mutex::new(stock),
        })
    }

    /// By what the server knows it.
    pub(crate) fn key(&self) -> LeaseKey {
        self.key
    }

    /// How fast, over all gateways.
    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// What is lent beyond those who wait; nothing of a slow rate, of which others would miss it.
    pub(crate) fn ahead(&self) -> u32 {
        let of_burst = self.rate.burst.get() / self.lender.gateways.saturating_mul(TWO).get();
        of_burst.min(self.rate.per_s.get() / PARTS)
    }

    /// Takes one; waits for the server where nothing is left of what it lent, but never for one that is away.
    pub(crate) async fn take(self: &Arc<Self>) -> Taken {
        if let Some(taken) = self.take_now() {
            return taken;
        }
        if self.lender.is_there() {
            let (reply, lent) = oneshot::channel();
            let ask = Ask { of: Arc::clone(self), reply: Some(reply) };
            if self.lender.asks.send(ask).is_ok()
                && let Ok(lent) = lent.await
            {
                return lent;
            }
        }
        self.share.check().map_err(|not_until| not_until.wait_time_from(self.share.clock().now()))
    }

    /// Takes one of what was lent; nothing where that is known to the server alone.
    pub(crate) fn take_now(self: &Arc<Self>) -> Option<Taken> {
        let now = Instant::now();
        let is_low = {
            let mut stock = self.stock();
            stock.used = now;
            if stock.left == 0 || now >= stock.until {
                return stock.none_until.checked_duration_since(now).filter(|wait| !wait.is_zero()).map(Err);
            }
            stock.left -= 1;
            let is_low = self.ahead() > 0 && !stock.is_asked_for && stock.left <= self.ahead() / 2;
            stock.is_asked_for |= is_low;
            is_low
        };
        if is_low && self.lender.is_there() {
            // Where the task has ended, so has the process.
            drop(self.lender.asks.send(Ask { of: Arc::clone(self), reply: None }));
        }
        Some(Ok(()))
    }

    /// Takes in what was lent beyond those who waited; `wait` is the time until there is more, where that was not enough.
    pub(crate) fn lent(&self, left: u32, wait: Option<Duration>) {
        let now = Instant::now();
        let mut stock = self.stock();
        let before = if now < stock.until { stock.left } else { 0 };
        stock.left = before.saturating_add(left);
        stock.until = now + LENT_FOR;
        stock.none_until = now + wait.unwrap_or_default();
        stock.is_asked_for = false;
    }

    /// The server was not reached.
    pub(crate) fn not_lent(&self) {
        self.stock().is_asked_for = false;
    }

    /// Whether it is as one that nobody asked for: nothing is lent, and the own share is whole again.
    pub(crate) fn is_idle(&self) -> bool {
        let whole = Duration::from_secs(self.rate.burst.get().div_ceil(self.rate.per_s.get()).into()) + LENT_FOR;
        self.stock().used.elapsed() > whole
    }

    fn stock(&self) -> MutexGuard<'_, Stock> {
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The rates of one kind of one institution, each by a name.
#[derive(Debug)]
pub(crate) struct Leases {
    lender: Arc<Lender>,
    of: [String; 2],
    rate: Rate,
    all: Mutex<HashMap<String, Arc<Leased>>>,
}

impl Leases {
    /// Of one kind, and one institution.
    pub(crate) fn new(lender: &Arc<Lender>, of: [&str; 2], rate: Rate) -> Self {
        Self { lender: Arc::clone(lender), of: of.map(ToOwned::to_owned), rate, all: Mutex::default() }
    }

    /// The one of a name.
    pub(crate) fn of(&self, name: &str) -> Arc<Leased> {
        let mut all = self.all();
        if let Some(known) = all.get(name) {
            return Arc::clone(known);
        }
        let [label, institution] = &self.of;
        let leased = Leased::new(key(label, institution, name), self.rate, &self.lender);
        all.insert(name.to_owned(), Arc::clone(&leased));
        leased
    }

    /// Forgets those that are as if nobody had asked for them.
    pub(crate) fn forget_idle(&self) {
        let mut all = self.all();
        all.retain(|_, leased| !leased.is_idle());
        all.shrink_to_fit();
    }

    /// How many are remembered.
    pub(crate) fn len(&self) -> usize {
        self.all().len()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Arc<Leased>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stands for a rate: nobody is named there.
fn key(label: &str, institution: &str, name: &str) -> LeaseKey {
    let mut context = Context::new(&SHA256);
    feed(label, &[institution.as_bytes(), name.as_bytes()], |bytes| context.update(bytes));
    let mut key = LeaseKey::default();
    key.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    key
}

const TWO: NonZeroU32 = NonZeroU32::new(2).unwrap();

/// What each of several gateways lets through by itself: together the rate, and at least one at once.
fn share(rate: Rate, gateways: NonZeroU32) -> DefaultDirectRateLimiter {
    let period = Duration::from_secs(gateways.get().into()) / rate.per_s.get();
    let burst = NonZeroU32::new(rate.burst.get() / gateways.get()).unwrap_or(NonZeroU32::MIN);
    // A period of 0 has no rate: it is at most as fast as a thousand million a second.
    let quota = Quota::with_period(period.max(Duration::from_nanos(1))).unwrap_or(Quota::per_second(NonZeroU32::MIN));
    RateLimiter::direct(quota.allow_burst(burst))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leased(per_s: u32, burst: u32, gateways: u32) -> (Arc<Leased>, mpsc::UnboundedReceiver<Ask>) {
        let lender = Lender::new(NonZeroU32::new(gateways).unwrap());
        let asked = lender.asked().unwrap();
        (Leased::new([1; 16], Rate::new(per_s, burst).unwrap(), &lender), asked)
    }

    #[tokio::test]
    async fn while_the_server_is_away_it_lets_through_its_share_alone() {
        let (leased, mut asked) = leased(30, 60, 3);
        let mut taken = 0;
        for _ in 0..200 {
            taken += u32::from(leased.take().await.is_ok());
        }
        // The burst of its share, and what came in the meantime.
        assert!((20..25).contains(&taken), "{taken}");
        assert!(asked.try_recv().is_err(), "nobody is asked who is away");
        let wait = leased.take().await.unwrap_err();
        assert!(wait <= Duration::from_millis(100), "{wait:?}");
    }

    #[tokio::test]
    async fn takes_what_was_lent_and_asks_for_more_before_it_is_gone() {
        let (leased, mut asked) = leased(1_000, 600, 3);
        leased.lender.set_there(true);
        assert_eq!(leased.ahead(), 50);
        leased.lent(50, None);
        for nr in 0..50 {
            assert_eq!(leased.take_now(), Some(Ok(())), "{nr}");
        }
        assert!(asked.try_recv().is_ok_and(|ask| ask.reply.is_none()));
        assert!(asked.try_recv().is_err(), "it asks once");
        assert_eq!(leased.take_now(), None);
        leased.lent(0, Some(Duration::from_secs(9)));
        assert!(leased.take().await.is_err_and(|wait| wait > Duration::from_secs(8)), "it was told to wait");
        assert!(asked.try_recv().is_err(), "until then nobody is asked");
    }

    #[tokio::test]
    async fn a_server_that_does_not_answer_keeps_nobody_from_the_share() {
        let (leased, mut asked) = leased(3, 3, 3);
        leased.lender.set_there(true);
        let lending = tokio::spawn(async move {
            let ask = asked.recv().await.unwrap();
            ask.of.not_lent();
            drop(ask.reply);
        });
        assert_eq!(leased.take().await, Ok(()));
        lending.await.unwrap();
        leased.lender.set_there(false);
        assert!(leased.take().await.is_err());
    }

    #[test]
    fn of_a_slow_rate_nothing_is_lent_ahead() {
        for (per_s, burst, ahead) in [(1, 1, 0), (19, 1_000, 0), (100, 12, 2), (1_000, 4, 0), (4_000, 12_000, 200)] {
            assert_eq!(leased(per_s, burst, 3).0.ahead(), ahead, "{per_s}/s, {burst} at once");
        }
    }

    #[test]
    fn what_was_lent_is_lost_after_a_second() {
        let (leased, _asked) = leased(1_000, 600, 3);
        leased.lent(50, None);
        leased.stock().until = Instant::now();
        assert_eq!(leased.take_now(), None);
        leased.lent(2, None);
        assert_eq!([leased.take_now(), leased.take_now(), leased.take_now()], [Some(Ok(())), Some(Ok(())), None]);
        assert!(!leased.is_idle());
    }
}
