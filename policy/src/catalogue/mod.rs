//! The catalogue: the data list, the application list, statutes and rule packs, compiled at load.

mod basis;
mod calendar;
mod class;
mod clock;
mod clocks;
mod dated;
mod definition;
mod dictionary;
mod display;
mod fault;
mod field;
mod kinds;
mod legal_source;
mod load;
mod loaded;
mod meaning;
mod measure;
mod memo;
mod period;
mod place;
mod rows;
mod scenario;
mod shipped;
mod source;
mod statutes;

pub use basis::{Basis, Power, Unused};
pub(crate) use calendar::Calendar;
pub use calendar::Deadline;
pub(crate) use class::Holding;
pub use class::{Class, Sensitivity, Tier};
pub(crate) use clock::{Effect, Standing, Start};
pub use fault::Fault;
pub(crate) use field::{Derivation, Number, Origin, RecordClass, Reducer, Released};
pub use field::{FetchPlan, Field, Shape};
pub(crate) use kinds::Kinds;
pub use kinds::UnknownKind;
pub use legal_source::{Language, LegalSource};
pub use loaded::Catalogue;
pub(crate) use loaded::GeneralRule;
pub use meaning::ValueType;
pub use measure::{Measure, MeasureResult};
pub use place::is_place;
pub use scenario::{Ceilings, Cited, Disclosure, Scenario};
pub use shipped::{shipped, shipped_in};
pub use source::{ArticleRow, Mark, Rank, Source, Status};
pub use statutes::RecordState;
pub(crate) use statutes::{
    Answer, ClassEntity, FieldEntity, Law, RequestFacts, ScenarioEntity, Statute, Statutes, Width, World,
};
