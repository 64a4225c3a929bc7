//! What the acts of all gateways amount to up to one of them, in a file beside the log: a start need not hear them again.
//!
//! Cases that were decided and withdrawals are taken in; every other act is kept as it is, since it is sealed, or its order counts.
//! An act may be passed over at a start only if what it does is in here. The file is bound to the database by what that drew for
//! the last act: a database that was put back, or another one, has another there, and then everything is heard again.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use credit_audit::leaf::{Body, parse};
use jiff::Timestamp;
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use serde::{Deserialize, Serialize};
use tokio::task::{JoinHandle, spawn_blocking};

use super::acts::{Act, Mark, OFFICERS, kind_of};
use crate::state::{Key, consent_key, open_cases::OpenCases, other_logs::place_of};

/// Its name in the data folder.
const FILE: &str = "acts.snapshot";
/// How it begins.
const FORM: &[u8] = b"credit-acts 1\n";

/// So many acts are heard before it is written again; and one more for each so many bytes of it.
const AT_LEAST: usize = 2_048;
const BYTES_AN_ACT: u64 = 2_048;
/// So many are heard before it is written again at most: they wait in memory.
const AT_MOST: usize = 16_384;

/// What the acts up to one of them amount to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Heard {
    /// The name of this gateway's log: leaves of others have other places.
    own: String,
    /// The last act that is in it.
    pub(super) until: i64,
    /// What the database drew for that act.
    pub(super) mark: Mark,
    /// Cases that are not decided.
    pub(super) cases: OpenCases,
    /// Consents that were withdrawn, and when.
    pub(super) revoked: Vec<(Key, Timestamp)>,
    kept: Vec<Kept>,
}

/// An act as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    seq: i64,
    origin: String,
    index: u64,
    leaf: String,
}

impl Heard {
    /// What a start of this log has at hand; nothing where there is no file, or one that is not as it was written.
    pub(super) fn at_hand(folder: &Path, own: &str) -> Option<Self> {
        let path = folder.join(FILE);
        match Self::read(&path) {
            Ok(read) => read.filter(|read| read.own == own),
            Err(error) => {
                let place = path.display();
                tracing::error!(%place, %error, "what other gateways did is heard anew: the file that has it cannot be used");
                None
            }
        }
    }

    fn read(path: &Path) -> io::Result<Option<Self>> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "it is not as it was written");
        let (said, sum) = bytes.split_last_chunk::<SHA256_OUTPUT_LEN>().ok_or_else(damaged)?;
        if digest(&SHA256, said).as_ref() != sum {
            return Err(damaged());
        }
        let said = said.strip_prefix(FORM).ok_or_else(damaged)?;
        Ok(Some(serde_json::from_slice(said)?))
    }

    /// Writes it; its size. If we crash before the rename, the one before is in place, and after it this one.
    fn write(&self, path: &Path) -> io::Result<u64> {
        let next = path.with_extension("next");
        drop(fs::remove_file(&next));
        let mut bytes = FORM.to_vec();
        serde_json::to_writer(&mut bytes, self)?;
        let sum = digest(&SHA256, &bytes);
        bytes.extend_from_slice(sum.as_ref());
        let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&next)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&next, path)?;
        Ok(bytes.len() as u64)
    }

    /// Takes in the acts that follow, in their order.
    fn take(&mut self, acts: &[Act]) {
        let mut revoked: BTreeMap<Key, Timestamp> = std::mem::take(&mut self.revoked).into_iter().collect();
        for act in acts {
            (self.until, self.mark) = (act.seq, act.mark);
            let place = if act.origin == self.own { act.index } else { place_of(act.seq) };
            let leaf = parse(&act.leaf).ok().flatten();
            match leaf.as_ref().map(|leaf| (&leaf.body, leaf)) {
                Some((Body::Case(case), leaf)) if leaf.head.institution.is_some() => {
                    let institution = leaf.head.institution.unwrap_or_default();
                    self.cases.apply(institution, place, case, leaf.actor.as_ref());
                }
                Some((Body::Revocation(said), leaf)) => {
                    let at = revoked.entry(consent_key(&said.issuer, &said.jti)).or_insert(leaf.head.at);
                    *at = leaf.head.at.max(*at);
                }
                // What this release does not know a later one may.
                Some(_) | None => self.kept.push(Kept {
                    seq: act.seq,
                    origin: act.origin.clone(),
                    index: act.index,
                    leaf: String::from_utf8_lossy(&act.leaf).into_owned(),
                }),
            }
        }
        self.revoked = revoked.into_iter().collect();
    }

    /// The acts that are kept as they are, in their order.
    pub(super) fn kept(&self) -> impl Iterator<Item = Act> {
        self.kept.iter().map(|kept| Act {
            seq: kept.seq,
            origin: kept.origin.clone(),
            index: kept.index,
            leaf: kept.leaf.clone().into_bytes(),
            mark: Mark::default(),
        })
    }

    /// Those of them by which officers decided.
    pub(super) fn decided(&self) -> impl Iterator<Item = Act> {
        self.kept().filter(|act| kind_of(&act.leaf).is_some_and(|kind| OFFICERS.contains(&kind)))
    }
}

/// Writes the file again once enough was heard, on a thread of its own: whoever hears must not wait for a disk.
pub(super) struct Keeping {
    path: PathBuf,
    own: String,
    /// Acts that are not in the file, in their order.
    new: Vec<Act>,
    /// Whether they follow upon what is in the file; else upon nothing.
    follow: bool,
    least: usize,
    step: Option<JoinHandle<Result<u64, NotKept>>>,
    /// It cannot be kept any more: what is in the file stays true.
    ended: bool,
}

/// Acts that could not be written.
struct NotKept {
    acts: Vec<Act>,
    error: io::Error,
}

impl Keeping {
    /// What is heard from here on follows upon the file, or is all there is.
    pub(super) fn new(folder: &Path, own: &str, follow: bool) -> Self {
        let path = folder.join(FILE);
        let least = least(fs::metadata(&path).map_or(0, |file| file.len()));
        Self { path, own: own.to_owned(), new: Vec::new(), follow, least, step: None, ended: false }
    }

    /// An act was heard, and is in force here.
    pub(super) fn hear(&mut self, act: Act) {
        if !self.ended {
            self.new.push(act);
        }
    }

    /// Begins to write, where that is due.
    pub(super) async fn look(&mut self) {
        if self.step.as_ref().is_some_and(JoinHandle::is_finished)
            && let Some(step) = self.step.take()
        {
            match step.await {
                Ok(Ok(bytes)) => (self.follow, self.least) = (true, least(bytes)),
                Ok(Err(NotKept { mut acts, error })) => {
                    acts.append(&mut self.new);
                    self.new = acts;
                    // It is tried again once some more were heard; none may be left out.
                    self.least = self.new.len() + AT_LEAST;
                    self.ended = self.least > 2 * AT_MOST;
                    self.failed(&error);
                }
                Err(_) => self.ended = true,
            }
            if self.ended {
                self.new = Vec::new();
            }
        }
        if self.step.is_none() && !self.ended && self.new.len() >= self.least {
            let (path, own, follow) = (self.path.clone(), self.own.clone(), self.follow);
            let acts = std::mem::take(&mut self.new);
            self.step = Some(spawn_blocking(move || match written(&path, own, follow, &acts) {
                Ok(bytes) => Ok(bytes),
                Err(error) => Err(NotKept { acts, error }),
            }));
        }
    }

    fn failed(&self, error: &io::Error) {
        let place = self.path.display();
        tracing::error!(%place, %error, "what other gateways did is not kept; the next start takes longer");
    }
}

fn least(bytes: u64) -> usize {
    usize::try_from(bytes / BYTES_AN_ACT).unwrap_or(usize::MAX).clamp(AT_LEAST, AT_MOST)
}

fn written(path: &Path, own: String, follow: bool, acts: &[Act]) -> io::Result<u64> {
    let before = if follow { Heard::read(path)? } else { None };
    let mut heard = match before {
        Some(before) => before,
        None if follow => return Err(io::Error::new(io::ErrorKind::NotFound, "it is gone")),
        None => Heard { own, ..Heard::default() },
    };
    heard.take(acts);
    heard.write(path)
}

#[cfg(test)]
mod tests {
    use credit_audit::leaf::{Kind, peek, samples};

    use super::super::acts::is_shared;
    use super::*;
    use crate::scratch::Scratch;

    /// Acts of two gateways, each with the leaves of a log that nobody wrote, in turn.
    fn acts(seed: u64) -> Vec<Act> {
        let of = |origin: &'static str, seed| {
            let leaves = samples::log(seed, 400).into_iter().enumerate();
            leaves.filter(|(_, leaf)| is_shared(leaf)).map(move |(index, leaf)| (origin, index as u64, leaf))
        };
        let (mut own, mut other) = (of("own", seed), of("other", seed + 100));
        let in_turn = std::iter::from_fn(|| Some([own.next(), other.next()])).take(400).flatten().flatten();
        let act = |(nth, (origin, index, leaf)): (usize, (&str, u64, Vec<u8>))| {
            let seq = i64::try_from(3 * nth + 1).unwrap();
            Act { seq, origin: origin.to_owned(), index, leaf, mark: [nth as u8; 16] }
        };
        in_turn.enumerate().map(act).collect()
    }

    fn of(acts: &[Act]) -> Heard {
        let mut heard = Heard { own: "own".to_owned(), ..Heard::default() };
        heard.take(acts);
        heard
    }

    #[test]
    fn in_pieces_through_the_file_it_is_what_all_acts_at_once_amount_to() {
        let folder = Scratch::new();
        let path = folder.path().join(FILE);
        for seed in 0..6 {
            let all = acts(seed);
            let kinds = |wanted: Kind| all.iter().filter(|act| kind_of(&act.leaf) == Some(wanted.as_str())).count();
            assert!(kinds(Kind::Case) > 5 && kinds(Kind::Revocation) > 5 && kinds(Kind::Block) > 5, "seed {seed}");
            let mut follow = false;
            for piece in all.chunks(1 + all.len() / (2 + seed as usize)) {
                written(&path, "own".to_owned(), follow, piece).unwrap();
                follow = true;
            }
            let heard = Heard::at_hand(folder.path(), "own").unwrap();
            assert_eq!(heard, of(&all));
            assert_eq!((heard.until, heard.mark), (all.last().unwrap().seq, all.last().unwrap().mark));
            let is_taken_in = |act: &&Act| {
                let head = peek(&act.leaf).unwrap();
                let is_case = head.kind == Kind::Case.as_str() && head.institution.is_some();
                is_case || head.kind == Kind::Revocation.as_str()
            };
            let sealed: Vec<_> = all.iter().filter(|act| !is_taken_in(act)).collect();
            assert_eq!(heard.kept.len(), sealed.len());
            for (kept, act) in heard.kept().zip(sealed) {
                assert_eq!((kept.seq, &kept.origin, kept.index), (act.seq, &act.origin, act.index));
                assert_eq!(String::from_utf8(kept.leaf), String::from_utf8(act.leaf.clone()), "as it is");
            }
            let decided = heard.decided().map(|act| act.seq).collect::<Vec<_>>();
            let officers = all.iter().filter(|act| kind_of(&act.leaf).is_some_and(|kind| OFFICERS.contains(&kind)));
            assert_eq!(decided, officers.map(|act| act.seq).collect::<Vec<_>>());
            assert!(!decided.is_empty());
        }
    }

    #[test]
    fn one_that_is_damaged_or_another_s_is_not_used() {
        let folder = Scratch::new();
        let path = folder.path().join(FILE);
        assert!(Heard::at_hand(folder.path(), "own").is_none());
        written(&path, "own".to_owned(), false, &acts(1)).unwrap();
        assert!(Heard::at_hand(folder.path(), "other").is_none());
        let whole = fs::read(&path).unwrap();
        for at in [0, FORM.len() + 3, whole.len() / 2, whole.len() - 1] {
            let mut other = whole.clone();
            other[at] ^= 1;
            fs::write(&path, other).unwrap();
            assert!(Heard::at_hand(folder.path(), "own").is_none(), "byte {at}");
            assert!(written(&path, "own".to_owned(), true, &acts(2)).is_err(), "nothing follows upon it");
        }
        for length in [0, 7, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(Heard::at_hand(folder.path(), "own").is_none());
        }
        fs::write(&path, &whole).unwrap();
        assert!(Heard::at_hand(folder.path(), "own").is_some());
    }

    #[tokio::test]
    async fn what_could_not_be_written_is_written_with_what_follows_and_nothing_is_left_out() {
        let folder = Scratch::new();
        let away = folder.path().join("away");
        let mut keeping = Keeping::new(&away, "own", false);
        let act = |nth: usize| Act {
            seq: i64::try_from(nth).unwrap(),
            origin: "other".to_owned(),
            index: nth as u64,
            leaf: b"{}".to_vec(),
            mark: [1; 16],
        };
        let mut heard = 0;
        while keeping.least == AT_LEAST {
            heard += 1;
            keeping.hear(act(heard));
            keeping.look().await;
            tokio::task::yield_now().await;
        }
        fs::create_dir(&away).unwrap();
        while Heard::at_hand(&away, "own").is_none() {
            heard += 1;
            keeping.hear(act(heard));
            keeping.look().await;
            tokio::task::yield_now().await;
        }
        let read = Heard::at_hand(&away, "own").unwrap();
        assert_eq!(read.kept.len(), usize::try_from(read.until).unwrap());
        assert!(read.kept.len() >= 2 * AT_LEAST);
        if let Some(step) = keeping.step.take() {
            drop(step.await);
        }
    }
}
