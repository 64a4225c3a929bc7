//! The kinds of leaves.

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident = $name:literal,)+) => {
        /// What a leaf records. Readers pass over kinds that they do not know; a writer has only these.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl Kind {
            /// Every kind that a writer knows.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$kind),+];

            /// Its name in a leaf.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// The kind with this name, if it is one of ours.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$kind),)+
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// A query, answered or refused.
    Query = "query",
    /// The catalogue in force from here on.
    Catalogue = "catalogue",
    /// What the fields of a catalogue mean.
    Definitions = "definitions",
    /// A key of the ring that changed its state.
    Key = "key",
    /// A change of the register.
    Institution = "institution",
    /// An institution, or a part of it, suspended or resumed.
    Suspension = "suspension",
    /// A consent withdrawn.
    Revocation = "revocation",
    /// What was cut off without a record of its own.
    Flood = "flood",
    /// Refusals of one cause that share a leaf.
    Refusals = "refusals",
    /// An officer's or auditor's read.
    Read = "read",
    /// A sealed part opened.
    Unseal = "unseal",
    /// The stop switch.
    Stop = "stop",
    /// A key of an issuer of consents.
    IssuerKey = "issuer-key",
    /// A notice to a person that was owed and given.
    Notice = "notice",
    /// A list of who asked, shown to a person.
    Statement = "statement",
    /// A scenario that a person closed or opened.
    Block = "block",
    /// A person's objection to a record.
    Objection = "objection",
    /// A credit repair.
    Repair = "repair",
    /// A correction of an answer, due or fetched.
    Correction = "correction",
    /// A case that must be checked.
    Case = "case",
    /// A person who is to come to a department on a day.
    Appointment = "appointment",
    /// What was done with an answer.
    Feedback = "feedback",
    /// The account of a person, bound to a citizen number.
    Binding = "binding",
    /// A change that needs a second officer.
    Proposal = "proposal",
    /// The second officer's approval.
    Approval = "approval",
    /// The review of a query.
    Review = "review",
    /// What decides which queries are reviewed.
    Sampling = "sampling",
    /// Figures that were published.
    Figures = "figures",
    /// Entries that are no longer kept.
    Prune = "prune",
    /// Another log of the same gateway.
    Log = "log",
    /// What the log before amounts to.
    Carried = "carried",
    /// The log's first leaf.
    Open = "open",
    /// The log's last leaf.
    Seal = "seal",
}
