//! Loading the list of measures.

use super::Loader;
use crate::catalogue::Measure;
use crate::catalogue::fault::File;
use crate::catalogue::rows::MeasureRows;

impl Loader {
    /// Each once, with a name that a record may hold and an instrument of the register.
    pub(super) fn measures(&mut self, file: &File<'_, MeasureRows>) {
        for row in &file.row.measure {
            let (name, at) = (row.measure.get_ref(), row.measure.span());
            let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if name.is_empty() || name.len() > 64 || !name.bytes().all(is_name) {
                self.fault(file, at.clone(), format!("`{name}` is no name: use lower-case letters, digits and `-`"));
            }
            if self.measures.contains_key(name) {
                self.fault(file, at, format!("measure `{name}` stands twice: leave one"));
            }
            let legal_source = row.legal_source();
            self.are_registered(file, &legal_source);
            self.measures.insert(name.clone(), Measure { name: name.clone(), result: row.result, legal_source });
        }
    }
}
