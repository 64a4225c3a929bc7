//! What a scenario by statute, or open to the public, rests on: articles of the register, each with the classes that it
//! carries.

use std::collections::BTreeSet;

use super::field::Field;
use super::legal_source::Language;
use super::source::{ArticleRow, Rank, Source};
use crate::asker::InstitutionKind;
use crate::names::ClassName;
use crate::words::words;

words! {
    /// What an article lets or makes an organ do.
    "power" pub Power {
        /// It orders or allows a look-up, of the classes that it names or of the whole credit file.
        Query = "query",
        /// It shuts out whoever has a certain record: the organ may verify this one class, and nothing else.
        Bar = "bar",
        /// It orders that entries of a list are published, with whom they are about.
        Publish = "publish",
    }
}

words! {
    /// Why an article carries nothing in the jurisdiction of the catalogue.
    "cause" pub Unused {
        /// It is the law of another place.
        Elsewhere = "elsewhere",
        /// Its rank is lower than the operator accepts.
        BelowRank = "below-least-rank",
        /// It was repealed.
        Repealed = "repealed",
    }
}

/// An article on which a scenario rests.
#[derive(Clone, Debug)]
pub struct Basis {
    pub(super) source: Source,
    pub(super) article: ArticleRow,
    pub(super) power: Power,
    pub(super) classes: BTreeSet<ClassName>,
    /// Those that it names, and whatever counts as one of them.
    pub(super) kinds: Option<Vec<InstitutionKind>>,
    pub(super) unused: Option<Unused>,
}

impl Basis {
    /// The instrument.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The article.
    #[must_use]
    pub fn article(&self) -> &ArticleRow {
        &self.article
    }

    /// What the article lets an organ do.
    #[must_use]
    pub fn power(&self) -> Power {
        self.power
    }

    /// The classes that it carries, sorted.
    pub fn classes(&self) -> impl Iterator<Item = &ClassName> {
        self.classes.iter()
    }

    /// Whether it empowers that kind of institution.
    pub(super) fn empowers(&self, kind: InstitutionKind) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }

    /// Why it carries nothing here; `None` where it does.
    #[must_use]
    pub fn unused(&self) -> Option<Unused> {
        self.unused
    }

    /// Whether it carries the field: every class that the field rests on. Several bars together carry no bundle.
    #[must_use]
    pub fn carries(&self, field: &Field) -> bool {
        field.classes().iter().all(|class| self.classes.contains(class))
    }

    /// Instrument, article and rank, as a leaf names them: `《上海市社会信用条例》28(1)(3)〔local-regulation〕`.
    #[must_use]
    pub fn citation(&self) -> String {
        let rank = self.source.rank();
        format!("《{}》{}〔{rank}〕", self.source.title(Language::Zh), self.article.article())
    }
}

/// What a scenario by statute rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grounding {
    /// Instruments with article and rank, the highest first, separated by `；`.
    pub(super) statute: String,
    /// The lowest rank among them: all that is released needs no lower one.
    pub(super) rank: Option<Rank>,
}

impl Grounding {
    /// The best article that counts for each field, each once.
    pub(super) fn of<'a>(
        fields: impl Iterator<Item = &'a Field>,
        bases: &[Basis],
        counts: impl Fn(&Basis) -> bool,
    ) -> Self {
        let mut best: Vec<usize> = fields.filter_map(|field| best(field, bases, &counts)).collect();
        best.sort_unstable();
        best.dedup();
        let mut used: Vec<_> = best.iter().filter_map(|at| bases.get(*at)).collect();
        used.sort_by_key(|basis| basis.source.rank());
        let citations: Vec<_> = used.iter().map(|basis| basis.citation()).collect();
        Self { statute: citations.join("；"), rank: used.last().map(|basis| basis.source.rank()) }
    }
}

/// The highest of the articles that count and carry the field.
fn best(field: &Field, bases: &[Basis], counts: impl Fn(&Basis) -> bool) -> Option<usize> {
    let carries = |basis: &Basis| basis.unused.is_none() && basis.carries(field) && counts(basis);
    let found = bases.iter().enumerate().filter(|(_, basis)| carries(basis));
    found.min_by_key(|(_, basis)| basis.source.rank()).map(|(at, _)| at)
}
