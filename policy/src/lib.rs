//! The policy of the credit query gateway: who may ask what about whom, and what of it may leave.
//!
//! # Where to begin
//!
//! - [`Catalogue`] is the law and the tables in force, loaded from TOML files that officers read: the data list, the
//!   application list, derived fields, statutes, rule packs. The shipped one is [`catalogue::shipped`], in
//!   `policy/catalogue/`.
//! - [`decide`] turns [`Facts`] into a [`Decision`]: a [`Permit`], or a refusal with one [`Code`]. Every decision names
//!   its rules, and [`Catalogue::rule`] leads from each to its row, its source and its law.
//! - [`consent`] verifies a person's consent token and compares it with the query and the catalogue.
//! - [`minimise()`] reduces the [`History`] that a store returned to exactly the fields of the permit: display periods,
//!   repairs and objections applied on the day of the query, everything else dropped.
//! - [`prove()`] shows that the statutes hold for every request, [`diff()`] what changes between two catalogues,
//!   [`explain()`] why one request is decided as it is.
//!
//! ```
//! use credit_policy::{Catalogue, Decision, Facts, History, ScenarioName, catalogue, decide, minimise};
//!
//! let catalogue = Catalogue::load(&catalogue::shipped()).map_err(|faults| faults[0].to_string())?;
//! let on = catalogue.today("2026-11-22T01:00:00Z".parse()?);
//! let facts = Facts {
//!     operator: true,
//!     case: true,
//!     minor: Some(false),
//!     ..Facts::new(catalogue.kind("housing-department")?, on)
//! };
//! let scenario = ScenarioName::parse("public-rental-housing")?;
//! let Decision::Permit(permit) = decide(&catalogue, Some(&scenario), &facts) else { return Err("refused".into()) };
//! let answer = minimise(&permit, &History::default(), on);
//! let fields: Vec<_> = answer.data.iter().map(|(field, _)| field.as_str()).collect();
//! assert_eq!(fields, ["black_listed", "clean_three_years", "grey_listed"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! No input or output, no clock, no randomness, no async: files, dates and what stores returned are arguments, so a decision
//! can be made again from a record alone. It knows no HTTP (a status is a number in the table of codes), no certificate, no secret, no store. It keeps no state:
//! limits and uses are counted elsewhere and come in as observed faults. It does not log; what identifies a person is
//! [`Personal`] and prints nowhere.

#![warn(clippy::wildcard_enum_match_arm)]

mod asker;
mod case_number;
pub mod catalogue;
mod code;
pub mod consent;
mod decide;
mod diff;
mod explain;
mod facts;
mod fields_page;
mod history;
mod minimise;
mod names;
mod number_guard;
mod order;
mod person;
mod personal;
mod prove;
mod weigh;
mod words;

pub use asker::{Allowed, Asker, Duty, Ground, IdError, InstitutionId, InstitutionKind, KindError, StaffId};
pub use case_number::{CaseNumber, normal_case};
pub use catalogue::{
    ArticleRow, Basis, Catalogue, Ceilings, Cited, Class, Deadline, Disclosure, Fault, FetchPlan, Field, Language,
    LegalSource, Mark, Power, Rank, RecordState, Scenario, Sensitivity, Shape, Source, Status, Tier, UnknownKind,
    Unused, ValueType, is_place,
};
pub use code::Code;
pub use decide::{Decision, Obligations, Permit, decide};
pub use diff::{Access, Altered, Diff, Shift, diff};
pub use explain::{Explanation, FieldReason, Reason, explain};
pub use facts::{ConsentFacts, Facts};
pub use fields_page::fields_page;
pub use history::{Attribute, History, List, Listing, Record, Severity, Value};
pub use minimise::{Counts, Minimised, minimise, seal_acts_of_minors};
pub use names::{ClassName, FieldName, NameError, RuleId, ScenarioName};
pub use number_guard::{holds_citizen_number, meant_citizen_number};
pub use person::{CitizenNumber, CitizenNumberError};
pub use personal::Personal;
pub use prove::{
    Counterexample, Finding, Hypothesis, HypotheticalConsent, HypotheticalRow, Proof, prove, prove_labels,
};
pub use weigh::Weighing;
