//! What a field means, as a digest: a consent covers the fields as they were defined when it was given.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};

use super::field::{Derivation, Field};
use super::legal_source::Language;
use super::loaded::Catalogue;

/// Bytes of a digest that stand in a record.
const BYTES: usize = 16;

impl Field {
    /// Stands for what the field means: its classes, how its value is made, the clocks of the records it rests on, and
    /// the values that it may have. Base64url of the first 16 bytes of SHA-256. Titles, sources and citations do not count.
    #[must_use]
    pub fn definition_digest(&self) -> String {
        let mut text = String::from("credit/definition");
        self.write_definition(&mut text);
        let digest = digest(&SHA256, text.as_bytes());
        URL_SAFE_NO_PAD.encode(digest.as_ref().get(..BYTES).unwrap_or_default())
    }

    /// One statement a line, so that no two definitions read the same. Writing into a text cannot fail.
    fn write_definition(&self, text: &mut String) {
        for class in &self.classes {
            write!(text, "\nclass {class}").unwrap_or_default();
        }
        write!(text, "\nvalue {}", self.definition()).unwrap_or_default();
        match &self.derivation {
            Derivation::Records { classes, .. } => {
                for class in classes {
                    write!(text, "\nclock of {} {}", class.name, class.clock()).unwrap_or_default();
                }
            }
            Derivation::Number { of, .. } => of.write_definition(text),
            Derivation::Listed(class) => {
                write!(text, "\nclock of {} {}", class.name, class.clock()).unwrap_or_default()
            }
            Derivation::All(of) => of.iter().for_each(|field| field.write_definition(text)),
            Derivation::Attribute | Derivation::Masked(_) => {}
        }
        if let Some(value_type) = self.meaning.value_type {
            write!(text, "\ntype {value_type}").unwrap_or_default();
        }
        if let Some(unit) = &self.meaning.unit {
            write!(text, "\nunit {}", unit.text(Language::En)).unwrap_or_default();
        }
        if let Some((least, most)) = self.meaning.bounds {
            write!(text, "\nfrom {least} to {most}").unwrap_or_default();
        }
        if let Some(longest) = self.meaning.longest {
            write!(text, "\nat most {longest} characters").unwrap_or_default();
        }
        for value in &self.meaning.values {
            write!(text, "\nmay be {}", value.as_str()).unwrap_or_default();
        }
    }
}

impl Catalogue {
    /// The digest of every field's definition, by the field's name.
    #[must_use]
    pub fn definitions(&self) -> BTreeMap<String, String> {
        self.fields().iter().map(|field| (field.name().as_str().to_owned(), field.definition_digest())).collect()
    }
}
