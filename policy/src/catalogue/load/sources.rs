//! Loading the register of documents, and that every row names documents of it.

use std::collections::HashSet;

use super::Loader;
use crate::catalogue::fault::File;
use crate::catalogue::rows::{Rows, SourceRow};
use crate::catalogue::{LegalSource, Rank, Source, Status, is_place};

impl Loader {
    /// The register; then each row of every other file names documents that stand in it.
    pub(super) fn sources(&mut self, rows: &Rows<'_>) {
        for file in &rows.sources {
            self.source(file);
        }
        if let Some(file) = &rows.catalogue {
            let general = &file.row.rules;
            for rule in [&general.application_list, &general.data_list, &general.query_register] {
                self.are_registered(file, rule);
            }
        }
        rows.packs.iter().for_each(|file| self.are_registered(file, &file.row.legal_source()));
        rows.calendars.iter().for_each(|file| self.are_registered(file, &file.row.legal_source()));
        rows.classes.iter().for_each(|file| self.are_registered(file, &file.row.legal_source()));
        rows.scenarios.iter().for_each(|file| self.are_registered(file, &file.row.legal_source()));
        for file in &rows.derived {
            file.row.field.iter().for_each(|row| self.are_registered(file, &row.legal_source()));
        }
    }

    fn source(&mut self, file: &File<'_, SourceRow>) {
        let row = &file.row;
        let code = row.source.get_ref();
        self.named_as_file(file, row.source.span(), code);
        if code.is_empty() || !code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            self.fault(file, row.source.span(), format!("`{code}` is no code: use ASCII letters, digits and `-`"));
        }
        let source = Source {
            code: code.clone(),
            title: row.title.clone(),
            number: row.number.clone(),
            rank: row.rank,
            jurisdiction: row.jurisdiction.clone(),
            status: row.status,
            from: row.from,
            until: row.until,
            made_up: row.made_up,
            articles: row.article.iter().map(|article| article.get_ref().clone()).collect(),
        };
        if row.from.zip(row.until).is_some_and(|(from, until)| until < from) {
            self.fault(file, row.source.span(), "`until` is before `from`: it would never hold");
        }
        let place = row.jurisdiction.as_str();
        if !row.made_up && !is_place(place) {
            let message = format!("`{place}` is the code of no place: write it as CN, CN-SD or CN-GD-13");
            self.fault(file, file.place_of("jurisdiction"), message);
        }
        let mut seen = HashSet::new();
        for article in row.article.iter().filter(|article| !seen.insert(article.get_ref().article().to_owned())) {
            let message = format!("article `{}` stands twice: leave one", article.get_ref().article());
            self.fault(file, article.span(), message);
        }
        if (row.rank == Rank::Draft) != (row.status == Status::Draft) {
            self.fault(file, row.source.span(), "a draft has the rank and the status of one: write both, or neither");
        }
        self.sources.insert(code.clone(), source);
    }

    /// Each of the sources begins with the code of a document, and the citation names an instrument.
    pub(super) fn are_registered<T>(&mut self, file: &File<'_, T>, legal_source: &LegalSource) {
        let citation = legal_source.citation();
        let names = |open: char, close: char| citation.contains(open) && citation.contains(close);
        if !names('《', '》') && !names('〔', '〕') {
            let message = format!(
                "`{citation}` cites nothing: name the instrument as 《…》, or by its number with 〔year〕, and its article"
            );
            self.fault(file, file.place_of(citation), message);
        }
        let unknown = |written: &&str| !self.sources.contains_key(written.split(' ').next().unwrap_or_default());
        let unknown: Vec<_> = legal_source.sources().filter(unknown).map(str::to_owned).collect();
        for written in unknown {
            let message = format!("`{written}` is no source: no document of `sources/` has this code");
            self.fault(file, file.place_of(&written), message);
        }
    }
}
