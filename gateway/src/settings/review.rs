//! Review of queries.

use std::path::PathBuf;

use credit_audit::review::ReviewPolicy;
use schemars::JsonSchema;
use serde::Deserialize;

/// Which queries are reviewed (R3): the sampling policy. Where two officers are registered they approve it (act `sampling`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Review {
    /// Of a thousand queries so many are drawn, whatever they are.
    #[schemars(range(min = 1, max = 1_000))]
    pub per_mille: u64,
    /// Days after which a review that is not judged is late.
    #[schemars(range(min = 1, max = 365))]
    pub within_days: u64,
    /// Days after a query within which its case is decided, or what was done with the answer is reported. So long after its end
    /// a period is drawn at the earliest.
    #[schemars(range(min = 1, max = 180))]
    pub acted_within_days: u64,
    /// The hour at which work begins, from Monday to Friday.
    #[schemars(range(max = 23))]
    pub from_hour: u8,
    /// The hour at which it ends.
    #[schemars(range(min = 1, max = 24))]
    pub until_hour: u8,
    /// Institutions that work around the clock, by id.
    pub round_the_clock: Vec<String>,
    /// Institutions that work on weekends too, within the same hours, by id.
    pub weekends: Vec<String>,
    /// Institutions whose staff handle a case alone, from its registration to its decision, by id: there a case that was registered
    /// before a query and is decided in time explains it, whoever did both.
    pub one_window: Vec<String>,
    /// Under so many cases one member of staff may not ask about one person without an explanation.
    #[schemars(range(min = 2))]
    pub cases_of_one_person: u64,
    /// So many look-ups of one member of staff a day are the limit; what stays below it by less than a tenth is just below.
    #[schemars(range(min = 10))]
    pub look_ups_a_day: u64,
    /// So many persons without an explanation, of one member of staff within two hours, are a spike.
    #[schemars(range(min = 2))]
    pub persons_at_once: u64,
    /// Whether what is suspicious is put before reviewers as soon as it is, in a period or not; else when its period is drawn.
    pub at_once: bool,
    /// A file with the citizen numbers of persons who are made up, one a line: who asks about one of them is suspicious. It needs
    /// `persons`.
    pub made_up: Option<PathBuf>,
}

impl Default for Review {
    fn default() -> Self {
        let ReviewPolicy {
            per_mille,
            within_days,
            acted_within_days,
            hours: (from_hour, until_hour),
            round_the_clock,
            weekends,
            one_window,
            cases_of_one_person,
            look_ups_a_day,
            persons_at_once,
            at_once,
        } = ReviewPolicy::default();
        Self {
            per_mille,
            within_days,
            acted_within_days,
            from_hour,
            until_hour,
            round_the_clock,
            weekends,
            one_window,
            cases_of_one_person,
            look_ups_a_day,
            persons_at_once,
            at_once,
            made_up: None,
        }
    }
}

impl Review {
    /// What two officers approve.
    #[must_use]
    pub(crate) fn policy(&self) -> ReviewPolicy {
        ReviewPolicy {
            per_mille: self.per_mille,
            within_days: self.within_days,
            acted_within_days: self.acted_within_days,
            hours: (self.from_hour, self.until_hour),
            round_the_clock: self.round_the_clock.clone(),
            weekends: self.weekends.clone(),
            one_window: self.one_window.clone(),
            cases_of_one_person: self.cases_of_one_person,
            look_ups_a_day: self.look_ups_a_day,
            persons_at_once: self.persons_at_once,
            at_once: self.at_once,
        }
    }

    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<String> {
        self.policy().fault().map(|fault| format!("review: {fault}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_out_of_their_ranges_are_refused() {
        assert_eq!(Review::default().fault(), None);
        for wrong in [
            Review { per_mille: 0, ..Review::default() },
            Review { per_mille: 1_001, ..Review::default() },
            Review { within_days: 0, ..Review::default() },
            Review { acted_within_days: 181, ..Review::default() },
            Review { from_hour: 20, until_hour: 20, ..Review::default() },
            Review { until_hour: 25, ..Review::default() },
            Review { cases_of_one_person: 1, ..Review::default() },
            Review { look_ups_a_day: 9, ..Review::default() },
            Review { persons_at_once: 1, ..Review::default() },
        ] {
            assert!(wrong.fault().is_some(), "{wrong:?}");
        }
    }
}
