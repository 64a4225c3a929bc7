//! What the people of `persons.csv` are examples of.

/// What a person of `persons.csv` is an example of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// On file, with nothing against the person.
    Clean,
    /// A serious record that still counts.
    Late,
    /// A record that would still count, had it not been repaired.
    Repaired,
    /// A record whose display period is over.
    Expired,
    /// A record that still counts, under an open objection.
    Disputed,
    /// On the black list.
    BlackListed,
    /// On the grey list.
    GreyListed,
    /// On the red list.
    RedListed,
    /// Under 18, on file.
    Minor,
    /// In no store.
    NoFile,
}

impl Note {
    /// All notes, in the order of `persons.csv`.
    pub const ALL: [Self; 10] = [
        Self::Clean,
        Self::Late,
        Self::Repaired,
        Self::Expired,
        Self::Disputed,
        Self::BlackListed,
        Self::GreyListed,
        Self::RedListed,
        Self::Minor,
        Self::NoFile,
    ];

    /// The word in `persons.csv`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Late => "late",
            Self::Repaired => "repaired",
            Self::Expired => "expired",
            Self::Disputed => "disputed",
            Self::BlackListed => "black-listed",
            Self::GreyListed => "grey-listed",
            Self::RedListed => "red-listed",
            Self::Minor => "minor",
            Self::NoFile => "no-file",
        }
    }

    /// How many of the 100 have it.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::Clean => 28,
            Self::Late
            | Self::Repaired
            | Self::Expired
            | Self::Disputed
            | Self::BlackListed
            | Self::GreyListed
            | Self::RedListed
            | Self::Minor
            | Self::NoFile => 8,
        }
    }
}
