//! Why a change was not made, or not whole. The text says what is in force and what is on the record now, and what to do.

use credit_audit::leaf::LeafError;
use credit_keys::KeyId;
use jiff::civil::Date;
use uuid::Uuid;

use super::{notice_fault::NoticeFault, review::ReviewFault};
use crate::{
    callers::register::RegisterError, cluster::KeysFault, keyring::KeyringError, recorder::NotRecorded,
    state::approvals::NotApproved,
};

/// See the module.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    /// The register refuses; nothing has changed.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// No id of a member of staff; nothing has changed.
    #[error("this is no id of a member of staff: it has the form of `operator` in a query")]
    Staff,
    /// No scenario of the catalogue; nothing has changed.
    #[error("there is no such scenario in the catalogue: see `policy show`")]
    UnknownScenario,
    /// An account of the machine; nothing has changed.
    #[error("only officers propose and approve, each by certificate at the officers' port")]
    OfficersOnly,
    /// An account of the machine; nothing has changed.
    #[error("two officers decide on it here, each by certificate at the officers' port: name it by `--url`")]
    OfficersDo,
    /// No record of this index; nothing was opened.
    #[error("the log has no record {0}")]
    UnknownEntry(u64),
    /// No sealed part, or its key is destroyed; nothing was opened.
    #[error("record {0} has no sealed part that can be opened: it has none, or its data key was destroyed")]
    NothingSealed(u64),
    /// A form with a member that is none of its form; nothing has changed.
    #[error(
        "one of the fields is not filled in as it must be: an index is digits alone, a digest is 44 characters of base64"
    )]
    Form,
    /// No act that two decide; nothing has changed.
    #[error("two officers decide on `{0}`, and on nothing of another name")]
    UnknownAct(String),
    /// No step of a review; nothing has changed.
    #[error(transparent)]
    Review(#[from] ReviewFault),
    /// Nobody who could come back; nothing has changed.
    #[error("this institution is not suspended as a whole: there is nothing to lift")]
    NotSuspended,
    /// An officer, or the supervisor, would be shut out by the own act; nothing has changed.
    #[error(
        "this would suspend yourself: you could do nothing here any more, and two other officers lift it; say that you mean it by `confirmed`"
    )]
    Yourself,
    /// Two officers are needed; nothing has changed.
    #[error(
        "two officers decide on the register here: write it into the configuration, and see `credit-gateway catalogue propose`"
    )]
    ByTwo,
    /// No approval; that it was tried is on the record.
    #[error("not approved: {0}")]
    NotApproved(#[from] NotApproved),
    /// No id of a token; nothing has changed.
    #[error("this is no token id: 1 to 128 visible characters without a citizen number")]
    TokenId,
    /// No issuer of the configuration; nothing has changed.
    #[error("`{iss}` is no issuer of the configuration, so no consent of it counts here: {}", those(.known))]
    Issuer {
        /// What was named.
        iss: String,
        /// The issuers.
        known: Vec<String>,
    },
    /// Its leaf cannot be made; nothing has changed.
    #[error("no record of it can be made, so it was not made: {0}")]
    Leaf(#[from] LeafError),
    /// The ring refuses; nothing has changed.
    #[error(transparent)]
    Keys(#[from] KeyringError),
    /// The keys of all cannot be handed out; nothing has changed, unless the state did not answer in time.
    #[error(transparent)]
    NotHandedOut(#[from] KeysFault),
    /// No time that is given to the others; nothing has changed.
    #[error(
        "the new keys come in force in 5 seconds at the earliest, so that every gateway takes them before, and in a day at the latest: \
         name such a time with `--at`"
    )]
    NotAhead,
    /// Nobody to hand it to; nothing has changed.
    #[error("`--at` is for gateways that count together (`[state]`), and for pseudonym, state and data: leave it out")]
    Alone,
    /// No such notice can have been given; nothing has changed.
    #[error(transparent)]
    Notice(#[from] NoticeFault),
    /// What the record must have of a person cannot be sealed or opened; nothing has changed.
    #[error(
        "the personal part of the record cannot be sealed or opened: its data key was destroyed, or there is no randomness"
    )]
    Unsealed,
    /// No scenario that a person may close; nothing has changed.
    #[error("only a scenario that stands on consent can be closed by the person")]
    NotToClose,
    /// No text; nothing has changed.
    #[error("a statement or reason has 1 to 2,000 characters and no control character but the line feed")]
    Statement,
    /// So many objections of one person are open; nothing has changed.
    #[error("as many objections of this person are open as may be; decide some first")]
    ManyObjections,
    /// No objection of this id; nothing has changed.
    #[error("there is no objection `{0}`; see `objection list`")]
    UnknownObjection(Uuid),
    /// No month, or one that is not over; nothing was published.
    #[error("figures are of a month that is over, written as 2026-10")]
    Month,
    /// The log is younger than the month; nothing was published.
    #[error("the first record of this log is later than that month, so it has no figures of it")]
    NotBegun,
    /// A share of the privacy budget that is none; nothing was published.
    #[error(
        "a month's share of the privacy budget for each of {0} logs is below a thousandth: raise `figures.epsilon_a_year`"
    )]
    BudgetTooSmall(u64),
    /// The year's privacy budget; nothing was published.
    #[error("the privacy budget of the year is spent: nothing more is published of it")]
    BudgetSpent,
    /// They are on the record, and their file is not there; nothing is drawn twice.
    #[error(
        "these figures were published, and their file in the data folder is lost or altered: put it back from a copy"
    )]
    FiguresLost,
    /// No such notice is owed; nothing has changed.
    #[error("no such notice is owed")]
    UnknownNotice,
    /// No such repair is in force; nothing has changed.
    #[error("no such repair is in force")]
    UnknownRepair,
    /// The index or a leaf of the log cannot be read; what was recorded stays.
    #[error("what an upheld objection or a repair changes cannot be found: {0}")]
    Index(String),
    /// What waits for this change cannot be asked for; nothing has changed.
    #[error(
        "who waits under this code cannot be told now, since the shared state does not answer (`state-unavailable`): try again later"
    )]
    Unreached,
    /// No list that would be true; nothing was handed over.
    #[error(
        "what the other gateways looked up is not known, so nobody can be called missed: each must be in `[[persons.gateways]]` and answer; \
         see `credit-gateway coverage`"
    )]
    UnknownLookUps,
    /// A list that no auditor could read; nothing was handed over.
    #[error("the list has more than a million bytes: name a month")]
    LongList,
    /// No mandate; nothing has changed.
    #[error("a mandate is of another person, and its last day is today or later, and at most five years ahead")]
    Mandate,
    /// No such mandate is in force; nothing has changed.
    #[error("no such mandate for this person is in force")]
    UnknownMandate,
    /// The law wants the records of the month; nothing is destroyed.
    #[error("records of {month} are kept until {until} by the rule pack in force")]
    Retained {
        /// The month.
        month: String,
        /// The last day.
        until: Date,
    },
    /// No rule pack says it; nothing is destroyed.
    #[error("no rule pack says how long records are kept: write `retention` into the pack in force")]
    NoRetention,
    /// No key, or it is destroyed already.
    #[error("there is nothing of that which could be destroyed: see `credit-gateway keys status`")]
    NothingToDestroy,
    /// It is on the record, and the ring has it still.
    #[error(
        "the destruction is on the record, but the ring cannot be written: {0}; the gateway goes on trying where it is a \
         month's, and where it is a person's propose it again"
    )]
    NotOutOfRing(KeyringError),
    /// It is on the record and out of the ring, and the shared state has it still.
    #[error(
        "the destruction is on the record and done here, but the shared state, which has the key too, is not reached: it goes from \
         there as soon as it is"
    )]
    NotOutOfState,
    /// A key of an earlier month is there; nothing is destroyed.
    #[error("what is older goes first: destroy {0} before")]
    OlderFirst(String),
    /// No place where records can end; nothing has changed.
    #[error(
        "records go up to a multiple of 256 that is below what is published and beyond {0}, before which they were let go already"
    )]
    NoEdge(u64),
    /// Something reads these records still; nothing has changed.
    #[error(
        "what the gateway makes of these records is not written down yet, or its write-ahead log has some of them still: try \
         again once more was recorded; see `state.snapshot`, the index and `log.segment_mib`"
    )]
    NotReadYet,
    /// A key of them is there; nothing has changed.
    #[error("what was sealed in these records can be opened still: destroy the key `{0}` before, see `keys destroy`")]
    NotDestroyed(KeyId),
    /// A review waits; nothing has changed.
    #[error("a review of one of these records is not closed: close it before")]
    ReviewsWait,
    /// Something would be lost; nothing has changed.
    #[error("something in these records is in force still and would be lost: nothing was let go; keep them")]
    InForceStill,
    /// It is on the record, and the bundles are there still.
    #[error("it is on the record, but the records are there still: {0}; the gateway goes on trying")]
    NotLetGo(String),
    /// Records of the month; nothing was published.
    #[error("records of this month were let go by two officers: no figure of it would be true")]
    LetGo,
    /// No account waits under this code; nothing has changed.
    #[error("no login waits under this code: it is used or over; the person logs in again and gets another one")]
    UnknownCode,
    /// One of them is bound; nothing has changed.
    #[error("this account or this person is bound already; end that binding first")]
    Bound,
    /// The person's account is bound to nobody; nothing has changed.
    #[error("no account is bound to this person")]
    Unbound,
    /// It is decided; nothing has changed.
    #[error("objection `{0}` is decided already")]
    Decided(Uuid),
    /// Nothing is in force.
    #[error("the change cannot be recorded now, so it was not made; see readiness and try again")]
    NotMade,
    /// In force and on the record here; the others hear of it as soon as the shared state takes it.
    #[error(
        "it is in force and on the record here, and it is not certain that the other gateways know it yet: they are told as soon \
         as the shared state takes it; see readiness"
    )]
    NotShared,
    /// In force, and not on the record.
    #[error(
        "{0} until this gateway ends, but it is not on the record, so it ends with it; see readiness and make the change \
         again"
    )]
    NotOnRecord(String),
    /// Keys are in the ring for good, and not all on the record.
    #[error(
        "{} made and stay, but they are not all on the record yet; see readiness and rotate again: that records them and \
         makes no other keys",
        these(.0)
    )]
    KeysNotOnRecord(Vec<KeyId>),
    /// It panicked, or the process ends.
    #[error(
        "the change broke off; see the gateway's log, and what is in force with `institution list` and `keys status`"
    )]
    BrokenOff,
}

fn those(issuers: &[String]) -> String {
    match issuers {
        [] => "it has no `[[consent_issuer]]`".to_owned(),
        known => format!("its issuers are `{}`", known.join("`, `")),
    }
}

fn these(keys: &[KeyId]) -> String {
    let names: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
    format!("the keys {} are", names.join(", "))
}

impl ChangeError {
    /// Of what is in force first: why it is not on the record, or not known to the others.
    pub(super) fn of_in_force(what: &str, why: NotRecorded) -> Self {
        match why {
            NotRecorded::NotShared => Self::NotShared,
            NotRecorded::NotRecordable | NotRecorded::Overtaken => Self::NotOnRecord(what.to_owned()),
        }
    }
}

impl From<NotRecorded> for ChangeError {
    fn from(why: NotRecorded) -> Self {
        match why {
            NotRecorded::NotShared => Self::NotShared,
            NotRecorded::NotRecordable | NotRecorded::Overtaken => Self::NotMade,
        }
    }
}
