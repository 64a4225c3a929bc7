//! The catalogue that is shipped, embedded so that no installation can lose it.

/// Embeds files of `policy/catalogue` under their paths in it.
macro_rules! embedded {
    ($($path:literal,)+) => {
        [$(($path, include_str!(concat!("../../catalogue/", $path)))),+]
    };
}

/// The files of the shipped catalogue, as [`super::Catalogue::load`] takes them.
#[must_use]
pub fn shipped() -> Vec<(String, String)> {
    let files = embedded![
        "catalogue.toml",
        "data-list/academic-misconduct.toml",
        "data-list/administrative-penalty.toml",
        "data-list/black-list.toml",
        "data-list/contract-fraud.toml",
        "data-list/court-judgment.toml",
        "data-list/exam-cheating.toml",
        "data-list/grey-list.toml",
        "data-list/income-and-assets.toml",
        "data-list/loan-performance.toml",
        "data-list/personal-circumstances.toml",
        "data-list/red-list.toml",
        "data-list/safety.toml",
        "data-list/social-insurance.toml",
        "data-list/student-loan.toml",
        "data-list/tax.toml",
        "data-list/traffic-violation.toml",
        "data-list/wage-arrears.toml",
        "derived.toml",
        "packs/national-2026.toml",
        "scenarios/public-rental-housing.toml",
        "statutes/adults-only.toml",
        "statutes/confidential-source-never.toml",
        "statutes/forbidden-classes-never.toml",
        "statutes/second-tier-by-consent.toml",
        "statutes/suspended-never.toml",
    ];
    files.map(|(path, text)| (path.to_owned(), text.to_owned())).into()
}
