//! Fifty departments, their hours and their staff: who is at work when.

use super::super::work::{DAY, DEPARTMENTS, DESKS, HOUR, ROUND_THE_CLOCK, Random};

/// Seconds of a minute.
pub(super) const MINUTE: i64 = 60;
/// Days in which look-ups are made.
pub(super) const DAYS: i64 = 30;
/// The first of two who approve.
pub(super) const HEAD: u64 = 30;

/// When a department is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hours {
    /// Four crews: two early shifts, two late ones, two nights, two days off.
    Shifts,
    /// A public service hall: open through lunch, and on Saturday mornings with a third of the staff, who have the Tuesday off.
    Hall,
    /// Monday to Friday, closed at lunch but for one on duty; on weekends one has duty.
    Bureau,
}

/// Days on which somebody is on leave; the last is the first day back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leave {
    pub(super) staff: u64,
    pub(super) from: i64,
    pub(super) until: i64,
}

/// A department and its habits.
pub(super) struct Department {
    pub(super) number: u64,
    pub(super) hours: Hours,
    desks: u64,
    clerks: u64,
    /// Its share of all work.
    pub(super) weight: u64,
    /// Seconds after midnight.
    pub(super) opens: i64,
    pub(super) noon: i64,
    pub(super) afternoon: i64,
    pub(super) closes: i64,
    /// Whoever sits at the window registers, asks, and mostly decides.
    pub(super) one_window: bool,
    pub(super) days_to_decide: i64,
    /// Of a thousand decisions, those by who asked.
    pub(super) decides_alone: u64,
    /// Of a thousand cases, those about a household.
    pub(super) households: u64,
    /// A clerk who is new, and since which day.
    pub(super) newcomer: Option<(u64, i64)>,
    /// The day on which all work through what was left.
    pub(super) campaign: Option<i64>,
    /// When its own system does not run, so that cases are registered afterwards.
    pub(super) outage: Option<(i64, i64)>,
    pub(super) leaves: Vec<Leave>,
}

impl Department {
    /// Those who register cases.
    pub(super) fn desks(&self) -> std::ops::Range<u64> {
        if self.one_window { self.clerks() } else { 0..self.desks }
    }

    /// Those who ask.
    pub(super) fn clerks(&self) -> std::ops::Range<u64> {
        DESKS..DESKS + self.clerks
    }

    fn is_on_leave(&self, staff: u64, day: i64) -> bool {
        self.leaves.iter().any(|leave| leave.staff == staff && (leave.from..leave.until).contains(&day))
    }

    /// Whether somebody began within the last two weeks.
    pub(super) fn is_new(&self, staff: u64, at: i64) -> bool {
        self.newcomer.is_some_and(|(who, first)| who == staff && at < (first + 14) * DAY)
    }
}

/// Who is at work when.
pub(super) struct Roster {
    seed: u64,
    /// The weekday of the first day, from Sunday on.
    first_day: i64,
    pub(super) departments: Vec<Department>,
}

impl Roster {
    /// Departments with as many staff as so many queries need.
    pub(super) fn new(seed: u64, first_day: i64, queries: u64) -> Self {
        let mut random = Random(seed ^ 0x0ff1_ce00);
        let weights: Vec<u64> = (0..DEPARTMENTS)
            .map(|_| [30, 60, 60, 100, 100, 100, 150, 200, 300][usize::try_from(random.below(9)).unwrap()])
            .collect();
        let total: u64 = weights.iter().sum();
        let mut roster = Self { seed, first_day, departments: Vec::new() };
        for (number, weight) in (0..).zip(weights) {
            let department = roster.department(&mut random, number, weight, queries * weight / total);
            roster.departments.push(department);
        }
        roster
    }

    fn department(&self, random: &mut Random, number: u64, weight: u64, queries: u64) -> Department {
        let hours = match number {
            0..ROUND_THE_CLOCK => Hours::Shifts,
            _ if random.per_mille(350) => Hours::Hall,
            _ => Hours::Bureau,
        };
        let least = if hours == Hours::Shifts { 4 } else { 2 };
        let clerks = (queries / 250).clamp(least, 16);
        let desks = if hours == Hours::Shifts { 4 } else { (queries / 600).clamp(1, DESKS) };
        let newcomer = random.per_mille(200).then(|| (DESKS + clerks - 1, random.between(2, 20)));
        let campaign = random.per_mille(120).then(|| self.working_day(random, 4, 26));
        let outage = random.per_mille(80).then(|| {
            let from = self.working_day(random, 2, 27) * DAY + random.between(9, 13) * HOUR;
            (from, from + random.between(2, 6) * HOUR)
        });
        let afternoon = [13 * HOUR, 13 * HOUR + 30 * MINUTE, 14 * HOUR][usize::try_from(random.below(3)).unwrap()];
        let mut department = Department {
            number,
            hours,
            desks,
            clerks,
            weight,
            opens: 8 * HOUR + 30 * MINUTE * random.between(0, 2),
            noon: if random.per_mille(300) { 11 * HOUR + 30 * MINUTE } else { 12 * HOUR },
            afternoon,
            closes: 17 * HOUR + 30 * MINUTE * random.between(0, 1),
            one_window: hours != Hours::Shifts && random.per_mille(130),
            days_to_decide: random.between(1, 15),
            decides_alone: random.below(250),
            households: random.below(160),
            newcomer,
            campaign,
            outage,
            leaves: Vec::new(),
        };
        // One clerk is away for a week or two in any case, others as it comes.
        let others = random.below(1 + (clerks + desks) / 3);
        for nr in 0..=others {
            let desk = nr > 0 && random.per_mille(250);
            let staff = if desk { random.below(desks) } else { DESKS + random.below(clerks) };
            let from = random.between(1, 20);
            department.leaves.push(Leave { staff, from, until: from + random.between(if nr > 0 { 1 } else { 7 }, 13) });
        }
        department
    }

    /// A day from Monday to Friday, near one between two.
    fn working_day(&self, random: &mut Random, least: i64, most: i64) -> i64 {
        let day = random.between(least, most);
        match self.weekday(day) {
            0 => day + 1,
            6 => day - 1,
            _ => day,
        }
    }

    /// The weekday of a day, from Sunday on.
    pub(super) fn weekday(&self, day: i64) -> i64 {
        (self.first_day + day).rem_euclid(7)
    }

    /// What is drawn for somebody and a day.
    fn drawn(&self, of: &Department, staff: u64, day: i64) -> Random {
        Random(self.seed ^ (of.number << 40 | staff << 20 | day.rem_euclid(1 << 16).unsigned_abs()))
    }

    /// How busy a department is on a day, of a thousand.
    pub(super) fn busy(&self, of: &Department, day: i64) -> u64 {
        let usual = match (of.hours, self.weekday(day)) {
            (Hours::Shifts, 0 | 6) => 150,
            (Hours::Hall, 0) => 0,
            (Hours::Hall, 6) => 60,
            (Hours::Bureau, 0 | 6) => 3,
            (_, 1) => 250,
            (_, 5) => 170,
            _ => 200,
        };
        let month_end = if (26..DAYS).contains(&day) { 125 } else { 100 };
        let campaign = if of.campaign == Some(day) { 3 } else { 1 };
        // Slow days and busy ones.
        usual * (70 + self.drawn(of, 99, day).below(70)) * month_end * campaign / 10_000
    }

    /// From when to when somebody works on a day.
    pub(super) fn shift(&self, of: &Department, staff: u64, day: i64) -> Option<(i64, i64)> {
        let mut drawn = self.drawn(of, staff, day);
        let is_away = of.is_on_leave(staff, day) || of.newcomer.is_some_and(|(who, first)| who == staff && day < first);
        // Ill, at a course, or out.
        if is_away || drawn.per_mille(20) {
            return None;
        }
        let crew = i64::try_from(staff).unwrap();
        let has_saturday = |day: i64| (crew + day.div_euclid(7)).rem_euclid(3) == 0;
        let (from, until) = match (of.hours, self.weekday(day)) {
            (Hours::Shifts, _) if staff < HEAD => match (day + 2 * crew).rem_euclid(8) {
                0 | 1 => (8 * HOUR, 16 * HOUR),
                2 | 3 => (16 * HOUR, DAY),
                4 | 5 => (0, 8 * HOUR),
                _ => return None,
            },
            (Hours::Hall, 6) if has_saturday(day) => (9 * HOUR, 12 * HOUR),
            (Hours::Hall, 2) if staff < HEAD && has_saturday(day - 3) => return None,
            (Hours::Bureau, 0 | 6) if staff == DESKS + day.unsigned_abs() * 5 % of.clerks => (9 * HOUR, 16 * HOUR),
            (_, 0 | 6) => return None,
            // Some come a little earlier, some later.
            _ => (of.opens + drawn.between(-10, 15) * MINUTE, of.closes + drawn.between(-5, 20) * MINUTE),
        };
        Some((day * DAY + from, day * DAY + until))
    }

    /// When somebody is at lunch on a day.
    pub(super) fn lunch(&self, of: &Department, staff: u64, day: i64) -> Option<(i64, i64)> {
        let (from, until) = match of.hours {
            Hours::Shifts => return None,
            Hours::Hall if staff.is_multiple_of(2) => (11 * HOUR + 30 * MINUTE, 12 * HOUR + 30 * MINUTE),
            Hours::Hall => (12 * HOUR + 30 * MINUTE, 13 * HOUR + 30 * MINUTE),
            Hours::Bureau if staff == DESKS + day.unsigned_abs() % of.clerks => return None,
            Hours::Bureau => (of.noon, of.afternoon),
        };
        Some((day * DAY + from, day * DAY + until))
    }

    pub(super) fn is_at_work(&self, of: &Department, staff: u64, at: i64) -> bool {
        self.next(of, staff, at) == Some(at)
    }

    /// When somebody is at work next.
    pub(super) fn next(&self, of: &Department, staff: u64, at: i64) -> Option<i64> {
        let today = at.div_euclid(DAY);
        (today..today + 26).find_map(|day| {
            let (from, until) = self.shift(of, staff, day)?;
            let start = at.max(from);
            let start = match self.lunch(of, staff, day) {
                Some((begin, end)) if (begin..end).contains(&start) => end,
                _ => start,
            };
            (start < until).then_some(start)
        })
    }

    /// Whether somebody at the desk could have registered a case.
    pub(super) fn has_desk(&self, of: &Department, at: i64) -> bool {
        of.desks().any(|desk| self.is_at_work(of, desk, at))
    }

    /// The days of the month on which somebody works.
    pub(super) fn days(&self, of: &Department, staff: u64) -> Vec<i64> {
        (0..DAYS).filter(|day| self.shift(of, staff, *day).is_some()).collect()
    }
}
