//! What is said of a field's values: by its row, or by how it is made.

use super::field::{Derivation, Field, Number, Reducer, Shape};
use super::legal_source::Language;
use super::meaning::ValueType;

impl Field {
    /// The type of its value; `None` where the data list leaves it to the store.
    #[must_use]
    pub fn value_type(&self) -> Option<ValueType> {
        match self.shape() {
            Shape::YesNo => Some(ValueType::YesNo),
            Shape::Band | Shape::Masked => Some(ValueType::Text),
            Shape::Count => Some(ValueType::WholeNumber),
            Shape::Day => Some(ValueType::Day),
            Shape::Whole => self.meaning.value_type,
        }
    }

    /// The unit of its number, if it has one.
    #[must_use]
    pub fn unit(&self, language: Language) -> Option<&str> {
        match self.shape() {
            Shape::Count => Some(match language {
                Language::Zh => "条",
                Language::En => "records",
            }),
            Shape::YesNo | Shape::Band | Shape::Day | Shape::Masked | Shape::Whole => {
                self.meaning.unit.as_ref().map(|unit| unit.text(language))
            }
        }
    }

    /// The texts that it may be, where they are listed; of bands, each with the least number that lies in it.
    #[must_use]
    pub fn values(&self) -> Vec<(&str, Option<i64>)> {
        match &self.derivation {
            Derivation::Number { of: _, number: Number::Band(bands) } => {
                bands.iter().map(|band| (band.name.as_str(), Some(band.from))).collect()
            }
            Derivation::Number { of: _, number: Number::AtLeast(_) }
            | Derivation::Attribute
            | Derivation::Masked(_)
            | Derivation::Records { .. }
            | Derivation::Listed(_)
            | Derivation::All(_) => self.meaning.values.iter().map(|value| (value.as_str(), None)).collect(),
        }
    }

    /// What it says when it is null; `None` where it never is, but for a consent that looks back less far than the field.
    #[must_use]
    pub fn null(&self, language: Language) -> Option<&str> {
        let words = |zh, en| match language {
            Language::Zh => zh,
            Language::En => en,
        };
        match &self.derivation {
            Derivation::Attribute | Derivation::Masked(_) => Some(match &self.meaning.null {
                Some(null) => null.text(language),
                None => words("未知：数据源无此值", "not known: the store has no value"),
            }),
            Derivation::Number { of, number } => match (of.null(language), number) {
                (None, _) => None,
                (Some(_), Number::AtLeast(_)) => Some(words("数值未知", "the number is not known")),
                (Some(_), Number::Band(_)) => {
                    Some(words("数值未知，或低于最低一档", "the number is not known, or below the lowest band"))
                }
            },
            Derivation::Records { reducer: Reducer::Latest, .. } => Some(words("没有有效记录", "no record counts")),
            Derivation::Records { reducer: Reducer::Exists | Reducer::NoneWithin | Reducer::Count, .. }
            | Derivation::Listed(_) => None,
            Derivation::All(of) => of
                .iter()
                .any(|field| field.null(language).is_some())
                .then(|| words("所依据的数值未知", "a number on which it rests is not known")),
        }
    }

    /// How its value is made: `none-within P3Y of tax, safety`.
    #[must_use]
    pub fn made_from(&self) -> String {
        self.definition()
    }

    /// The clocks of the records that it rests on, each once: `determination P3M P1Y P3Y`.
    #[must_use]
    pub fn clocks(&self) -> Vec<String> {
        let mut clocks: Vec<String> = match &self.derivation {
            Derivation::Records { classes, .. } => classes.iter().map(|class| class.clock().to_string()).collect(),
            Derivation::Number { of, number: _ } => of.clocks(),
            Derivation::All(of) => of.iter().flat_map(|field| field.clocks()).collect(),
            Derivation::Listed(class) => vec![class.clock().to_string()],
            Derivation::Attribute | Derivation::Masked(_) => Vec::new(),
        };
        clocks.sort();
        clocks.dedup();
        clocks
    }
}
