//! The policy crate from outside: parsing, loading, deciding, the clocks, minimisation.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking; clippy's own exception does not reach its helpers"
)]

mod application_list;
mod asker;
mod clock_kinds;
mod clocks;
mod consent;
mod consent_terms;
mod data_list;
mod dated_cases;
mod decisions;
mod diff_and_explain;
mod domains;
mod fault_cases;
mod fields_page;
mod grounds;
mod kinds;
mod labels;
mod linkage;
mod load_faults;
mod measures;
mod minimisation;
mod numbers;
mod order_of_faults;
mod other_provinces;
mod reducers;
mod shipped;
mod slips;
mod statutes;
mod support;
mod symbolic;
mod vocabulary;
mod weighing;
