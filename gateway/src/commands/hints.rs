//! Values that a shell completes and that are not all there is: a catalogue of one's own has scenarios of its own.

use std::{ffi::OsStr, sync::LazyLock};

use clap::{
    Arg, Command, Error,
    builder::{PossibleValue, StringValueParser, TypedValueParser},
};
use credit_policy::{Catalogue, catalogue};

/// Any text, with what is likely for completions.
#[derive(Clone, Copy)]
pub(super) struct Likely(fn() -> &'static [String]);

impl TypedValueParser for Likely {
    type Value = String;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.0)().iter().map(|name| PossibleValue::new(name.as_str()))))
    }
}

/// The scenarios of the catalogue that is built in.
pub(super) fn scenarios() -> Likely {
    static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
        built_in(|catalogue| catalogue.scenarios().iter().map(|row| row.name().to_string()).collect())
    });
    Likely(|| &NAMES)
}

/// The fields of the catalogue that is built in.
pub(super) fn fields() -> Likely {
    static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
        built_in(|catalogue| catalogue.fields().iter().map(|field| field.name().to_string()).collect())
    });
    Likely(|| &NAMES)
}

/// The kinds of institution of the catalogue that is built in.
pub(super) fn kinds() -> Likely {
    static NAMES: LazyLock<Vec<String>> =
        LazyLock::new(|| built_in(|catalogue| catalogue.kinds().map(|kind| kind.to_string()).collect()));
    Likely(|| &NAMES)
}

fn built_in(names: fn(&Catalogue) -> Vec<String>) -> Vec<String> {
    // What is built in loads; a test says so.
    Catalogue::load(&catalogue::shipped()).map(|catalogue| names(&catalogue)).unwrap_or_default()
}
