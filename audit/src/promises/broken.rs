//! Which promise a leaf breaks.

use uuid::Uuid;

/// A promise of `FORMAT.md` that the leaves themselves contradict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The leaf is not written as its kind is.
    #[error("{0}")]
    Form(String),
    /// A query was answered while its institution, member of staff or use of the scenario was suspended.
    #[error("a query of `{0}` was answered while it was suspended")]
    Suspended(String),
    /// A query was answered while the stop switch was thrown.
    #[error("a query was answered while everything, or its scenario, was stopped")]
    Stopped,
    /// An institution acted after it was removed from the register.
    #[error("`{0}` is not in the register any more")]
    Removed(String),
    /// The register says that an institution is new which acted before, or changes one that is not there.
    #[error("the register cannot change so: `{0}` acted before it was added, was added twice, or is not there")]
    Register(String),
    /// An institution acted by a certificate that is not registered.
    #[error("the certificate is none that is registered for `{0}`")]
    Certificate(String),
    /// A query was answered on a consent that had been withdrawn.
    #[error("a query was answered on a consent that had been withdrawn")]
    Withdrawn,
    /// Two uses of one consent have one number.
    #[error("use {0} of the consent was made before")]
    UseAgain(u64),
    /// A use beyond what the consent allows.
    #[error("the consent allows {allowed} uses in all logs together, and this is number {found}")]
    UseBeyond {
        /// By its terms.
        allowed: u64,
        /// In the leaf.
        found: u64,
    },
    /// One idempotency key was answered in two logs.
    #[error("under the same idempotency key {0} was answered in another log: this is no repeat of it")]
    AnsweredTwice(Uuid),
    /// `repeats` is not the first query under the key.
    #[error(
        "`repeats` is {0}, which is no earlier answered query of the same institution under the same idempotency key"
    )]
    Repeats(Uuid),
    /// A correction of what was not answered, or was answered without what went out of answers last; or not the gateway says so.
    #[error(
        "{0} is no answered query of an institution, no record went out of answers since, or it is not the gateway that says so"
    )]
    Correction(Uuid),
    /// A correction that is not due to who fetched it.
    #[error("no correction of {0} is due to who fetched it")]
    Fetched(Uuid),
    /// An id that another leaf has.
    #[error("the id {0} is that of an earlier entry")]
    Id(Uuid),
    /// `first` is no earlier leaf of this log with a token.
    #[error("`first` is {0}, which is no earlier entry with the consent's token")]
    First(u64),
    /// The token in the leaf cannot be read.
    #[error("the consent in it has no `iss` and `jti`")]
    Token,
    /// A key was introduced twice, became another key, or went back to a state that it had left.
    #[error("the key `{0}` was introduced before, is another key now, or goes back to a state that it had left")]
    KeyAgain(String),
    /// A key that no leaf introduced, or that is destroyed.
    #[error("the key `{0}` is not introduced by an earlier entry, or is destroyed")]
    Key(String),
    /// A catalogue that no leaf introduced.
    #[error("the catalogue `{0}` is not introduced by an earlier entry")]
    Catalogue(String),
    /// Numbers of refusals that do not agree with their counts or with `seq`.
    #[error("`seqs`, `counts` and `seq` do not agree")]
    Refusals,
    /// `seal` says other numbers than the leaves have.
    #[error("the last numbers of institutions are not those of the leaves before it")]
    Seal,
    /// An approval of nothing, of something else, too late, or by who proposed it.
    #[error("no earlier entry proposes this, or it is another thing, too late, or by the same officer")]
    Approval,
    /// A catalogue was loaded that two officers had not approved last, or the gateway proposed something itself after two
    /// officers were registered.
    #[error("`{0}` was loaded or proposed without two officers")]
    NotByTwo(String),
}
