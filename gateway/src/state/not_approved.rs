//! Why officers may not do something that needs two.

/// SHA-256 of what is proposed.
pub(crate) type Digest = [u8; 32];

/// Why an approval is none, or not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotApproved {
    /// No such proposal.
    #[error("there is no such proposal, or it is long past")]
    Unknown,
    /// Something else was looked at.
    #[error("the proposal has another digest: what you looked at is not what was proposed")]
    OtherDigest,
    /// Too late.
    #[error("the proposal has expired: let it be proposed again")]
    Expired,
    /// By the officer who proposed it.
    #[error("an officer cannot approve an own proposal")]
    Own,
    /// By the certificate's key that proposed it, under another name.
    #[error("the certificate has the key by which it was proposed, or that cannot be told: another officer is needed")]
    SameKey,
    /// It is approved.
    #[error("the proposal is approved already")]
    Again,
    /// Of another log.
    #[error(
        "it is about the log or the keys of another gateway: approve it and do it at the one where it was proposed"
    )]
    OtherLog,
    /// Not yet.
    #[error("the proposal is not approved: another officer approves it first")]
    NotYet,
    /// Once is enough.
    #[error("what was approved is done already: let it be proposed again")]
    Done,
    /// Neither who proposed nor who approved it.
    #[error("only the officers who proposed and approved it do it")]
    NotTheirs,
    /// Of a role that does not decide on it.
    #[error("the role of this officer does not decide on that")]
    Role,
    /// There are no two.
    #[error("that needs two officers, and this gateway began without two")]
    NoTwo,
    /// By a digest, of something that must be said.
    #[error("that is proposed and approved by saying which month or whom it is about, never by a digest alone")]
    InWords,
    /// Neither a proposal nor an emergency.
    #[error("that needs two officers: propose it, and let another officer approve it; or do it as an emergency")]
    Alone,
    /// Another emergency is under way.
    #[error("an emergency waits for its second officer: no other one before that")]
    EmergencyWaits,
    /// One of this officer's had no second.
    #[error("what this officer did in an emergency was never approved: let another officer act")]
    EmergencyAlone,
}

impl NotApproved {
    /// The word for it in a leaf.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::OtherDigest => "other-digest",
            Self::Expired => "expired",
            Self::Own => "own",
            Self::SameKey => "same-key",
            Self::Again => "again",
            Self::OtherLog => "other-log",
            Self::NotYet => "not-yet",
            Self::Done => "done",
            Self::NotTheirs => "not-theirs",
            Self::Role => "role",
            Self::NoTwo => "no-two",
            Self::InWords => "in-words",
            Self::Alone => "alone",
            Self::EmergencyWaits => "emergency-waits",
            Self::EmergencyAlone => "emergency-alone",
        }
    }
}
