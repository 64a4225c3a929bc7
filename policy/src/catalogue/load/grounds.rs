//! Loading the grounds of scenarios by statute and of what is published: which articles carry which fields in the jurisdiction of the catalogue.

use std::collections::BTreeSet;
use std::sync::Arc;

use toml::Spanned;

use super::Loader;
use crate::asker::{Ground, InstitutionKind};
use crate::catalogue::Field;
use crate::catalogue::basis::{Basis, Power, Unused};
use crate::catalogue::fault::File;
use crate::catalogue::rows::{BasisRow, CatalogueRow, ScenarioRow};
use crate::catalogue::source::{Rank, Source, Status, is_valid_in};
use crate::names::ClassName;

/// The word that stands for every class of the public credit file.
const CREDIT_FILE: &str = "credit-file";
/// What an operator accepts who says nothing: everything but drafts.
const LEAST_RANK: Rank = Rank::PartyRule;

impl Loader {
    /// What the row rests on, article by article, whether it counts here or not. Nothing on other grounds.
    pub(super) fn bases(&mut self, file: &File<'_, ScenarioRow>, catalogue: &CatalogueRow) -> Vec<Basis> {
        let row = &file.row;
        match row.ground {
            Ground::Statute if row.basis.is_empty() => {
                self.fault(file, row.scenario.span(), "no `[[basis]]`: name the article that lets an organ ask");
            }
            Ground::Public if row.basis.is_empty() => {
                self.fault(file, row.scenario.span(), "no `[[basis]]`: name the article that orders publication");
            }
            Ground::Consent | Ground::Person if !row.basis.is_empty() => {
                let at = row.basis.first().map_or(0..0, Spanned::span);
                self.fault(file, at, "`basis` is for the grounds of statute and of the public: take it out");
            }
            Ground::Statute | Ground::Consent | Ground::Person | Ground::Public => {}
        }
        self.each_power_is_of_the_ground(file);
        if row.consent_on_file && row.ground != Ground::Statute {
            self.fault(file, row.scenario.span(), "`consent_on_file` is for the ground of statute: take it out");
        }
        self.each_basis_once(file);
        row.basis.iter().filter_map(|basis| self.basis(file, basis, catalogue)).collect()
    }

    /// What is published is no look-up, and the other way round; to publish empowers no kind of institution to ask.
    fn each_power_is_of_the_ground(&mut self, file: &File<'_, ScenarioRow>) {
        let is_public = file.row.ground == Ground::Public;
        for written in &file.row.basis {
            let row = written.get_ref();
            if is_public != (row.power == Power::Publish) || (is_public && row.kinds.is_some()) {
                let message =
                    "`power = \"publish\"`, without `kinds`, is for the ground of the public, and for no other";
                self.fault(file, written.span(), message);
            }
        }
    }

    /// An article stands once for a kind of institution: of two rows a reader cannot tell which one holds.
    fn each_basis_once(&mut self, file: &File<'_, ScenarioRow>) {
        let all = &file.row.basis;
        for (at, written) in all.iter().enumerate() {
            let row = written.get_ref();
            let meets = |other: &BasisRow| match (&row.kinds, &other.kinds) {
                (Some(one), Some(two)) => one.iter().any(|kind| two.iter().any(|it| it.get_ref() == kind.get_ref())),
                (None, _) | (_, None) => true,
            };
            let is_same = |other: &&Spanned<BasisRow>| {
                let other = other.get_ref();
                other.source.get_ref() == row.source.get_ref()
                    && other.article.get_ref() == row.article.get_ref()
                    && meets(other)
            };
            if all.iter().take(at).any(|other| is_same(&other)) {
                let message = format!(
                    "`{}` of `{}` stands twice: put the classes of both in one `[[basis]]`",
                    row.article.get_ref(),
                    row.source.get_ref()
                );
                self.fault(file, written.span(), message);
            }
            self.each_once(file, row.classes.get_ref());
            if row.kinds.as_ref().is_some_and(Vec::is_empty) {
                self.fault(
                    file,
                    written.span(),
                    "`kinds` is empty, so the article empowers nobody: leave it out, or name who",
                );
            }
        }
    }

    fn basis(
        &mut self,
        file: &File<'_, ScenarioRow>,
        written: &Spanned<BasisRow>,
        catalogue: &CatalogueRow,
    ) -> Option<Basis> {
        let row = written.get_ref();
        let code = row.source.get_ref();
        let Some(source) = self.sources.get(code).cloned() else {
            self.fault(file, row.source.span(), format!("no instrument `{code}`: add sources/{code}.toml"));
            return None;
        };
        let Some(article) = source.articles().iter().find(|one| one.article() == row.article.get_ref()).cloned() else {
            let message = format!("no article `{}` in sources/{code}.toml: add it there", row.article.get_ref());
            self.fault(file, row.article.span(), message);
            return None;
        };
        let classes = self.classes_of(file, row, catalogue);
        let unused = unused(&source, catalogue);
        let kinds = row.kinds.as_ref().map(|written| {
            self.are_kinds(file, written);
            let kinds: Vec<_> = written.iter().map(|kind| *kind.get_ref()).collect();
            self.kinds.with_counted(&kinds)
        });
        Some(Basis { source, article, power: row.power, classes, kinds, unused })
    }

    fn classes_of(
        &mut self,
        file: &File<'_, ScenarioRow>,
        row: &BasisRow,
        catalogue: &CatalogueRow,
    ) -> BTreeSet<ClassName> {
        let mut classes = BTreeSet::new();
        for class in row.classes.get_ref() {
            if class.get_ref().as_str() == CREDIT_FILE {
                classes.extend(catalogue.credit_file.get_ref().iter().map(|class| class.get_ref().clone()));
            } else if self.classes.contains_key(class.get_ref()) {
                classes.insert(class.get_ref().clone());
            } else {
                self.fault(file, class.span(), format!("no class `{}` in the data list", class.get_ref()));
            }
        }
        let is_bundle = row.power == Power::Bar && classes.len() != 1;
        if classes.is_empty() || is_bundle {
            let message = "a bar is one class of records, and a look-up at least one: name what the article names";
            self.fault(file, row.classes.span(), message);
        }
        classes
    }

    /// The classes of the credit file stand in the data list.
    pub(super) fn credit_file(&mut self, file: &File<'_, CatalogueRow>) {
        for class in file.row.credit_file.get_ref() {
            if !self.classes.contains_key(class.get_ref()) {
                self.fault(file, class.span(), format!("no class `{}` in the data list", class.get_ref()));
            }
        }
    }

    /// A field of a row by statute that no article carries anywhere is a slip, or has no business there.
    pub(super) fn carried_somewhere(&mut self, file: &File<'_, ScenarioRow>, field: &Field, bases: &[Basis]) {
        if !bases.iter().any(|basis| basis.carries(field)) {
            let written = file.row.fields.get_ref().iter().find(|written| written.get_ref() == field.name());
            let at = written.map_or(file.row.fields.span(), Spanned::span);
            let message = format!("no `[[basis]]` carries `{}` in any jurisdiction: take it out", field.name());
            self.fault(file, at, message);
        }
    }
}

/// Why an instrument carries nothing here; `None` where it does.
fn unused(source: &Source, catalogue: &CatalogueRow) -> Option<Unused> {
    if source.status() == Status::Repealed {
        return Some(Unused::Repealed);
    }
    if !is_valid_in(source.jurisdiction(), catalogue.jurisdiction.as_str()) {
        return Some(Unused::Elsewhere);
    }
    (source.rank() > catalogue.least_rank.unwrap_or(LEAST_RANK)).then_some(Unused::BelowRank)
}

/// Whether every field may go to that kind of institution by an article that empowers it here.
pub(super) fn is_empowered(kind: InstitutionKind, fields: &[Arc<Field>], bases: &[Basis]) -> bool {
    let empowers = |basis: &&Basis| basis.unused().is_none() && basis.empowers(kind);
    fields.iter().all(|field| bases.iter().filter(empowers).any(|basis| basis.carries(field)))
}

/// The fields that an article carries here, and the others.
pub(super) fn apart(fields: Vec<Arc<Field>>, bases: &[Basis]) -> (Vec<Arc<Field>>, Vec<Arc<Field>>) {
    let is_here = |field: &Arc<Field>| bases.iter().any(|basis| basis.unused().is_none() && basis.carries(field));
    fields.into_iter().partition(is_here)
}
