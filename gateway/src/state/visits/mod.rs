//! What is kept of who visits the persons' door until it is over: sessions; logins under way and codes, which are taken once; how much
//! was asked without a login. Of one gateway [in memory](memory), of several in what they share.
//!
//! Whoever keeps it sees keys and sealed content, no person. What ends something ends it everywhere: who is told that it is done, is
//! told after that.

pub(crate) mod memory;

use std::{future::Future, pin::Pin, time::Duration};

use credit_keys::StateDigest;
use credit_policy::Language;

use super::key::{Key, key};

/// A session ends when it was not used for so long, and in any case after so long.
pub(crate) const IDLE: Duration = Duration::from_secs(15 * 60);
/// See [`IDLE`].
pub(crate) const LONGEST: Duration = Duration::from_secs(8 * 60 * 60);
/// Sessions of one person; the oldest ends.
pub(crate) const OF_ONE_PERSON: u32 = 5;
/// What is recorded for one session in a minute.
pub(crate) const RECORDED_A_MINUTE: u32 = 30;
/// Questions a minute without a login, of one network and of all.
pub(crate) const OF_ONE_NETWORK: u32 = 10;
/// See [`OF_ONE_NETWORK`].
pub(crate) const OF_ALL_NETWORKS: u32 = 600;
/// Words of a kind; of more the oldest is forgotten.
pub(crate) const WORDS: u32 = 10_000;
/// The longest of what counts by the minute.
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// What is taken once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The state of a login, or of a logout, at the identity service.
    Login,
    /// A code that a person says at the counter.
    Code,
}

impl Word {
    /// How long it is kept.
    #[must_use]
    pub(crate) fn lasts(self) -> Duration {
        match self {
            Self::Login => Duration::from_secs(10 * 60),
            Self::Code => Duration::from_secs(30 * 60),
        }
    }
}

/// What is asked of who keeps it. Sessions and words are named by keys; each of several that stand for the same is one under a state
/// key that is in force or is used beside it.
#[derive(Clone, Debug)]
pub enum Step {
    /// Begins a session. Where the person has as many as may be, the oldest ends.
    Begin {
        /// The session.
        session: Key,
        /// What stands for the person, the key that is written down first.
        person: Vec<Key>,
        /// Who it is.
        sealed: Vec<u8>,
        /// In which language its pages are.
        language: Language,
    },
    /// Uses a session; with a language, its pages are in that one from here on.
    Use(Key, Option<Language>),
    /// Seals other content in a session that is not over.
    Change(Key, Vec<u8>),
    /// Takes one of the records that a session may make in a minute.
    Record(Key),
    /// Ends a session.
    End(Key),
    /// Keeps a word, until it is taken or over.
    Keep {
        /// Which kind.
        word: Word,
        /// The word.
        key: Key,
        /// By what whoever takes it proves that it is theirs.
        proof: Key,
        /// Whom it stands for, where it replaces the one before of the same.
        instead: Vec<Key>,
        /// What it stands for.
        sealed: Vec<u8>,
    },
    /// Takes a word. It stays where the proof is another one.
    Take {
        /// Which kind.
        word: Word,
        /// The word.
        keys: Vec<Key>,
        /// As it was kept.
        proof: Key,
    },
    /// Takes one of the questions that a network may ask in a minute, and all together.
    Ask(Key),
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is done, or may be done.
    Yes,
    /// There is no room, or it may not be done.
    No,
    /// There is no such thing, or it is over.
    Nothing,
    /// A session in use.
    InUse {
        /// Who it is.
        sealed: Vec<u8>,
        /// In which language its pages are.
        language: Language,
    },
    /// What a word stood for.
    Taken(Vec<u8>),
}

/// It cannot be asked, or what it said cannot be believed: nothing is said to be done, though it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreached;

/// What is awaited.
pub type Answered = Pin<Box<dyn Future<Output = Result<Said, Unreached>> + Send>>;

/// Keeps it.
pub trait Visits: Send + Sync {
    /// Makes one step.
    fn make(&self, step: Step) -> Answered;
}

/// Stands for a word that nobody can guess, of a kind.
pub(crate) fn unguessable(kind: &str, word: &str) -> Key {
    key(kind, &[word])
}

/// Stands for what can be guessed: under the key in force first, which is the one that is written down.
pub(crate) fn keyed(digest: StateDigest) -> Vec<Key> {
    let first = |digest: [u8; 32]| {
        let mut key = [0; 16];
        key.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        key
    };
    digest.all().map(first).collect()
}
