//! Made-up public-credit histories, relative to the day on which the demo is made.
//!
//! Whoever has a [`Note`] has a history that bears it out for two years from that day under the national rules of 2026
//! (display from the determination: minor up to 3 months, general up to 1 year, serious up to 3 years), with months to
//! spare at both ends; everybody else gets a mixture of everything.

use jiff::{ToSpan, civil::Date};

use super::{note::Note, number::Sequence};

/// The classes of records on which `clean_three_years` rests.
pub(super) const ADVERSE: [&str; 11] = [
    PENALTY,
    "academic-misconduct",
    FRAUD,
    COURT,
    "exam-cheating",
    "safety",
    "social-insurance",
    "student-loan",
    "tax",
    "traffic-violation",
    WAGES,
];
/// The classes of penalties that the law keeps out of answers.
pub(super) const KEPT_OUT: [&str; 3] = ["pending-penalty", "remedied-penalty", "summary-penalty"];
const CARD: &str = "credit-card-performance";
const LOAN: &str = "loan-overdue";
const COURT: &str = "court-judgment";
const ORDER: &str = "consumption-restriction";
const WAGES: &str = "wage-arrears";
const FRAUD: &str = "contract-fraud";
const PENALTY: &str = "administrative-penalty";
/// The classes whose records are shown as long as their effect lasts: how many in a hundred have them, at most how many
/// each, and whether the effect may end.
const IN_FORCE: [(&str, i16, i16, bool); 6] = [
    ("administrative-licence", 25, 2, true),
    ("charity-donation", 25, 4, false),
    ("commendation", 20, 2, false),
    ("credit-commitment", 40, 2, true),
    ("qualification", 50, 3, true),
    ("volunteer-service", 35, 9, false),
];

/// One row of the table `record`.
#[derive(Clone)]
pub(super) struct Record {
    pub(super) class: &'static str,
    pub(super) severity: &'static str,
    pub(super) act: Date,
    pub(super) determined: Date,
    pub(super) sentence_end: Option<Date>,
    pub(super) effect_end: Option<Date>,
    pub(super) repaired: Option<Date>,
    pub(super) repair_revoked: Option<Date>,
    pub(super) disputed: bool,
    pub(super) performed: Option<Date>,
    pub(super) amount: Option<u32>,
}

/// One row of the table `listing`.
pub(super) struct Listing {
    pub(super) list: &'static str,
    pub(super) since: Date,
    pub(super) until: Option<Date>,
    pub(super) disputed: bool,
}

/// All that a store holds about a person, but for the attributes.
#[derive(Default)]
pub(super) struct History {
    pub(super) records: Vec<Record>,
    pub(super) listings: Vec<Listing>,
}

/// Makes histories that end on one day.
pub(super) struct Historian {
    today: Date,
    sequence: Sequence,
}

impl Historian {
    pub(super) fn new(today: Date, sequence: Sequence) -> Self {
        Self { today, sequence }
    }

    /// A history that bears out the note.
    pub(super) fn noted(mut self, note: Note) -> History {
        let mut history = History::default();
        match note {
            Note::Clean | Note::NoFile => {}
            Note::Late => history.records.push(self.counting()),
            Note::Disputed => history.records.push(Record { disputed: true, ..self.counting() }),
            Note::Repaired => history.records.push(self.repaired()),
            Note::Expired => history.records.push(self.expired()),
            Note::BlackListed => {
                history.records.push(Record { class: COURT, ..self.counting() });
                history.listings.push(self.standing("black"));
            }
            Note::GreyListed => history.listings.push(self.standing("grey")),
            Note::RedListed => history.listings.push(self.standing("red")),
            Note::Minor => history.records.push(Record { class: PENALTY, ..self.counting() }),
        }
        history
    }

    /// A history of somebody without a note: for most people none, for the rest whatever a store may hold of an adult.
    pub(super) fn mixed(mut self, born: Date) -> History {
        let mut history = History::default();
        if self.sequence.chance(40) {
            for _ in 0..self.sequence.between(1, 3) {
                let record = self.any_record();
                history.records.push(record);
            }
        }
        for (list, percent) in [("red", 5), ("grey", 4), ("black", 2)] {
            if self.sequence.chance(percent) {
                let listing = self.any_listing(list);
                history.listings.push(listing);
            }
        }
        // Only here: nobody whose note means a clean answer has an overdue card or loan.
        if self.sequence.chance(15) {
            for _ in 0..self.sequence.between(1, 6) {
                let record = self.overdue();
                history.records.push(record);
            }
        }
        history.records.retain(|record| record.act >= adult(born));
        history.listings.retain(|listing| listing.since >= adult(born));
        history
    }

    /// The orders that limit the consumption of who does not perform a judgment: they end with the judgment's performance or
    /// its repair.
    pub(super) fn orders(history: &History) -> Vec<Record> {
        let judgments = history.records.iter().filter(|record| record.class == COURT);
        judgments.map(|judgment| Record { class: ORDER, ..judgment.clone() }).collect()
    }

    /// Licences, honours and commitments: anybody may have them, and none of them speaks against the person.
    pub(super) fn catalogue_history(mut self, born: Date) -> Vec<Record> {
        let mut records = Vec::new();
        for (class, percent, most, ends) in IN_FORCE {
            let count = if self.sequence.chance(percent) { self.sequence.between(1, most) } else { 0 };
            for _ in 0..count {
                let determined = self.days_ago(1, 1_800);
                let end = self.after(determined, 365, 3_650);
                let effect_end = (ends && self.sequence.chance(60)).then_some(end);
                records.push(Record { class, effect_end, ..self.record("minor", determined) });
            }
        }
        records.retain(|record| record.act >= adult(born));
        records
    }

    fn days_ago(&mut self, least: i16, most: i16) -> Date {
        let days = self.sequence.between(least, most);
        self.today.saturating_sub(i64::from(days).days())
    }

    /// A day after `from`, by so many days.
    fn after(&mut self, from: Date, least: i16, most: i16) -> Date {
        let days = self.sequence.between(least, most);
        from.saturating_add(i64::from(days).days())
    }

    fn record(&mut self, severity: &'static str, determined: Date) -> Record {
        let [first, others @ ..] = ADVERSE;
        Record {
            class: self.sequence.pick(first, &others),
            severity,
            act: self.after(determined, -90, -10),
            determined,
            sentence_end: None,
            effect_end: None,
            repaired: None,
            repair_revoked: None,
            disputed: false,
            performed: None,
            amount: None,
        }
    }

    /// Counts for two more years: three years from the determination have at least two and a quarter to go, and even
    /// from the act they have two.
    fn counting(&mut self) -> Record {
        let determined = self.days_ago(20, 160);
        self.record("serious", determined)
    }

    /// Repaired as early as the rules allow (general: 3 months, serious: 1 year), long before it expires.
    fn repaired(&mut self) -> Record {
        let general = self.sequence.chance(50);
        let determined = if general { self.days_ago(150, 240) } else { self.days_ago(420, 600) };
        let severity = if general { "general" } else { "serious" };
        let shortest = if general { 95 } else { 370 };
        Record { repaired: Some(self.after(determined, shortest, shortest + 40)), ..self.record(severity, determined) }
    }

    fn expired(&mut self) -> Record {
        let (severity, least, most) =
            self.sequence.pick(("minor", 130, 900), &[("general", 420, 1500), ("serious", 1150, 2200)]);
        let determined = self.days_ago(least, most);
        let record = self.record(severity, determined);
        // What must be performed is shown for longer, unless it was.
        let performed = [COURT, WAGES].contains(&record.class).then(|| determined.saturating_add(60.days()));
        Record { performed, ..record }
    }

    /// A listing that stands for months on the grey list and for two years on the others.
    fn standing(&mut self, list: &'static str) -> Listing {
        let since = self.days_ago(20, 160);
        Listing {
            list,
            since,
            until: self.sequence.chance(50).then(|| since.saturating_add(3.years())),
            disputed: false,
        }
    }

    fn any_record(&mut self) -> Record {
        let severity = self.sequence.pick("minor", &["minor", "general", "general", "serious"]);
        let determined = self.days_ago(1, 2_200);
        let mut record = self.record(severity, determined);
        let served = self.after(determined, 60, 900);
        if record.class == FRAUD {
            record.sentence_end = self.sequence.chance(60).then_some(served);
        } else {
            record.effect_end = self.sequence.chance(30).then_some(served);
        }
        let kept_out = usize::from(determined.day().unsigned_abs() % 10).checked_sub(1);
        if let Some(class) = kept_out.and_then(|at| KEPT_OUT.get(at).copied()).filter(|_| record.class == PENALTY) {
            record.class = class;
        }
        let repaired = self.after(determined, 95, 500);
        if repaired <= self.today && self.sequence.chance(30) {
            record.repaired = Some(repaired);
            let revoked = self.after(repaired, 10, 90);
            record.repair_revoked = (revoked <= self.today && self.sequence.chance(20)).then_some(revoked);
        }
        record.performed = record.repaired.filter(|_| [COURT, WAGES].contains(&record.class));
        record.disputed = self.sequence.chance(8);
        record
    }

    fn overdue(&mut self) -> Record {
        let determined = self.days_ago(1, 2_200);
        let class = if determined.day() % 3 == 0 { LOAN } else { CARD };
        let repaid = determined.saturating_add(60.days());
        Record {
            class,
            disputed: self.sequence.chance(8),
            performed: (determined.day() % 2 == 0 && repaid <= self.today).then_some(repaid),
            amount: Some(650 * u32::from(determined.day().unsigned_abs())),
            ..self.record("general", determined)
        }
    }

    fn any_listing(&mut self, list: &'static str) -> Listing {
        let since = self.days_ago(1, 1_500);
        let until = self.after(since, 180, 1_500);
        Listing { list, since, until: self.sequence.chance(60).then_some(until), disputed: self.sequence.chance(8) }
    }
}

fn adult(born: Date) -> Date {
    born.saturating_add(18.years())
}
