//! Loading rule packs: the clocks and deadlines of a jurisdiction, by the day on which they hold.
//!
//! A pack that holds from a day on names the one that held before, which may do the same, so that every day has one
//! version and none has two. Its default has versions too: the law of a day is that of both on that day.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use toml::Spanned;

use super::Loader;
use crate::catalogue::Calendar;
use crate::catalogue::calendar::{Deadline, Length};
use crate::catalogue::clocks::Clocks;
use crate::catalogue::dated::Dated;
use crate::catalogue::fault::File;
use crate::catalogue::rows::{CatalogueRow, ClassRow, PackRow};
use crate::consent::Period;
use crate::names::RuleId;

/// No deadline is longer, in days.
const A_YEAR: u16 = 366;

type Pack<'f, 'a> = &'f File<'a, PackRow>;

impl Loader {
    /// Checks every pack, and takes the clocks, deadlines and working days of the one in force.
    pub(super) fn packs(
        &mut self,
        catalogue: &File<'_, CatalogueRow>,
        files: &[File<'_, PackRow>],
        classes: &[File<'_, ClassRow>],
        calendars: &BTreeMap<String, Calendar>,
    ) {
        let chosen = &catalogue.row.pack;
        for file in files {
            let (name, at) = (file.row.pack.get_ref(), file.row.pack.span());
            self.named_as_file(file, at.clone(), name);
            match RuleId::parse(&format!("pack/{name}")) {
                Ok(rule) => drop(self.rules.insert(rule, file.row.legal_source())),
                Err(error) => self.fault(file, at, error.to_string()),
            }
            self.ends_in_time(file, catalogue);
            self.follows_one(file, files);
            self.default_stands_by_itself(file, files);
            self.keeps_as_long_as_its_default(file, files);
            let calendar = self.calendar_of(file, files, calendars);
            if name == chosen.get_ref() {
                self.clocks = clocks_of(file, files);
                self.calendar = calendar;
                self.retention = retention_of(file, files);
                self.jurisdiction(catalogue, file);
            }
        }
        self.every_class_has_its_clock(files, classes);
        if !files.iter().any(|file| file.row.pack.get_ref() == chosen.get_ref()) {
            let message = format!("no rule pack `{0}`: add packs/{0}.toml or name another", chosen.get_ref());
            self.fault(catalogue, chosen.span(), message);
        }
    }

    /// Nothing is displayed for longer than the catalogue lets any clock display it.
    fn ends_in_time(&mut self, file: Pack<'_, '_>, catalogue: &File<'_, CatalogueRow>) {
        let most = catalogue.row.ceilings.display.0;
        for (name, clock) in &file.row.clock {
            if let Some(longest) = clock.longest().filter(|own| own.is_longer_than(most)) {
                let message = format!(
                    "clock `{name}` displays for {longest}, longer than `ceilings.display` of {most}: shorten it"
                );
                self.fault(file, file.place_of(&format!("[clock.{name}]")), message);
            }
        }
    }

    /// A pack that holds from a day on follows one of the same jurisdiction that held before, and no day is left out.
    fn follows_one(&mut self, file: Pack<'_, '_>, files: &[File<'_, PackRow>]) {
        let (from, before) = match (&file.row.from, &file.row.before) {
            (None, None) => return,
            (Some(from), None) => {
                let message = "what held before that day? name that pack in `before`, or leave `from` out";
                return self.fault(file, from.span(), message);
            }
            (None, Some(before)) => {
                return self.fault(file, before.span(), "from which day on does this pack hold? say it in `from`");
            }
            (Some(from), Some(before)) => (from, before),
        };
        let Some(earlier) = named(before, files) else {
            let message = format!("no rule pack `{0}`: add packs/{0}.toml or name another", before.get_ref());
            return self.fault(file, before.span(), message);
        };
        if earlier.row.jurisdiction.as_str() != file.row.jurisdiction.as_str() {
            let message = format!("`{}` is the law of another jurisdiction: name one of this", before.get_ref());
            self.fault(file, before.span(), message);
        }
        if earlier.row.from.as_ref().is_some_and(|earlier| earlier.get_ref() >= from.get_ref()) {
            let message =
                format!("`{}` holds from that day on or later: two packs would hold on one day", before.get_ref());
            self.fault(file, from.span(), message);
        }
    }

    fn default_stands_by_itself(&mut self, file: Pack<'_, '_>, files: &[File<'_, PackRow>]) {
        let Some(written) = &file.row.default else { return };
        if named(written, files).is_none_or(|default| default.row.default.is_some()) {
            let message = format!("`{}` is no pack that stands by itself: check its name", written.get_ref());
            self.fault(file, written.span(), message);
        }
    }

    /// The law of a place may want records for longer than that of the country, and not for a shorter time.
    fn keeps_as_long_as_its_default(&mut self, file: Pack<'_, '_>, files: &[File<'_, PackRow>]) {
        let Some(own) = &file.row.retention else { return };
        let default = file.row.default.as_ref().and_then(|default| named(default, files));
        let Some(least) = default.and_then(|default| retention_of(default, files)) else { return };
        if least.is_longer_than(own.get_ref().0) {
            let message =
                format!("`retention` of {} is shorter than {least}, which its default wants", own.get_ref().0);
            self.fault(file, own.span(), message);
        }
    }

    /// The calendar that a pack names, with the deadlines of its versions.
    fn calendar_of(
        &mut self,
        file: Pack<'_, '_>,
        files: &[File<'_, PackRow>],
        calendars: &BTreeMap<String, Calendar>,
    ) -> Calendar {
        let written = &file.row.calendar;
        let mut calendar = calendars.get(written.get_ref()).cloned().unwrap_or_else(|| {
            self.fault(file, written.span(), format!("no calendar `{0}`: add calendars/{0}.toml", written.get_ref()));
            Calendar::default()
        });
        for (deadline, row) in &file.row.deadline {
            if length(row.get_ref().working_days, row.get_ref().days).is_none() {
                let message = format!("deadline `{deadline}` needs `working_days` or `days`, one of the two");
                self.fault(file, row.span(), message);
            }
            if row.get_ref().working_days.max(row.get_ref().days) > Some(A_YEAR) {
                self.fault(file, row.span(), format!("deadline `{deadline}` is longer than a year: check it"));
            }
        }
        let mut versions = versions(file, files).into_iter().rev();
        calendar.deadlines = Dated::always(versions.next().map(deadlines).unwrap_or_default());
        for version in versions {
            if let Some(from) = &version.row.from {
                calendar.deadlines.then(*from.get_ref(), deadlines(version));
            }
        }
        calendar
    }

    /// Every class has its clock whichever pack is in force, on every day, its own or its default's.
    fn every_class_has_its_clock(&mut self, files: &[File<'_, PackRow>], classes: &[File<'_, ClassRow>]) {
        for file in files {
            let clocks = clocks_of(file, files);
            for class in classes {
                let Some(written) = &class.row.clock else { continue };
                let somewhere = files.iter().any(|other| other.row.clock.contains_key(written.get_ref()));
                if somewhere && clocks.of(class.row.class.get_ref(), written.get_ref()).is_none() {
                    let message = format!("no clock `{}`, which another pack has: add it", written.get_ref());
                    let fault = file.fault(file.row.pack.span(), message);
                    if !self.faults.contains(&fault) {
                        self.faults.push(fault);
                    }
                }
            }
            for (class, clock) in &file.row.class {
                let row = classes.iter().find(|row| row.row.class.get_ref() == class);
                if row.is_none_or(|row| row.row.clock.is_none() && row.row.list.is_none()) {
                    let message = format!("`{class}` is no class of the data list that has a clock: check its name");
                    self.fault(file, clock.span(), message);
                }
                if !clocks.names().contains(&clock.get_ref().as_str()) {
                    let message = format!("no clock `{}` in this pack or its default: add it", clock.get_ref());
                    self.fault(file, clock.span(), message);
                }
            }
        }
    }

    /// A pack is valid in its jurisdiction and in those within it: `CN` in `CN-GD`, `CN-SD` not.
    fn jurisdiction(&mut self, catalogue: &File<'_, CatalogueRow>, pack: Pack<'_, '_>) {
        let (here, there) = (catalogue.row.jurisdiction.as_str(), pack.row.jurisdiction.as_str());
        let within = here.strip_prefix(there).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        if !within {
            let message = format!("the pack is the law of `{there}`, and the jurisdiction is `{here}`: take its own");
            self.fault(catalogue, catalogue.row.pack.span(), message);
        }
    }
}

fn named<'f, 'a>(name: &Spanned<String>, files: &'f [File<'a, PackRow>]) -> Option<Pack<'f, 'a>> {
    files.iter().find(|file| file.row.pack.get_ref() == name.get_ref())
}

/// A pack and those that held before it, the newest first; where two would hold on one day, which is a fault, it ends.
fn versions<'f, 'a>(newest: Pack<'f, 'a>, files: &'f [File<'a, PackRow>]) -> Vec<Pack<'f, 'a>> {
    let mut all = vec![newest];
    let from = |file: Pack<'_, '_>| file.row.from.as_ref().map(|from| *from.get_ref());
    let mut last = newest;
    while let Some(before) = last.row.before.as_ref().and_then(|before| named(before, files))
        && from(last) > from(before)
    {
        all.push(before);
        last = before;
    }
    all
}

/// The version that holds on a day; the earliest has always held.
fn version_on<'f, 'a>(versions: &[Pack<'f, 'a>], day: Date) -> Option<Pack<'f, 'a>> {
    let holds = |file: &&Pack<'f, 'a>| file.row.from.as_ref().is_none_or(|from| *from.get_ref() <= day);
    versions.iter().find(holds).or(versions.last()).copied()
}

/// The clocks of a pack by the day: on each those of its default's version, and over them those of its own.
fn clocks_of(newest: Pack<'_, '_>, files: &[File<'_, PackRow>]) -> Dated<Clocks> {
    let own = versions(newest, files);
    let default_of = |file: Pack<'_, '_>| file.row.default.as_ref().and_then(|default| named(default, files));
    let defaults = own.iter().filter_map(|file| default_of(file)).flat_map(|default| versions(default, files));
    let days: BTreeSet<Date> =
        own.iter().copied().chain(defaults).filter_map(|file| Some(*file.row.from.as_ref()?.get_ref())).collect();
    let on = |day| {
        let mut clocks = Clocks::default();
        if let Some(version) = version_on(&own, day) {
            let default = default_of(version).and_then(|default| version_on(&versions(default, files), day));
            default.into_iter().chain([version]).for_each(|file| clocks.take(&file.row));
        }
        clocks
    };
    let mut clocks = Dated::always(on(Date::MIN));
    days.into_iter().for_each(|day| clocks.then(day, on(day)));
    clocks
}

/// How long records of queries are kept at least: by the pack, else by its default.
fn retention_of(pack: Pack<'_, '_>, files: &[File<'_, PackRow>]) -> Option<Period> {
    let default = pack.row.default.as_ref().and_then(|default| named(default, files));
    let said = [Some(pack), default].into_iter().flatten().find_map(|pack| pack.row.retention.as_ref());
    said.map(|days| days.get_ref().0)
}

fn deadlines(file: Pack<'_, '_>) -> BTreeMap<Deadline, Length> {
    let lengths = file.row.deadline.iter();
    lengths
        .filter_map(|(deadline, row)| Some((*deadline, length(row.get_ref().working_days, row.get_ref().days)?)))
        .collect()
}

/// Working days or days, one of the two.
fn length(working_days: Option<u16>, days: Option<u16>) -> Option<Length> {
    match (working_days, days) {
        (Some(days), None) => Some(Length::WorkingDays(days)),
        (None, Some(days)) => Some(Length::Days(days)),
        (Some(_), Some(_)) | (None, None) => None,
    }
}
