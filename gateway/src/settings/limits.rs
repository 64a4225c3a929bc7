//! How much an institution may ask. This struct is all of it: the configuration, the flags of `institution add`, the
//! register, what command and gateway say to each other, and `institution list` are made of it; the record copies it
//! (`callers/institution.rs`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much an institution may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::Args)]
pub struct Limits {
    /// Requests a second.
    #[arg(long, default_value_t = rate_per_s(), help = "Requests a second 每秒请求数")]
    #[serde(default = "rate_per_s")]
    #[schemars(range(min = 1))]
    pub rate_per_s: u32,
    /// Requests at once.
    #[arg(long, default_value_t = burst(), help = "Requests at once 突发请求数")]
    #[serde(default = "burst")]
    #[schemars(range(min = 1))]
    pub burst: u32,
    /// Different persons a day.
    #[arg(long, default_value_t = distinct_subjects_a_day(), help = "Different persons a day 每日不同信息主体数")]
    #[serde(default = "distinct_subjects_a_day")]
    #[schemars(range(min = 1))]
    pub distinct_subjects_a_day: u32,
    /// Look-ups on one person a day.
    #[arg(long, default_value_t = look_ups_a_person_a_day(), help = "Look-ups on one person a day 每日对同一主体的查询数")]
    #[serde(default = "look_ups_a_person_a_day")]
    #[schemars(range(min = 1))]
    pub look_ups_a_person_a_day: u32,
    /// Look-ups a second by one member of staff (`operator` of the query); left out = as many as the institution's own
    /// rate lets through. Goes together with `operator_burst`.
    #[arg(
        long,
        requires = "operator_burst",
        help = "Look-ups a second by one member of staff; left out = no such limit 单个经办人每秒查询数，省略则不单独限制"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub operator_rate_per_s: Option<u32>,
    /// Look-ups at once by one member of staff.
    #[arg(
        long,
        requires = "operator_rate_per_s",
        help = "Look-ups at once by one member of staff 单个经办人突发查询数"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub operator_burst: Option<u32>,
    /// Look-ups by one member of staff a day; left out = no limit by staff and day.
    #[arg(
        long,
        help = "Look-ups by one member of staff a day; left out = no such limit 单个经办人每日查询数，省略则不限制"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub look_ups_an_operator_a_day: Option<u32>,
}

fn rate_per_s() -> u32 {
    100
}

fn burst() -> u32 {
    200
}

fn distinct_subjects_a_day() -> u32 {
    10_000
}

fn look_ups_a_person_a_day() -> u32 {
    100
}

impl Limits {
    /// What is wrong with them, each with what to write instead.
    #[must_use]
    pub fn faults(&self) -> Vec<&'static str> {
        let mut faults = Vec::new();
        let must = [self.rate_per_s, self.burst, self.distinct_subjects_a_day, self.look_ups_a_person_a_day];
        if must.contains(&0) {
            faults.push("rate_per_s, burst, distinct_subjects_a_day and look_ups_a_person_a_day must be at least 1");
        }
        if self.look_ups_an_operator_a_day == Some(0) {
            faults.push("look_ups_an_operator_a_day must be at least 1; leave it out for no such limit");
        }
        match (self.operator_rate_per_s, self.operator_burst) {
            (None, None) | (Some(1..), Some(1..)) => {}
            (Some(_) | None, Some(_)) | (Some(_), None) => faults.push(
                "operator_rate_per_s and operator_burst go together, each at least 1; leave both out for no limit by staff",
            ),
        }
        faults
    }
}
