//! `credit-audit review`: what of the queries was reviewed, and that nobody chose it, from the log alone.

use std::path::Path;

use credit_audit::edge::Edge;
use credit_audit::leaf::Peek;
use credit_audit::review::{DrawFault, ReviewFigures, ReviewPolicy, ReviewProgress, ReviewedMonth, Reviews, Word};
use credit_audit::verify::{self, CheckError, Violation, Visitor};
use jiff::Timestamp;
use uuid::Uuid;

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
    let mut fold =
        Fold { reviews: Reviews::new(key.name(), offset), policy, suspicious: Vec::new(), last: Timestamp::MIN };
    verify::directory(folder, &key, &[], &mut fold)?;
    let within_days = fold.policy.as_ref().map_or(ReviewPolicy::default().within_days, |policy| policy.within_days);
    let figures = fold.reviews.figures(arguments.at.unwrap_or(fold.last), within_days);
    let faults = figures.periods.iter().flat_map(|one| one.faults.iter().map(|fault| fault.of(&one.period)));
    if let Some(fault) = faults.chain(fold.not_queued()).next() {
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
    let progress = |of: &ReviewProgress| {
        let judged = of.judged.explained + of.judged.unexplained + of.judged.suspicious;
        [of.queued, of.suspicious, of.opened, judged, of.closed, of.late].map(|count| count.to_string()).join("  ")
    };
    for one in &figures.periods {
        let right = one.known.iter().filter(|item| item.judged == Some(item.right)).count();
        let (of, known) = (progress(&one.progress), one.known.len());
        lines.push(format!("{}  {}  {}  {of}  {right}/{known}", one.period, one.queries, one.drawn));
    }
    let month = |one: &ReviewedMonth| format!("{}  -  -  {}  -", one.month, progress(&one.progress));
    lines.extend(figures.months.iter().map(month));
    lines.push(String::new());
    lines.join("\n")
}

/// Suspicious queries: leaf and id.
type Suspicious = Vec<(u64, Uuid)>;

/// Takes in the leaves while the log is checked.
struct Fold {
    reviews: Reviews,
    policy: Option<ReviewPolicy>,
    /// What was suspicious when a period was drawn, by its name, or that another policy was in force.
    suspicious: Vec<(String, Option<Suspicious>)>,
    last: Timestamp,
}

impl Fold {
    /// Suspicious queries that were put before no reviewer. About made-up persons nobody can tell without a key.
    fn not_queued(&self) -> Vec<DrawFault> {
        let mut faults = Vec::new();
        for (period, suspicious) in &self.suspicious {
            let Some(suspicious) = suspicious else {
                faults.push(DrawFault::Policy(period.clone()));
                continue;
            };
            let left = suspicious.iter().filter(|(_, id)| !self.reviews.is_queued(*id));
            faults.extend(left.map(|(index, _)| DrawFault::NotQueued(period.clone(), *index)));
        }
        faults
    }

    /// What is suspicious of the periods that are drawn since the last leaf.
    fn drawn(&mut self) {
        let Some(policy) = &self.policy else { return };
        let is_new = |period: &&str| !self.suspicious.iter().any(|(known, _)| known == period);
        let new: Vec<String> = self.reviews.shown().filter(is_new).map(str::to_owned).collect();
        for period in new {
            let Some(draw) = self.reviews.draw(&period) else { continue };
            let words = (draw.policy == policy.digest()).then(|| self.reviews.words(&draw.bounds, policy, draw.at));
            let suspicious = |(index, id, word)| (word == Word::Suspicious).then_some((index, id));
            self.suspicious.push((period, words.map(|words| words.into_iter().filter_map(suspicious).collect())));
        }
    }
}

impl Visitor for Fold {
    fn edge(&mut self, edge: &Edge) -> Result<(), CheckError> {
        self.reviews.begin_at(edge);
        Ok(())
    }

    fn leaf(&mut self, index: u64, peek: &Peek<'_>, bytes: &[u8]) -> Result<(), CheckError> {
        let fault = |why: String| CheckError::Unavailable { what: format!("entry {index}"), why };
        self.last = peek.at;
        self.reviews.leaf(index, *peek, bytes).map_err(|error| fault(error.to_string()))?;
        self.drawn();
        Ok(())
    }
}
