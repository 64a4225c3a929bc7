//! One case of the queue of reviews: what one member of staff asked in a period, without the name of who it is. Who opens a query sees
//! it; that it was opened is on the record. What the queries have in common is told as far as it tells of no person.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use credit_audit::review::{CaseQuery, ReviewCase, ReviewPolicy};
use hyper::Response;
use jiff::{SignedDuration, Timestamp, civil::Date, tz::Offset};
use serde::{Deserialize, Serialize};

use super::{page::Frame, reviews::unreadable};
use crate::{
    changes::{closes, drawn, is_latest},
    gateway::Gateway,
    index::leaf_at,
    transport::Body,
};

/// Queries whose records are read for a page, at most.
const READ: usize = 300;

/// Within which many queries are many at once.
const AT_ONCE: SignedDuration = SignedDuration::from_hours(2);

/// A case as it is shown.
#[derive(Serialize)]
struct Case {
    case: String,
    period: String,
    queries: Vec<Seen>,
    common: Common,
}

/// A query of it.
#[derive(Serialize)]
struct Seen {
    #[serde(flatten)]
    of: CaseQuery,
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<String>,
    /// Whether it was asked outside of the hours of the policy.
    out_of_hours: bool,
    /// Who asked, once it was opened.
    #[serde(rename = "operator", skip_serializing_if = "Option::is_none")]
    staff: Option<String>,
    /// The number of the case that was named, once it was opened.
    #[serde(rename = "case", skip_serializing_if = "Option::is_none")]
    case_number: Option<String>,
}

/// What the queries have in common.
#[derive(Default, Serialize)]
struct Common {
    #[serde(skip_serializing_if = "Option::is_none")]
    institution: Option<String>,
    /// How many of each scenario.
    scenarios: BTreeMap<String, usize>,
    /// How many outside of the hours of the policy.
    out_of_hours: usize,
    /// The most within two hours.
    at_once: usize,
    /// The most on one day.
    a_day: usize,
}

/// What the record of a query says, beside the person.
#[derive(Default, Deserialize)]
struct Facts {
    institution: Option<String>,
    scenario: Option<String>,
    #[serde(rename = "operator")]
    staff: Option<String>,
    ground: Option<OnGround>,
}

#[derive(Deserialize)]
struct OnGround {
    case: Option<String>,
}

#[derive(Template)]
#[template(path = "officers/review.html")]
struct Page<'a> {
    frame: &'a Frame,
    gateway: &'a Gateway,
    title: &'a str,
    case: &'a Case,
    policy: ReviewPolicy,
}

impl Page<'_> {
    fn officers(&self, ids: &[String]) -> String {
        let named = ids.iter().map(|id| self.frame.institution(self.gateway, id));
        named.collect::<Vec<_>>().join(self.frame.say("、", ", "))
    }

    /// Whether the viewer is one who closes what was judged.
    fn closes(&self, query: &CaseQuery) -> bool {
        query.judged_by.as_deref().is_some_and(|judge| closes(self.gateway, judge, &self.frame.viewer.id))
    }
}

/// The case of this name.
pub(super) async fn show(gateway: &Arc<Gateway>, name: &str, frame: &Frame) -> Response<Body> {
    if !is_latest(gateway).await {
        return unreadable(frame);
    }
    let (shared, name) = (Arc::clone(gateway), name.to_owned());
    let (policy, offset) = (gateway.rules().beside.review.policy(), gateway.catalogue().offset());
    let of = policy.clone();
    let look = move || {
        let found = drawn(&shared, |reviews| reviews.cases().into_iter().find(|case| case.case == name));
        found.map(|case| case.map(|case| seen(&shared, case, (&of, offset))))
    };
    let case = match tokio::task::spawn_blocking(look).await {
        Ok(Ok(Some(case))) => case,
        Ok(Ok(None)) => {
            return frame.not_here("没有这一复核案件", "there is no such case");
        }
        Ok(Err(_)) | Err(_) => return unreadable(frame),
    };
    let title = frame.say("一个复核案件", "One case");
    frame.show(&Page { frame, gateway, title, case: &case, policy }, &case)
}

/// Blocks: reads the records of the queries.
fn seen(gateway: &Gateway, case: ReviewCase, (policy, offset): (&ReviewPolicy, Offset)) -> Case {
    let folder = gateway.log_folder();
    let read = |query: &CaseQuery| -> Facts {
        let leaf = leaf_at(&folder, query.index).ok();
        leaf.and_then(|leaf| serde_json::from_slice(&leaf).ok()).unwrap_or_default()
    };
    let facts: Vec<Facts> = case.queries.iter().take(READ).map(read).collect();
    let institution = facts.iter().find_map(|facts| facts.institution.clone());
    let is_out = |at| policy.is_out_of_hours(institution.as_deref().unwrap_or_default(), at, offset);
    let times: Vec<Timestamp> = case.queries.iter().map(|query| query.at).collect();
    let mut common = Common {
        out_of_hours: times.iter().filter(|at| is_out(**at)).count(),
        at_once: most_at_once(&times),
        a_day: most_a_day(&times, offset),
        ..Common::default()
    };
    for scenario in facts.iter().filter_map(|facts| facts.scenario.clone()) {
        *common.scenarios.entry(scenario).or_default() += 1;
    }
    let mut facts = facts.into_iter();
    let queries = case.queries.into_iter().map(|of| {
        let facts = facts.next().unwrap_or_default();
        let (staff, case_number) = match of.opened {
            true => (facts.staff, facts.ground.and_then(|ground| ground.case)),
            false => (None, None),
        };
        Seen { out_of_hours: is_out(of.at), scenario: facts.scenario, staff, case_number, of }
    });
    let queries = queries.collect();
    common.institution = institution;
    Case { case: case.case, period: case.period, queries, common }
}

/// Of times in their order.
fn most_at_once(times: &[Timestamp]) -> usize {
    let mut first = 0;
    let mut most = 0;
    for (last, at) in times.iter().enumerate() {
        while times.get(first).is_some_and(|begin| at.duration_since(*begin) > AT_ONCE) {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

fn most_a_day(times: &[Timestamp], offset: Offset) -> usize {
    let mut days: BTreeMap<Date, usize> = BTreeMap::new();
    for at in times {
        *days.entry(offset.to_datetime(*at).date()).or_default() += 1;
    }
    days.into_values().max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_counted_within_two_hours_and_by_the_day_where_the_departments_are() {
        let times: Vec<Timestamp> =
            ["2026-11-30T01:00:00Z", "2026-11-30T02:59:59Z", "2026-11-30T03:00:00Z", "2026-11-30T17:00:00Z"]
                .iter()
                .map(|text| text.parse().unwrap())
                .collect();
        assert_eq!((most_at_once(&times), most_at_once(&[])), (3, 0));
        // The last one is of the next day there.
        assert_eq!((most_a_day(&times, Offset::constant(8)), most_a_day(&times, Offset::UTC)), (3, 4));
    }
}
