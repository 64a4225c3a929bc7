//! The catalogue that is shipped, embedded so that no installation can lose it.

use super::source::{Rank, is_valid_in};

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
        "calendars/cn.toml",
        "catalogue.toml",
        "data-list/academic-misconduct.toml",
        "data-list/administrative-licence.toml",
        "data-list/administrative-penalty.toml",
        "data-list/black-list.toml",
        "data-list/blood-type.toml",
        "data-list/charity-donation.toml",
        "data-list/commendation.toml",
        "data-list/commercial-insurance.toml",
        "data-list/confidential-source.toml",
        "data-list/consumption-restriction.toml",
        "data-list/contract-fraud.toml",
        "data-list/court-judgment.toml",
        "data-list/credit-card-performance.toml",
        "data-list/credit-commitment.toml",
        "data-list/credit-evaluation.toml",
        "data-list/disease.toml",
        "data-list/exam-cheating.toml",
        "data-list/fingerprints.toml",
        "data-list/genes.toml",
        "data-list/grey-list.toml",
        "data-list/identity.toml",
        "data-list/income-and-assets.toml",
        "data-list/juvenile-offence.toml",
        "data-list/loan-overdue.toml",
        "data-list/loan-performance.toml",
        "data-list/medical-history.toml",
        "data-list/objection-and-repair.toml",
        "data-list/pending-penalty.toml",
        "data-list/personal-circumstances.toml",
        "data-list/personal-credit-score.toml",
        "data-list/public-security-penalty.toml",
        "data-list/qualification.toml",
        "data-list/red-list.toml",
        "data-list/religion.toml",
        "data-list/remedied-penalty.toml",
        "data-list/safety.toml",
        "data-list/securities.toml",
        "data-list/social-insurance.toml",
        "data-list/student-loan.toml",
        "data-list/summary-penalty.toml",
        "data-list/tax-amount.toml",
        "data-list/tax.toml",
        "data-list/traffic-violation.toml",
        "data-list/volunteer-service.toml",
        "data-list/wage-arrears.toml",
        "derived/academic-misconduct.toml",
        "derived/across-classes.toml",
        "derived/administrative-licence.toml",
        "derived/administrative-penalty.toml",
        "derived/benefits.toml",
        "derived/charity-donation.toml",
        "derived/commendation.toml",
        "derived/consumption-restriction.toml",
        "derived/contract-fraud.toml",
        "derived/court-judgment.toml",
        "derived/credit-card-performance.toml",
        "derived/credit-commitment.toml",
        "derived/exam-cheating.toml",
        "derived/loan-overdue.toml",
        "derived/loan-performance.toml",
        "derived/personal-circumstances.toml",
        "derived/personal-credit-score.toml",
        "derived/qualification.toml",
        "derived/safety.toml",
        "derived/social-insurance.toml",
        "derived/student-loan.toml",
        "derived/tax-amount.toml",
        "derived/tax.toml",
        "derived/traffic-violation.toml",
        "derived/volunteer-service.toml",
        "derived/wage-arrears.toml",
        "measures.toml",
        "packs/national-2025.toml",
        "packs/national-2026.toml",
        "packs/shandong.toml",
        "packs/shanghai.toml",
        "packs/shenzhen.toml",
        "packs/zhejiang.toml",
        "scenarios/administrative-confirmation.toml",
        "scenarios/administrative-filing.toml",
        "scenarios/administrative-licence.toml",
        "scenarios/cadre-selection.toml",
        "scenarios/clinic-visit.toml",
        "scenarios/commendation.toml",
        "scenarios/commercial-insurance.toml",
        "scenarios/commercial-loan.toml",
        "scenarios/company-officer.toml",
        "scenarios/credit-bureau-supply.toml",
        "scenarios/culture-sport-tourism.toml",
        "scenarios/employment.toml",
        "scenarios/household-registration.toml",
        "scenarios/household-service-hiring.toml",
        "scenarios/industry-association-member.toml",
        "scenarios/joint-incentive.toml",
        "scenarios/joint-restraint.toml",
        "scenarios/library-borrowing.toml",
        "scenarios/loan-facilitation.toml",
        "scenarios/matchmaking.toml",
        "scenarios/online-shopping.toml",
        "scenarios/personnel-examination.toml",
        "scenarios/points-based-settlement.toml",
        "scenarios/professional-title.toml",
        "scenarios/public-disclosure.toml",
        "scenarios/public-rental-housing.toml",
        "scenarios/public-transport.toml",
        "scenarios/rental.toml",
        "scenarios/restricted-consumption.toml",
        "scenarios/scholarship-award.toml",
        "scenarios/self-query.toml",
        "scenarios/social-security-service.toml",
        "scenarios/special-industry-entry.toml",
        "scenarios/student-admission.toml",
        "scenarios/subsidy-application.toml",
        "scenarios/supervision-inspection.toml",
        "scenarios/tax-relief.toml",
        "scenarios/utilities.toml",
        "scenarios/volunteer-star.toml",
        "scenarios/wealth-management.toml",
        "sources/ASSESSORS.toml",
        "sources/CHARITY.toml",
        "sources/CIVIL-PROCEDURE.toml",
        "sources/CIVIL-SERVANTS.toml",
        "sources/COMPANY.toml",
        "sources/CONSUMPTION.toml",
        "sources/DEBTOR-LIST.toml",
        "sources/DEMO-CITY.toml",
        "sources/EDUCATION.toml",
        "sources/EXAM-CIVIL-SERVICE.toml",
        "sources/EXAM-INSTITUTIONS.toml",
        "sources/EXAM-TITLES.toml",
        "sources/FJ-CREDIT.toml",
        "sources/GD-CREDIT.toml",
        "sources/HA-CREDIT.toml",
        "sources/HANGZHOU-RESIDENTS.toml",
        "sources/HD.toml",
        "sources/HS.toml",
        "sources/HZ.toml",
        "sources/LICENSING.toml",
        "sources/LUOYANG-SCIENCE.toml",
        "sources/MARKET-ENTITIES.toml",
        "sources/NINGBO-CIVILITY.toml",
        "sources/QINGDAO-SCIENCE.toml",
        "sources/QZ-CREDIT.toml",
        "sources/SCIENCE-FUND.toml",
        "sources/SCIENCE-PRIZES.toml",
        "sources/SCIENCE.toml",
        "sources/SD-CREDIT.toml",
        "sources/SD.toml",
        "sources/SH-CREDIT.toml",
        "sources/SH-SCIENCE.toml",
        "sources/SOCIAL-INSURANCE.toml",
        "sources/STATE-EXAMS.toml",
        "sources/SUPERVISORS.toml",
        "sources/SX.toml",
        "sources/SZ-CREDIT.toml",
        "sources/TEACHER-QUALIFICATION.toml",
        "sources/WAGES.toml",
        "sources/WORK-SAFETY.toml",
        "sources/ZHOUSHAN-CIVILITY.toml",
        "sources/ZHOUSHAN-SCIENCE.toml",
        "sources/ZJ-CREDIT.toml",
        "statutes/adults-only.cedar",
        "statutes/classes-only-stricter.cedar",
        "statutes/confidential-source-never.cedar",
        "statutes/consent-within-maxima.cedar",
        "statutes/expired-or-repaired-never.cedar",
        "statutes/forbidden-classes-never.cedar",
        "statutes/identity-only-to-the-person.cedar",
        "statutes/kept-out-penalties-never.cedar",
        "statutes/lending-data-by-consent.cedar",
        "statutes/only-on-a-ground.cedar",
        "statutes/public-only-masked-by-statute.cedar",
        "statutes/rows-only-stricter.cedar",
        "statutes/schema.cedarschema",
        "statutes/score-never-for-basic-services.cedar",
        "statutes/score-never-for-restraint.cedar",
        "statutes/sealed-records-never.cedar",
        "statutes/second-tier-by-consent.cedar",
        "statutes/statute-only-to-listed-organs.cedar",
        "statutes/suspended-never.cedar",
        "statutes/tables.cedar",
        "statutes/yes-no-releases-no-record.cedar",
    ];
    files.map(|(path, text)| (path.to_owned(), text.to_owned())).into()
}

/// The shipped catalogue for another jurisdiction, by ISO 3166 and, for a city, its number in GB/T 2260: `CN-SD`, `CN-GD-13`.
///
/// Three lines of `catalogue.toml` differ: the jurisdiction, the rule pack (that of the smallest place around it which has
/// one) and, where one is given, the lowest rank that is accepted. The same arguments give the same bytes, so that an
/// auditor can write the very catalogue that decided. `None` where the text is no jurisdiction.
#[must_use]
pub fn shipped_in(jurisdiction: &str, least_rank: Option<Rank>) -> Option<Vec<(String, String)>> {
    let is_code = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    if jurisdiction.len() > 16 || !jurisdiction.split('-').all(is_code) {
        return None;
    }
    let mut files = shipped();
    let packs = files.iter().filter(|(path, _)| path.starts_with("packs/"));
    let older: Vec<_> = packs.clone().filter_map(|(_, text)| said(text, "before")).collect();
    let around = packs.filter_map(|(_, text)| Some((said(text, "jurisdiction")?, said(text, "pack")?)));
    let around = around.filter(|(_, pack)| !older.contains(pack));
    let around = around.filter(|(place, _)| is_valid_in(place, jurisdiction));
    let pack = around.max_by_key(|(place, _)| place.len()).map(|(_, pack)| pack.to_owned())?;
    let (_, main) = files.iter_mut().find(|(path, _)| path == "catalogue.toml")?;
    *main = with(main, "jurisdiction", jurisdiction);
    *main = with(main, "pack", &pack);
    if let Some(rank) = least_rank {
        *main = with(main, "least_rank", rank.as_str());
    }
    Some(files)
}

/// What a line `key = "…"` says.
fn said<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let of = |line: &'a str| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"');
    text.lines().find_map(of)
}

/// The text with another value in that line.
fn with(text: &str, key: &str, value: &str) -> String {
    let line =
        |line: &str| if said(line, key).is_some() { format!("{key} = \"{value}\"\n") } else { format!("{line}\n") };
    text.lines().map(line).collect()
}
