//! `credit-audit review`: what of the queries was reviewed, and that nobody chose it, from the log alone.

use std::collections::HashSet;
use std::path::Path;

use credit_audit::leaf::Peek;
use credit_audit::review::{Conduct, DrawFault, ReviewFigures, ReviewPolicy, Reviews, Word};
use credit_audit::verify::{self, CheckError, Violation, Visitor};
use jiff::Timestamp;

use super::arguments::ReviewArguments;
use super::stop::{Stop, read_key, read_up_to};
use super::words::Language;

/// More than the longest policy has.
const LONGEST_BYTES: u64 = 1024 * 1024;

/// Checks the log, counts, and checks the draws; gives what is to be printed.
pub(super) fn run(arguments: &ReviewArguments, language: Language) -> Result<String, Stop> {
    let folder: &Path = &arguments.log;
    let beside = verify::log_directory(folder).join("log.vkey");
    let key = read_key(arguments.vkey.as_deref().unwrap_or(&beside), language)?;
    let policy = arguments.policy.as_deref().map(|file| {
        let bytes = read_up_to(file, LONGEST_BYTES)?;
        serde_json::from_slice::<ReviewPolicy>(&bytes)
            .map_err(|error| Stop::Usage(format!("`{}`: {error}", file.display())))
    });
    let policy = policy.transpose()?;
    let offset = arguments.utc_offset;
    let mut fold = Fold {
        reviews: Reviews::new(key.name(), offset),
        conducts: Vec::new(),
        conduct: policy.is_some().then(|| Conduct::new(offset)),
        last: Timestamp::MIN,
    };
    verify::directory(folder, &key, &[], &mut fold)?;
    let figures = fold.reviews.figures(arguments.at.unwrap_or(fold.last));
    let faults = figures.periods.iter().flat_map(|one| one.faults.iter().map(|fault| fault.of(&one.period)));
    if let Some(fault) = faults.chain(policy.iter().flat_map(|policy| fold.not_queued(policy))).next() {
        return Err(Violation::Review(fault).into());
    }
    Ok(match arguments.json {
        true => format!("{}\n", serde_json::to_string(&figures).unwrap_or_default()),
        false => table(&figures, language),
    })
}

/// The figures for people.
fn table(figures: &ReviewFigures, language: Language) -> String {
    let mut lines = vec![language.review_columns().join("  ")];
    for one in &figures.periods {
        let judged = one.judged.explained + one.judged.unexplained + one.judged.suspicious;
        let right = one.known.iter().filter(|item| item.judged == Some(item.right)).count();
        let counts = [one.queries, one.drawn, one.queued, one.suspicious, one.opened, judged, one.closed, one.late];
        let counts = counts.map(|count| count.to_string()).join("  ");
        lines.push(format!("{}  {counts}  {right}/{}", one.period, one.known.len()));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Takes in the leaves while the log is checked.
struct Fold {
    reviews: Reviews,
    /// What the leaves before a draw say, by its period.
    conducts: Vec<(String, Conduct)>,
    /// What all leaves so far say, where a policy is given.
    conduct: Option<Conduct>,
    last: Timestamp,
}

impl Fold {
    /// Suspicious queries that were put before no reviewer. About made-up persons nobody can tell without a key.
    fn not_queued(&self, policy: &ReviewPolicy) -> Vec<DrawFault> {
        let mut faults = Vec::new();
        for (period, conduct) in &self.conducts {
            let Some(draw) = self.reviews.draw(period) else { continue };
            if draw.policy != policy.digest() {
                faults.push(DrawFault::Policy(period.clone()));
                continue;
            }
            for (index, id, word) in conduct.words(&draw.bounds, policy, &HashSet::new()) {
                if word == Word::Suspicious && !self.reviews.is_queued(id) {
                    faults.push(DrawFault::NotQueued(period.clone(), index));
                }
            }
        }
        faults
    }
}

impl Visitor for Fold {
    fn leaf(&mut self, index: u64, peek: &Peek<'_>, bytes: &[u8]) -> Result<(), CheckError> {
        let fault = |why: String| CheckError::Unavailable { what: format!("entry {index}"), why };
        self.last = peek.at;
        self.reviews.leaf(index, *peek, bytes).map_err(|error| fault(error.to_string()))?;
        let Some(conduct) = &mut self.conduct else { return Ok(()) };
        let is_new = |period: &&str| !self.conducts.iter().any(|(known, _)| known == period);
        let new: Vec<String> = self.reviews.shown().filter(is_new).map(str::to_owned).collect();
        self.conducts.extend(new.into_iter().map(|period| (period, conduct.clone())));
        conduct.leaf(index, *peek).map_err(|error| fault(error.to_string()))
    }
}
