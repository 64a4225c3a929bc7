//! Working days, against the two packages that others count them by.

use credit_policy::{Catalogue, catalogue::shipped};
use credit_tests::{command_reading, tools::python};
use jiff::civil::date;

#[test]
fn two_packages_know_the_same_working_days() {
    const DAYS: &str = "
import chinese_calendar, datetime, holidays
china = holidays.country_holidays('CN', years=range(2024, 2027))
day = datetime.date(2024, 1, 1)
while day <= datetime.date(2026, 12, 28):
    print(day, chinese_calendar.is_workday(day), china.is_working_day(day))
    day += datetime.timedelta(1)";
    let said = command_reading(python(), &["-c", DAYS], "").held();
    let ours = Catalogue::load(&shipped()).unwrap();
    let mut day = date(2024, 1, 1);
    for line in said.lines() {
        let working = ours.is_working_day(day).map(|is_working| if is_working { "True" } else { "False" }).unwrap();
        assert_eq!(line, format!("{day} {working} {working}"));
        day = day.tomorrow().unwrap();
    }
    assert_eq!(ours.is_working_day(day), None, "{day}");
}
