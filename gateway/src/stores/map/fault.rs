//! What is wrong with a map file.

/// One fault of a map file, with the place where it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapFault {
    /// No TOML, or not the members of a map.
    #[error("the map cannot be read: {0}")]
    Form(String),
    /// Something at a place of it.
    #[error("in `{place}`: {what}")]
    At {
        /// Source, and column or role.
        place: String,
        /// What is wrong there.
        what: Wrong,
    },
}

/// What is wrong at a place. Each says itself what.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    #[error("two sources have this name: rename one")]
    SameName,
    #[error("it has neither `table` nor `request`: say where its rows come from")]
    Nowhere,
    #[error("it maps nothing: give it a `record`, a `listing` or an `attribute`")]
    MapsNothing,
    #[error("the column `{0}` is not under `columns`: add it with its form")]
    NoColumn(String),
    #[error("no role uses this column: take it out")]
    Unused,
    #[error("its form is `{has}`, and here it must be {wants}")]
    OtherForm { has: &'static str, wants: &'static str },
    #[error("the key must be a column of the form `citizen-number`")]
    NoKey,
    #[error("a representative is a second person: `{0}` cannot be the key")]
    Representative(String),
    #[error("`{0}` stands for organisations, and cannot be a person")]
    Organisation(String),
    #[error("`{0}` stands for another document, and cannot be an identity card")]
    OtherDocument(String),
    #[error("`{0}` stands twice, with two meanings")]
    TwoMeanings(String),
    #[error("`{0}` is no class of records of the data list")]
    NoRecords(String),
    #[error("`{0}` is no attribute of the data list")]
    NoAttribute(String),
    #[error("`{0}` is a value that the field cannot have")]
    NoValue(String),
    #[error("`{0}` is neither a scenario nor a purpose group")]
    NoPurpose(String),
    #[error("give either `{0}` or `{0}_by`")]
    EitherOr(&'static str),
    #[error("give either `until` or `last`, not both")]
    TwoEnds,
    #[error("something begins on this day, so that it cannot have `none`")]
    BeginsNone,
    #[error("`unit` belongs to the form `money`, and is needed there")]
    Unit,
    #[error("`{0}` belongs to forms of dates")]
    OnlyForDates(&'static str),
    #[error("its codes are missing: give `codes`")]
    CodesMissing,
    #[error("`rows = \"any\"` belongs to yes-or-no fields")]
    AnyOf,
    #[error("the store has no such column")]
    NotThere,
    #[error("the database has no table or view `{0}`, or its schema is not in the role's path")]
    NoTable(String),
    #[error("the database has two tables `{0}` that differ by case")]
    TwoTables(String),
    #[error("the store has two such columns, of one name or of names that differ by case")]
    TwoSpellings,
    #[error("a path of members is for JSON; a column has one name")]
    Path,
    #[error("say where the number stands: give one of `header`, `body` and `parameter`")]
    NumberIn,
}
