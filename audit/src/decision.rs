//! One decision made again, from its leaf and the catalogue that the leaf names.

use std::fmt;

use credit_policy::{Asker, Catalogue, Code, Decision, FieldName, Ground, Rank, RuleId, Scenario, decide};
use jiff::SignedDuration;

use crate::consents_again::ConsentMismatch;
use crate::leaf::{GroundRecord, Outcome, QueryLeaf};

/// How long before its record a decision may have been made. Only the date counts, so this matters at midnight.
const LONGEST_QUERY: SignedDuration = SignedDuration::from_mins(5);

/// Where a leaf and its decision made again differ.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The leaf does not read as a query.
    #[error("the leaf is no query: {0}")]
    Malformed(String),
    /// The leaf was decided under another catalogue.
    #[error("it was decided under the catalogue `{0}`")]
    Catalogue(String),
    /// The decision's date is not that of the record.
    #[error("`inputs.on` is not the date of `at`")]
    Date,
    /// A key is missing that this outcome or this asker needs, or one is there that it cannot have.
    #[error("`{0}` is missing, or is there without an answer or an institution")]
    Key(&'static str),
    /// It was asked on behalf of an institution of another kind than the one that was decided on.
    #[error("`on_behalf.kind` is not `inputs.kind`")]
    OnBehalf,
    /// The ground is not that of the scenario.
    #[error("`ground` is not the one on which the scenario stands")]
    Ground,
    /// Another outcome or code.
    #[error("the leaf says {leaf}, the rules say {again}")]
    Outcome {
        /// What the leaf says.
        leaf: Verdict,
        /// What the rules say.
        again: Verdict,
    },
    /// Other fields released.
    #[error("`fields` are not those that the rules release")]
    Fields,
    /// Other rules named.
    #[error("`rules` are not those that decide")]
    Rules,
    /// The consent that it rests on.
    #[error(transparent)]
    Consent(#[from] ConsentMismatch),
    /// Another notice to the person.
    #[error("`notice` is not the one that the catalogue says")]
    Notice,
}

/// Answered, or refused for a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Answered.
    Answered,
    /// Refused, with this code.
    Refused(Option<Code>),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered => f.write_str("answered"),
            Self::Refused(None) => f.write_str("refused"),
            Self::Refused(Some(code)) => write!(f, "refused for `{}`", code.as_str()),
        }
    }
}

/// Decides a query of the log again, from its leaf and the catalogue that the leaf names.
///
/// # Errors
/// The first difference found.
pub fn decide_again(catalogue: &Catalogue, leaf: &QueryLeaf) -> Result<(), Mismatch> {
    if leaf.catalogue != catalogue.label() {
        return Err(Mismatch::Catalogue(leaf.catalogue.clone()));
    }
    let earliest = leaf.at.checked_sub(LONGEST_QUERY).unwrap_or(leaf.at);
    if ![leaf.at, earliest].map(|at| catalogue.today(at)).contains(&leaf.inputs.on) {
        return Err(Mismatch::Date);
    }
    complete(leaf)?;
    let said = match leaf.outcome {
        Outcome::Answered => Verdict::Answered,
        Outcome::Refused => Verdict::Refused(leaf.code),
    };
    match decide(catalogue, leaf.scenario.as_ref(), &leaf.inputs) {
        Decision::Permit(permit) => {
            same_verdict(said, Verdict::Answered)?;
            same_ground(leaf, permit.scenario())?;
            same_names(leaf.fields.as_deref(), permit.fields())?;
            same_rules(&leaf.rules, permit.rules())?;
            if leaf.notice.as_deref() == Some(permit.notice()) { Ok(()) } else { Err(Mismatch::Notice) }
        }
        Decision::Refuse { code, rules, bound: _ } => {
            same_verdict(said, Verdict::Refused(Some(code)))?;
            same_rules(&leaf.rules, &rules)?;
            refused_on(catalogue, leaf)
        }
    }
}

/// An answer's leaf has every key that an answer needs; a refusal's has none that says what was released. An
/// institution's has its name, number and certificate; a person's or the public's has none of them.
fn complete(leaf: &QueryLeaf) -> Result<(), Mismatch> {
    let answered = leaf.outcome == Outcome::Answered;
    let by_institution = matches!(leaf.inputs.kind, Asker::Institution(_));
    let exact = [
        ("fields", leaf.fields.is_some(), answered),
        ("notice", leaf.notice.is_some(), answered),
        ("institution", leaf.institution.is_some(), by_institution),
        ("seq", leaf.seq.is_some(), by_institution),
        ("certificate", leaf.certificate.is_some(), by_institution),
        ("operator", leaf.operator.is_some(), by_institution && leaf.inputs.operator),
    ];
    let needed = [
        ("scenario", leaf.scenario.is_some()),
        ("ground", leaf.ground.is_some()),
        ("answer", leaf.answer.is_some()),
        ("subject", leaf.subject.is_some()),
        ("key", leaf.key.is_some()),
        ("sealed", leaf.sealed.is_some()),
        ("commit", leaf.commit.is_some()),
    ];
    let wrong = exact.iter().find(|(_, there, wanted)| there != wanted).map(|(key, ..)| *key);
    let wrong = wrong.or_else(|| needed.iter().find(|(_, there)| answered && !there).map(|(key, _)| *key));
    let wrong = wrong.or_else(|| (leaf.remote.is_some() && !answered).then_some("remote"));
    let wrong = wrong.or_else(|| (leaf.on_behalf.is_some() && !by_institution).then_some("on_behalf"));
    match (wrong, &leaf.on_behalf) {
        (Some(key), _) => Err(Mismatch::Key(key)),
        (None, Some(on_behalf)) if on_behalf.kind != leaf.inputs.kind.as_str() => Err(Mismatch::OnBehalf),
        (None, _) => Ok(()),
    }
}

/// The ground is one of the scenario's kind; a statute, the very articles on which that asker's query rests on that day.
fn same_ground(leaf: &QueryLeaf, scenario: &Scenario) -> Result<(), Mismatch> {
    let same = match (leaf.ground.as_ref(), scenario.ground()) {
        (Some(GroundRecord::Consent { .. } | GroundRecord::ConsentAgain { .. }), Ground::Consent) => true,
        (Some(GroundRecord::Statute { statute, rank, case: _, consent_on_file }), Ground::Statute) => {
            let cited = scenario.cited(leaf.inputs.kind, leaf.inputs.on);
            let own = cited.as_ref().map(|cited| (&*cited.statute, cited.rank.map(Rank::as_str)));
            own == Some((&**statute, rank.as_deref())) && *consent_on_file == scenario.consent_on_file()
        }
        (Some(GroundRecord::Person { self_: is_true }), Ground::Person)
        | (Some(GroundRecord::Public { public: is_true }), Ground::Public) => *is_true,
        (Some(_) | None, _) => false,
    };
    if same { Ok(()) } else { Err(Mismatch::Ground) }
}

/// A refusal has the ground that was verified before it, or none; never one that the asker has not.
fn refused_on(catalogue: &Catalogue, leaf: &QueryLeaf) -> Result<(), Mismatch> {
    let Some(ground) = &leaf.ground else { return Ok(()) };
    let scenario = leaf.scenario.as_ref().and_then(|name| catalogue.scenario(name.as_str())).ok_or(Mismatch::Ground)?;
    let is_of_nobody = matches!(ground, GroundRecord::Statute { statute, .. } if statute.is_empty());
    if is_of_nobody || !scenario.is_open_to(leaf.inputs.kind) {
        Err(Mismatch::Ground)
    } else {
        same_ground(leaf, scenario)
    }
}

fn same_verdict(leaf: Verdict, again: Verdict) -> Result<(), Mismatch> {
    if leaf == again { Ok(()) } else { Err(Mismatch::Outcome { leaf, again }) }
}

fn same_names(leaf: Option<&[FieldName]>, again: &[FieldName]) -> Result<(), Mismatch> {
    if leaf == Some(again) { Ok(()) } else { Err(Mismatch::Fields) }
}

fn same_rules(leaf: &[RuleId], again: &[RuleId]) -> Result<(), Mismatch> {
    if leaf == again { Ok(()) } else { Err(Mismatch::Rules) }
}
