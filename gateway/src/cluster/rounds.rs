//! Hears what others did, and tells what is done here; several times a second.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval, sleep, timeout, timeout_at},
};

use super::{
    beat::{ACTS, Beats},
    before::{Before, Remembering},
    fault::StateFault,
    handle::{Cluster, Own, Process, ToActs},
    heard::{Heard, Keeping},
    link::Server,
    owner::{Known, Owner},
    telling::is_last,
};

/// A round begins so often.
const EVERY: Duration = Duration::from_millis(200);
/// And so soon after one that failed: what was recorded meanwhile is told as soon as it can be.
const AGAIN: Duration = Duration::from_millis(25);
/// What a start found in the log and was not published is so within this time.
const PUBLISHED: Duration = Duration::from_secs(2);
/// Rounds that a start tries.
const STARTS: u32 = 5;
/// Own acts that are told at once.
const TOLD: usize = 256;
const NAMED: Duration = Duration::from_secs(5);

/// What goes on from round to round.
struct Round {
    cluster: Arc<Cluster>,
    server: Server,
    own: Own,
    process: Arc<dyn Process>,
    beats: Option<Beats>,
    /// What stands for this start; nothing before it was drawn.
    owner: Option<Owner>,
    /// The last act that was heard; nothing before a start has looked at what it has at hand.
    seen: Option<i64>,
    keeping: Keeping,
    /// What the state knew; nothing before it was looked up.
    before: Option<Remembering>,
    /// A key is in force that this gateway lacks. Then what others did may be sealed under it, and is heard once it is there.
    lacks: bool,
    /// When it was looked which others there are.
    named: Option<Instant>,
}

impl Round {
    /// What is at hand comes in force, if this database has had it: the others follow. Once, before anything is heard.
    async fn begin(&mut self) -> Result<(), StateFault> {
        let (Some(beats), None) = (&self.beats, self.seen) else { return Ok(()) };
        let (folder, own) = (self.own.folder.clone(), self.own.origin.clone());
        let read = tokio::task::spawn_blocking(move || Heard::at_hand(&folder, &own)).await;
        let heard = match read.ok().flatten() {
            Some(heard) => timeout(self.server.timeout(), beats.has(&heard))
                .await
                .unwrap_or(Err(StateFault::Late))?
                .then_some(heard),
            None => None,
        };
        self.keeping = Keeping::new(&self.own.folder, &self.own.origin, heard.is_some());
        let mut heard = heard.unwrap_or_default();
        self.process.begin(self.own.leaves, std::mem::take(&mut heard.cases), std::mem::take(&mut heard.revoked));
        heard.kept().for_each(|act| self.process.take_in(&act));
        self.seen = Some(heard.until);
        Ok(())
    }

    /// Connects where that is to be done. The log is this start's then, before anything is told.
    async fn open(&mut self) -> Result<Owner, StateFault> {
        if let (Some(_), Some(owner)) = (&self.beats, self.owner) {
            return Ok(owner);
        }
        let beats = Beats::open(&self.server, &self.own).await?;
        match &self.before {
            // The connection was lost: this process knows more than the data folder.
            Some(known) => {
                let compared =
                    timeout(self.server.timeout(), known.before.compare(&beats.link().client, &self.own.origin));
                compared.await.unwrap_or(Err(StateFault::Late))?;
            }
            None => self.before = Some(Remembering::new(Before::read(&self.own.folder)?)),
        }
        // From here on each round compares them, as they are then.
        self.own.keys = None;
        let owner = match self.owner {
            Some(owner) => owner,
            None => {
                let folder = self.own.folder.clone();
                let drawn = tokio::task::spawn_blocking(move || Known::read(&folder)?.draw()).await;
                *self.owner.insert(drawn.unwrap_or(Err(StateFault::Late))?)
            }
        };
        let latest = Instant::now() + self.server.timeout();
        timeout_at(latest, beats.say(&self.process.keys(), &owner)).await.unwrap_or(Err(StateFault::Late))?;
        // Whoever is here says so is this process: another one is seen by the owner.
        self.own.is_running = true;
        if self.seen.is_none() {
            let process = &self.process;
            timeout_at(latest, is_last(&beats.link().client, &self.own.origin, |index| process.acts_from(index)))
                .await
                .unwrap_or(Err(StateFault::Late))?;
        }
        self.beats = Some(beats);
        Ok(owner)
    }

    /// One round: says that it is here, tells what others do not know, hears what is new.
    async fn make(&mut self) -> Result<(), StateFault> {
        let began = self.cluster.now();
        let owner = self.open().await?;
        let Some(beats) = &mut self.beats else { return Err(StateFault::Late) };
        let published = Instant::now() + PUBLISHED;
        loop {
            let (acts, looked_until) = self.process.acts_from(beats.told).unwrap_or_default();
            if !acts.is_empty() {
                let latest = Instant::now() + self.server.timeout();
                timeout_at(latest, beats.tell(&acts, &owner, latest)).await.unwrap_or(Err(StateFault::Late))?;
            }
            if looked_until <= beats.told {
                // What was recorded before the start is told before anything is heard: else an older act would hold instead.
                if self.seen.is_none() && beats.told < self.own.leaves && Instant::now() < published {
                    sleep(AGAIN).await;
                    continue;
                }
                break;
            }
            beats.told = looked_until;
        }
        beats.tells_all();
        let latest = Instant::now() + self.server.timeout();
        timeout_at(latest, beats.beat(&self.process.keys(), &owner, latest)).await.unwrap_or(Err(StateFault::Late))?;
        let told = beats.is_proved();
        if let Some(before) = &mut self.before {
            before.proved(&self.own.origin, told);
            self.cluster.set_before(&before.before);
            before.look(&self.own.folder);
        }
        self.begin().await?;
        self.hear().await?;
        self.cluster.set_heard(began.max(1));
        self.look_around().await
    }

    /// Looks which others there are, where that was some time ago, and whether the state has as much of them as it had. Nothing else
    /// depends on it: what it meets, the next round meets too.
    async fn look_around(&mut self) -> Result<(), StateFault> {
        let Some(beats) = self.beats.as_ref().filter(|_| self.named.is_none_or(|at| at.elapsed() >= NAMED)) else {
            return Ok(());
        };
        self.named = Some(Instant::now());
        let Ok(Ok(others)) = timeout(self.server.timeout(), beats.others()).await else { return Ok(()) };
        let told = others.iter().map(|(other, told)| (other.log.clone(), *told)).collect::<Vec<_>>();
        if let Some(known) = &mut self.before {
            known.before.has(&told)?;
            known.read(told);
        }
        self.cluster.set_others(others.into_iter().map(|(other, _)| other).collect());
        Ok(())
    }

    /// Takes in what is new.
    async fn hear(&mut self) -> Result<(), StateFault> {
        let (Some(beats), Some(mut seen)) = (&self.beats, self.seen) else { return Err(StateFault::Late) };
        loop {
            // A long history is read at a start: each part of it has the time of a round.
            let heard = timeout(self.server.timeout(), beats.heard(seen)).await;
            let acts = heard.unwrap_or(Err(StateFault::Late))?;
            let is_all = i64::try_from(acts.len()).is_ok_and(|count| count < ACTS);
            for act in acts {
                self.process.take_in(&act);
                seen = act.seq;
                self.seen = Some(seen);
                self.keeping.hear(act);
            }
            self.keeping.look().await;
            if is_all {
                return Ok(());
            }
        }
    }

    /// Woken where others told something.
    fn news(&self) -> Arc<Notify> {
        self.beats.as_ref().map_or_else(Arc::default, |beats| Arc::clone(&beats.link().news))
    }

    /// Makes one, of which each step has its time: a commit that waits for a standby would wait for ever. After any fault of it the
    /// connection is given up.
    async fn make_in_time(&mut self) -> Result<(), StateFault> {
        let made = self.make().await;
        self.lacks = made.as_ref().is_err_and(|fault| matches!(fault, StateFault::Lacks { .. }));
        if self.lacks || made.as_ref().is_err_and(StateFault::is_lost) {
            // The others count by it already; or another process has this log.
            self.cluster.set_heard(0);
        }
        // What is wrong with the keys is nothing wrong with the connection.
        if made.as_ref().is_err_and(|fault| !matches!(fault, StateFault::OtherRing(_) | StateFault::Lacks { .. })) {
            self.beats = None;
        }
        made
    }

    /// Makes the first one, which has some tries: a server that is busy now, or changes its part, need not end a start.
    async fn make_first(&mut self) -> Result<(), StateFault> {
        let mut made = self.make_in_time().await;
        for _ in 1..STARTS {
            if !made.as_ref().is_err_and(StateFault::may_pass) {
                break;
            }
            sleep(EVERY).await;
            made = self.make_in_time().await;
        }
        made
    }

    /// Does what is asked, all that waits together: a transaction for each act would make the last of many late. What cannot be told
    /// is found in the log by a later round.
    async fn answer(&mut self, all: Vec<ToActs>) -> Result<(), StateFault> {
        let (mut acts, mut waiting, mut wanted, mut once) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for one in all {
            match one {
                ToActs::Reach(reached) => waiting.push(reached),
                ToActs::Tell(index, leaf, told) => {
                    acts.push((index, leaf.to_vec()));
                    waiting.push(told);
                }
                ToActs::Once(key, reply) => once.push((key, reply)),
                ToActs::Leaf(act, reply) => wanted.push((act, reply)),
            }
        }
        let made = self.told(&acts, waiting).await;
        for (key, reply) in once {
            let (Some(beats), latest) = (&self.beats, Instant::now() + self.server.timeout()) else { break };
            match timeout_at(latest, beats.once(&key, latest)).await.unwrap_or(Err(StateFault::Late)) {
                Ok(is_ours) => drop(reply.send(is_ours)),
                Err(fault) => {
                    self.beats = None;
                    return Err(fault);
                }
            }
        }
        for (act, reply) in wanted {
            let Some(beats) = &self.beats else { break };
            if let Ok(Ok(Some(leaf))) = timeout(self.server.timeout(), beats.leaf(act)).await {
                // Who does not wait any more needs no answer.
                drop(reply.send(leaf));
            }
        }
        made
    }

    /// Tells acts, or looks whether it could, and hears what is new. What was told is heard too: of two acts that contradict each
    /// other the later one holds, and one from before that comes in only now would undo what was put in force here meanwhile.
    async fn told(&mut self, acts: &[(u64, Vec<u8>)], waiting: Vec<oneshot::Sender<()>>) -> Result<(), StateFault> {
        if waiting.is_empty() {
            return Ok(());
        }
        let latest = Instant::now() + self.server.timeout();
        let (Some(beats), Some(owner)) = (&self.beats, &self.owner) else { return Err(StateFault::Late) };
        let made =
            async { if acts.is_empty() { beats.reach(latest).await } else { beats.tell(acts, owner, latest).await } };
        let mut made = timeout_at(latest, made).await.unwrap_or(Err(StateFault::Late));
        if made.is_ok() {
            made = self.hear().await;
        }
        match &made {
            // Who does not wait any more needs no answer.
            Ok(()) => waiting.into_iter().for_each(|told| told.send(()).unwrap_or_default()),
            Err(fault) => {
                if fault.is_lost() {
                    self.cluster.set_heard(0);
                }
                self.beats = None;
            }
        }
        made
    }
}

/// Makes rounds until the process ends.
pub(super) async fn keep(
    cluster: Arc<Cluster>,
    server: Server,
    own: Own,
    mut acts: mpsc::UnboundedReceiver<ToActs>,
    process: Arc<dyn Process>,
    ready: oneshot::Sender<Result<(), StateFault>>,
) {
    let keeping = Keeping::new(&own.folder, &own.origin, false);
    let mut round = Round {
        cluster,
        server,
        own,
        process,
        beats: None,
        owner: None,
        seen: None,
        keeping,
        before: None,
        lacks: false,
        named: None,
    };
    drop(ready.send(round.make_first().await));
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let news = round.news();
        let done = tokio::select! {
            act = acts.recv() => match act {
                Some(first) => {
                    let mut all = vec![first];
                    while all.len() < TOLD
                        && let Ok(next) = acts.try_recv()
                    {
                        all.push(next);
                    }
                    round.answer(all).await
                }
                None => {
                    if let Some(before) = round.before {
                        before.end(&round.own.folder).await;
                    }
                    return;
                }
            },
            _ = every.tick() => round.make_in_time().await,
            () = news.notified(), if !round.lacks => {
                let heard = round.hear().await;
                if heard.is_err() {
                    round.beats = None;
                }
                heard
            }
        };
        if done.as_ref().is_err_and(|fault| !fault.is_lost()) && !round.lacks {
            every.reset_after(AGAIN);
        }
        round.process.heard(done.map_err(|fault| fault.to_string()));
    }
}
