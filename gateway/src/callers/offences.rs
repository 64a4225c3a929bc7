//! The alarm rule (R15): who is refused again and again for asking what nobody of theirs may ask is suspended.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use credit_policy::Code;

use super::suspension::Part;
use crate::settings::SuspendAfter;

/// Refusals that honest work meets seldom: what was asked is nobody's to ask, or its ground was another's.
const OFFENCES: [Code; 11] = [
    Code::ScenarioNotAllowed,
    Code::FieldNotAllowed,
    Code::ConsentInvalid,
    Code::ConsentWrongInstitution,
    Code::ConsentWrongScenario,
    Code::ConsentWrongSubject,
    Code::ConsentExceedsBound,
    Code::StatuteForbids,
    Code::SubjectMinor,
    Code::CaseAlreadyUsed,
    Code::DistinctSubjectsExceeded,
];

/// So many members of staff are counted apart: names are the caller's own, and each takes room.
const STAFF: usize = 1_000;

/// Such refusals of one institution, as long as they count.
#[derive(Debug, Default)]
pub(crate) struct Offences(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    whole: VecDeque<Duration>,
    staff: HashMap<String, VecDeque<Duration>>,
    due: Vec<Part>,
}

impl Offences {
    /// Counts a refusal, at a time of the monotonic clock.
    pub(crate) fn count(&self, rule: &SuspendAfter, code: Code, staff: Option<&str>, now: Duration) {
        if (rule.staff_refusals, rule.institution_refusals) == (None, None) || !OFFENCES.contains(&code) {
            return;
        }
        let since = now.saturating_sub(Duration::from_secs(rule.within_s));
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Counted { whole, staff: each, due } = &mut *counted;
        if let Some(most) = rule.institution_refusals
            && is_reached(whole, most, since, now)
        {
            due.push(Part::Whole);
        }
        let (Some(most), Some(staff)) = (rule.staff_refusals, staff) else { return };
        if each.len() >= STAFF && !each.contains_key(staff) {
            each.retain(|_, times| times.back().is_some_and(|last| *last >= since));
            if each.len() >= STAFF {
                // So many names are no staff.
                due.push(Part::Whole);
                each.clear();
            }
        }
        if is_reached(each.entry(staff.to_owned()).or_default(), most, since, now) {
            each.remove(staff);
            due.push(Part::Staff(staff.to_owned()));
        }
    }

    /// What is to be suspended now, each once.
    pub(crate) fn take_due(&self) -> Vec<Part> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).due)
    }
}

/// Counts one more. Whether that makes `most` of them since then: they count no more after that.
fn is_reached(times: &mut VecDeque<Duration>, most: u32, since: Duration, now: Duration) -> bool {
    while times.front().is_some_and(|first| *first < since) {
        times.pop_front();
    }
    times.push_back(now);
    let is_reached = u32::try_from(times.len()).is_ok_and(|count| count >= most);
    if is_reached {
        times.clear();
    }
    is_reached
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: SuspendAfter = SuspendAfter { staff_refusals: Some(3), institution_refusals: Some(5), within_s: 60 };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_000 + seconds)
    }

    #[test]
    fn honest_faults_and_old_ones_suspend_nobody() {
        let offences = Offences::default();
        for second in 0..50 {
            offences.count(&RULE, Code::MalformedRequest, Some("s-1"), at(second));
            offences.count(&RULE, Code::ConsentExpired, Some("s-1"), at(second));
        }
        for second in [0, 40, 80, 120, 160, 200, 240, 280] {
            offences.count(&RULE, Code::ConsentWrongSubject, Some("s-1"), at(second));
        }
        assert_eq!(offences.take_due(), []);
    }

    #[test]
    fn the_third_of_one_suspends_that_one_and_the_fifth_of_all_the_institution() {
        let offences = Offences::default();
        for (second, staff) in [(0, "s-1"), (1, "s-2"), (2, "s-1"), (3, "s-1")] {
            offences.count(&RULE, Code::ConsentWrongSubject, Some(staff), at(second));
        }
        assert_eq!(offences.take_due(), [Part::Staff("s-1".to_owned())]);
        offences.count(&RULE, Code::SubjectMinor, Some("s-3"), at(4));
        assert_eq!((offences.take_due(), offences.take_due()), (vec![Part::Whole], Vec::new()));
    }

    #[test]
    fn whoever_makes_up_names_is_suspended_as_a_whole() {
        let offences = Offences::default();
        let rule = SuspendAfter { institution_refusals: None, ..RULE };
        for nr in 0..=STAFF {
            offences.count(&rule, Code::ScenarioNotAllowed, Some(&format!("s-{nr}")), at(1));
        }
        assert_eq!(offences.take_due(), [Part::Whole]);
    }
}
