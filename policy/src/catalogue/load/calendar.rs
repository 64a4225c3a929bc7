//! Loading calendars: the working days of the years for which the holidays are known.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::Loader;
use crate::catalogue::Calendar;
use crate::catalogue::calendar::{is_weekend, may_be_of_the_next_year};
use crate::catalogue::fault::File;
use crate::catalogue::rows::{CalendarRow, YearRow};
use crate::names::RuleId;

/// In days.
const LONGEST_HOLIDAY: i32 = 15;

impl Loader {
    /// Every calendar, by name.
    pub(super) fn calendars(&mut self, files: &[File<'_, CalendarRow>]) -> BTreeMap<String, Calendar> {
        let mut calendars = BTreeMap::new();
        for file in files {
            let (name, at) = (file.row.calendar.get_ref(), file.row.calendar.span());
            self.named_as_file(file, at.clone(), name);
            match RuleId::parse(&format!("calendar/{name}")) {
                Ok(rule) => drop(self.rules.insert(rule, file.row.legal_source())),
                Err(error) => self.fault(file, at, error.to_string()),
            }
            let mut calendar = Calendar::default();
            for year in &file.row.year {
                self.holidays(file, year, &mut calendar);
            }
            for year in &file.row.year {
                self.made_up(file, year, &mut calendar);
            }
            self.no_year_is_left_out(file, &calendar);
            calendars.insert(name.clone(), calendar);
        }
        calendars
    }

    fn holidays(&mut self, file: &File<'_, CalendarRow>, row: &YearRow, calendar: &mut Calendar) {
        let year = *row.year.get_ref();
        if !calendar.years.insert(year) {
            self.fault(file, row.year.span(), format!("year {year} stands twice: leave one"));
        }
        for holiday in &row.holidays {
            let (from, to) = (holiday.get_ref().from, holiday.get_ref().to);
            if from > to || !is_of(from, year) || to.year() != year {
                self.fault(file, holiday.span(), format!("`{from}` to `{to}` is no holiday of {year}"));
                continue;
            }
            if (to - from).get_days() >= LONGEST_HOLIDAY {
                let message = format!("`{from}` to `{to}` is longer than any holiday of {year}: check its days");
                self.fault(file, holiday.span(), message);
            }
            for day in from.series(jiff::Span::new().days(1)).take_while(|day| *day <= to) {
                if !calendar.holidays.insert(day) {
                    self.fault(file, holiday.span(), format!("`{day}` is a holiday already: leave one"));
                }
            }
        }
    }

    fn no_year_is_left_out(&mut self, file: &File<'_, CalendarRow>, calendar: &Calendar) {
        let mut last: Option<i16> = None;
        for year in &calendar.years {
            if let Some(missing) = last.and_then(|last| last.checked_add(1)).filter(|next| next < year) {
                let row = file.row.year.iter().find(|row| row.year.get_ref() == year);
                let at = row.map_or(0..0, |row| row.year.span());
                self.fault(file, at, format!("year {missing} is left out before it: add its notice"));
            }
            last = Some(*year);
        }
    }

    fn made_up(&mut self, file: &File<'_, CalendarRow>, row: &YearRow, calendar: &mut Calendar) {
        let year = *row.year.get_ref();
        for made_up in &row.made_up {
            let day = *made_up.get_ref();
            if !is_of(day, year) || !is_weekend(day) || calendar.holidays.contains(&day) {
                let message = format!("`{day}` is no weekend day of {year} that could be worked: check the notice");
                self.fault(file, made_up.span(), message);
            }
            if !calendar.made_up.insert(day) {
                self.fault(file, made_up.span(), format!("`{day}` stands twice: leave one"));
            }
        }
    }
}

/// Whether the notice for that year may speak of the day: one in it, or one of the last of the December before.
fn is_of(day: Date, year: i16) -> bool {
    day.year() == year || day.year().checked_add(1) == Some(year) && may_be_of_the_next_year(day)
}
