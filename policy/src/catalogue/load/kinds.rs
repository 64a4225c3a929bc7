//! Loading the kinds of institution.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use toml::Spanned;

use super::Loader;
use crate::asker::{Asker, Duty, InstitutionKind};
use crate::catalogue::fault::File;
use crate::catalogue::kinds::Kind;
use crate::catalogue::rows::CatalogueRow;
use crate::catalogue::shipped;

/// The kinds that every installation has, by the shipped catalogue.
static SHIPPED: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let files = shipped();
    let main = files.iter().find(|(path, _)| path == "catalogue.toml");
    let rows = main.and_then(|(_, text)| text.parse::<toml::Table>().ok());
    let kinds = rows.as_ref().and_then(|rows| rows.get("institution_kind")).and_then(toml::Value::as_table);
    kinds.into_iter().flat_map(toml::Table::keys).cloned().collect()
});

impl Loader {
    /// The kinds of institution. A kind that ships is what it is: only others may count as one of them.
    pub(super) fn kinds(&mut self, file: &File<'_, CatalogueRow>) {
        let rows = &file.row.institution_kind;
        for (kind, row) in rows {
            let row_of = file.place_of(&format!("[institution_kind.{kind}]"));
            if [Asker::Person, Asker::Public].iter().any(|asker| asker.as_str() == kind.as_str()) {
                self.fault(file, row_of, format!("`{kind}` is no institution: give the kind another name"));
            }
            let counts_as = row.counts_as.as_ref();
            if let Some(counts_as) = counts_as {
                let is_known = SHIPPED.contains(kind.as_str());
                let message = match rows.get(counts_as.get_ref()) {
                    None => Some(format!("no kind of institution `{}` here: check its name", counts_as.get_ref())),
                    Some(other) if other.counts_as.is_some() => {
                        Some(format!("`{}` counts as another itself: name that one", counts_as.get_ref()))
                    }
                    Some(_) if is_known => Some(format!("statutes know `{kind}`: it counts as no other, take it out")),
                    Some(_) => None,
                };
                if let Some(message) = message {
                    self.fault(file, counts_as.span(), message);
                }
            }
            let counts_as = counts_as.map(|kind| *kind.get_ref());
            self.kinds.0.insert(*kind, Kind { title: row.title.clone(), counts_as });
        }
        for duty in Duty::ALL {
            if !rows.keys().any(|kind| kind.duty() == Some(*duty)) {
                let message = format!("no `[institution_kind.{duty}]`: the gateway knows this kind, so add its row");
                self.fault(file, 0..0, message);
            }
        }
    }

    /// Each kind that a row names is one of the catalogue.
    pub(super) fn are_kinds<T>(&mut self, file: &File<'_, T>, written: &[Spanned<InstitutionKind>]) {
        for kind in written {
            let known = self.kinds.named(kind.get_ref().as_str());
            if let Err(unknown) = known {
                self.fault(file, kind.span(), unknown.to_string());
            }
        }
    }

    /// Whether statutes may speak of such an asker.
    pub(super) fn is_asker(&self, name: &str) -> bool {
        self.kinds.askers().any(|asker| asker.as_str() == name)
    }
}
