//! What is reviewed, as data: two officers approve it.

use jiff::{Timestamp, civil::Weekday, tz::Offset};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// How queries are drawn, and from where on one is suspicious.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewPolicy {
    /// Of a thousand queries so many are drawn, whatever they are; 1 to 1,000.
    pub per_mille: u64,
    /// Days after which a review that is not judged is late; 1 to 365.
    pub within_days: u64,
    /// Days after a query within which its case is decided, or what was done with the answer is reported; 1 to 180. So long after
    /// the end of a period it is drawn at the earliest.
    pub acted_within_days: u64,
    /// The hour at which work begins, and the one at which it ends, from Monday to Friday.
    pub hours: (u8, u8),
    /// Institutions that work around the clock.
    #[serde(default)]
    pub round_the_clock: Vec<String>,
    /// Institutions that work on weekends too, within the same hours. Not in the line that is approved where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weekends: Vec<String>,
    /// Institutions whose staff handle a case alone, from its registration to its decision. Not in the line that is approved where
    /// there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_window: Vec<String>,
    /// Under so many cases one member of staff asks about one person; 2 or more.
    pub cases_of_one_person: u64,
    /// So many look-ups of one member of staff a day are the limit: what stays below it by less than a tenth is just below.
    pub look_ups_a_day: u64,
    /// So many distinct persons without an explanation, of one member of staff within two hours, are a spike.
    pub persons_at_once: u64,
    /// Whether what is suspicious is put before reviewers as soon as it is; else when its period is drawn.
    #[serde(default = "yes")]
    pub at_once: bool,
}

impl ReviewPolicy {
    /// What is wrong with it.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let faults = [
            (!(1..=1_000).contains(&self.per_mille), "per_mille must be 1 to 1000"),
            (!(1..=365).contains(&self.within_days), "within_days must be 1 to 365"),
            (!(1..=180).contains(&self.acted_within_days), "acted_within_days must be 1 to 180"),
            (
                self.hours.0 >= self.hours.1 || self.hours.1 > 24,
                "hours must be two hours of a day, the earlier one first",
            ),
            (self.cases_of_one_person < 2, "cases_of_one_person must be 2 or more"),
            (self.look_ups_a_day < 10, "look_ups_a_day must be 10 or more"),
            (self.persons_at_once < 2, "persons_at_once must be 2 or more"),
        ];
        faults.into_iter().find(|(is_so, _)| *is_so).map(|(_, fault)| fault)
    }

    /// Whether this institution's staff are not at work then, where its days have this offset from UTC.
    #[must_use]
    pub fn is_out_of_hours(&self, institution: &str, at: Timestamp, offset: Offset) -> bool {
        let has = |all: &[String]| all.iter().any(|one| one == institution);
        let local = offset.to_datetime(at);
        let hour = u8::try_from(local.hour()).unwrap_or_default();
        let is_weekend = matches!(local.weekday(), Weekday::Saturday | Weekday::Sunday);
        let is_at_work = (!is_weekend || has(&self.weekends)) && (self.hours.0..self.hours.1).contains(&hour);
        !is_at_work && !has(&self.round_the_clock)
    }

    /// SHA-256 over the line `credit/sampling` and the policy as one line of JSON: what two officers approve.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let json = serde_json::to_string(self).unwrap_or_default();
        let mut made = [0; 32];
        made.copy_from_slice(digest(&SHA256, format!("credit/sampling\n{json}\n").as_bytes()).as_ref());
        made
    }
}

impl Default for ReviewPolicy {
    fn default() -> Self {
        Self {
            per_mille: 20,
            within_days: 14,
            acted_within_days: 20,
            hours: (7, 20),
            round_the_clock: Vec::new(),
            weekends: Vec::new(),
            one_window: Vec::new(),
            cases_of_one_person: 3,
            look_ups_a_day: 60,
            persons_at_once: 20,
            at_once: true,
        }
    }
}

fn yes() -> bool {
    true
}
