//! Policy of the credit query gateway: the vocabulary, the catalogue, the decision, the legal clocks, minimisation.

#![warn(clippy::wildcard_enum_match_arm)]

mod asker;
pub mod catalogue;
mod code;
mod decide;
mod facts;
mod history;
mod minimise;
mod names;
mod order;
mod person;
mod personal;
mod words;

pub use asker::{CaseNumber, Ground, IdError, InstitutionId, InstitutionKind, OperatorId};
pub use catalogue::{
    Basis, Catalogue, Class, Fault, FetchPlan, Field, Language, Scenario, Sensitivity, Tier,
};
pub use code::Code;
pub use decide::{Decision, Obligations, Permit, decide};
pub use facts::Facts;
pub use history::{Attribute, History, List, Listing, Record, Severity, Value};
pub use minimise::{Counts, Minimised, minimise};
pub use names::{ClassName, FieldName, NameError, RuleId, ScenarioName};
pub use person::{CitizenNumber, CitizenNumberError, holds_citizen_number};
pub use personal::Personal;
