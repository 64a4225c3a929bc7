//! The kinds of institution of a catalogue.

use std::collections::BTreeMap;

use super::legal_source::{Language, Titles};
use crate::asker::{Asker, InstitutionKind};

/// A text that is no kind of institution of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{kind}` is no kind of institution: use one of {}", known.join(", "))]
pub struct UnknownKind {
    /// The text.
    pub kind: String,
    /// The kinds of the catalogue, sorted.
    pub known: Vec<String>,
}

/// Every kind of institution, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kinds(pub(super) BTreeMap<InstitutionKind, Kind>);

/// What the catalogue says of a kind.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    pub(super) title: Titles,
    /// The kind that it is too, to statutes and articles.
    pub(super) counts_as: Option<InstitutionKind>,
}

impl Kinds {
    /// The kind of that name.
    pub(super) fn named(&self, name: &str) -> Result<InstitutionKind, UnknownKind> {
        self.all().find(|kind| kind.as_str() == name).ok_or_else(|| UnknownKind {
            kind: name.to_owned(),
            known: self.all().map(|kind| kind.as_str().to_owned()).collect(),
        })
    }

    pub(super) fn all(&self) -> impl Iterator<Item = InstitutionKind> {
        self.0.keys().copied()
    }

    pub(super) fn title(&self, kind: InstitutionKind, language: Language) -> Option<&str> {
        self.0.get(&kind).map(|row| row.title.text(language))
    }

    /// The kinds that count as another, each with that one.
    pub(crate) fn counted(&self) -> impl Iterator<Item = (InstitutionKind, InstitutionKind)> {
        self.0.iter().filter_map(|(kind, row)| Some((*kind, row.counts_as?)))
    }

    /// These kinds, and those that count as one of them.
    pub(super) fn with_counted(&self, kinds: &[InstitutionKind]) -> Vec<InstitutionKind> {
        let counted = self.counted().filter(|(_, as_kind)| kinds.contains(as_kind)).map(|(kind, _)| kind);
        kinds.iter().copied().chain(counted).collect()
    }

    /// Everybody who may ask at all.
    pub(super) fn askers(&self) -> impl Iterator<Item = Asker> {
        self.all().map(Asker::Institution).chain([Asker::Person, Asker::Public])
    }
}
