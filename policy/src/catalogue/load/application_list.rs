//! Loading the application list: scenarios.

use std::collections::HashSet;
use std::fmt::Display;
use std::hash::Hash;
use std::ops::Range;
use std::sync::Arc;

use jiff::civil::{Date, date};
use toml::Spanned;

use super::Loader;
use super::grounds::{apart, is_empowered};
use crate::asker::{Asker, Ground, InstitutionKind};
use crate::catalogue::basis::Grounding;
use crate::catalogue::fault::File;
use crate::catalogue::rows::{CatalogueRow, ScenarioRow};
use crate::catalogue::scenario::Lately;
use crate::catalogue::{Ceilings, Field, Language, Law, Released, RequestFacts, Scenario, Statute, ValueType, Width};
use crate::consent::{Bound, Maxima, start_of, wider};
use crate::names::{ClassName, RuleId};

/// Look-ups on one person under one case where a scenario does not say (formats.md §2).
const DEFAULT_CASE_LIMIT: u32 = 3;
/// Bytes inside the sealed part of a record where a scenario does not say (formats.md §4) …
const SEALED_BYTES: u16 = 1024;
/// … and the only other choice.
const LARGE_SEALED_BYTES: u16 = 2048;
/// Periods of the catalogue are compared as they run from here: a February has 28 days, a year 365.
const ANY_DAY: Date = date(2026, 2, 1);

impl Loader {
    /// One scenario.
    pub(super) fn scenario(
        &mut self,
        file: &File<'_, ScenarioRow>,
        catalogue: &File<'_, CatalogueRow>,
        ceilings: &Ceilings,
    ) {
        let row = &file.row;
        let name = row.scenario.get_ref();
        self.named_as_file(file, row.scenario.span(), name.as_str());
        let mut kinds = self.kinds_of(file);
        let fields = self.fields_of(file);
        let bases = self.bases(file, &catalogue.row);
        let (fields, withheld) =
            if row.ground.rests_on_articles() { apart(fields, &bases) } else { (fields, Vec::new()) };
        if row.ground == Ground::Statute {
            kinds.retain(|kind| is_empowered(*kind, &fields, &bases));
        }
        self.exact_for_a_reason(file, &[&fields[..], &withheld].concat());
        self.bounds(file, catalogue);
        self.within_ceilings(file, ceilings);
        let maxima = self.maxima(file, ceilings);
        self.title_is_its_own(file);
        let rule = RuleId::of("scenario", name.as_str());
        self.rules.insert(rule.clone(), row.legal_source());
        let scenario = Scenario {
            name: name.clone(),
            legal_source: row.legal_source(),
            ground: row.ground,
            kinds,
            // Without names, a consent opens what the statutes let it open: they are asked when all rows stand.
            first_tier: Arc::new(Released::new(Vec::new())),
            grounding: Grounding::of(fields.iter().map(Arc::as_ref), &bases, |_| true),
            released: Arc::new(Released::new(fields)),
            withheld,
            bases,
            consent_on_file: row.consent_on_file,
            purpose_group: row.purpose_group.get_ref().clone(),
            case_limit: row.case_limit.as_ref().map_or(DEFAULT_CASE_LIMIT, |limit| *limit.get_ref()),
            restraint: row.restraint,
            basic_public_service: row.basic_public_service,
            yes_no_only: row.yes_no_only,
            disclosure: row.disclosure,
            data_life: row.data_life.get_ref().0,
            maxima,
            notice: row.notice.get_ref().clone(),
            automated_decision_notice: row.automated_decision_notice,
            assessment: row.assessment.as_ref().map(|report| report.as_str().to_owned()),
            sealed_bytes: row.sealed_bytes.as_ref().map_or(SEALED_BYTES, |bytes| *bytes.get_ref()),
            rules: vec![rule],
            lately: Lately::default(),
        };
        self.scenarios.insert(name.clone(), Arc::new(scenario));
    }

    /// Holds a row against the statutes, and compiles what a consent opens that names no field: Cedar is asked here, once
    /// for each asker and field, and not for each query.
    pub(super) fn hold_against_statutes(&mut self, file: &File<'_, ScenarioRow>, law: &Law) {
        let Some(mut scenario) = self.scenarios.remove(file.row.scenario.get_ref()) else { return };
        let mut opened_without_name = scenario.released.fields().to_vec();
        for asker in scenario.askers() {
            self.query_is_lawful(file, &scenario, asker, law);
            for field in scenario.released.fields() {
                let (row, name) = (scenario.name.as_str(), field.name().as_str());
                let unnamed = law.release(asker, row, name, None);
                // On the ground of consent every field must be lawful once it is named; on others nothing is named.
                let by_consent = scenario.ground == Ground::Consent;
                let answer = if by_consent { &law.release(asker, row, name, Some(&[name])) } else { &unnamed };
                if !answer.allowed {
                    let written = file.row.fields.get_ref().iter().find(|written| written.get_ref() == field.name());
                    let at = written.map_or(file.row.fields.span(), Spanned::span);
                    let why = answer.refusal();
                    self.fault(file, at, format!("field `{name}` may not go to `{}`: {why}", asker.as_str()));
                }
                if !unnamed.allowed {
                    opened_without_name.retain(|other| other.name() != field.name());
                }
            }
            self.withheld_is_lawful(file, &scenario, asker, law);
        }
        if let Some(scenario) = Arc::get_mut(&mut scenario) {
            scenario.first_tier = Arc::new(Released::new(opened_without_name));
        }
        self.scenarios.insert(scenario.name.clone(), scenario);
    }

    /// What no article carries here may break no other statute: another jurisdiction loads the same row.
    fn withheld_is_lawful(&mut self, file: &File<'_, ScenarioRow>, scenario: &Scenario, asker: Asker, law: &Law) {
        let ground = Statute::OnlyOnAGround.rule();
        for field in &scenario.withheld {
            let answer = law.release(asker, scenario.name.as_str(), field.name().as_str(), None);
            if answer.fault.is_none() && answer.by == [ground.clone()] {
                self.carried_somewhere(file, field, &scenario.bases);
                continue;
            }
            let written = file.row.fields.get_ref().iter().find(|written| written.get_ref() == field.name());
            let at = written.map_or(file.row.fields.span(), Spanned::span);
            let (name, why) = (field.name(), answer.refusal());
            self.fault(file, at, format!("field `{name}` may not go to `{}`: {why}", asker.as_str()));
        }
    }

    /// An asker of the row may query with nothing amiss in the request.
    fn query_is_lawful(&mut self, file: &File<'_, ScenarioRow>, scenario: &Scenario, asker: Asker, law: &Law) {
        let widest = scenario.maxima().map(|maxima| Width::of_maxima(maxima, start_of(ANY_DAY)));
        let facts = RequestFacts { suspended: false, adult: true, case: true, consent: widest, maxima: widest };
        let answer = law.query(asker, scenario.name.as_str(), &facts);
        if !answer.allowed {
            let kinds = file.row.kinds.get_ref().iter();
            let mut written = kinds.filter(|kind| Asker::Institution(*kind.get_ref()) == asker);
            let at = written.next().map_or(file.row.scenario.span(), Spanned::span);
            let why = answer.refusal();
            self.fault(file, at, format!("`{}` may not use this scenario as its row stands: {why}", asker.as_str()));
        }
    }

    fn kinds_of(&mut self, file: &File<'_, ScenarioRow>) -> Vec<InstitutionKind> {
        let written = &file.row.kinds;
        let institutions_ask = match file.row.ground {
            Ground::Consent | Ground::Statute => true,
            Ground::Person | Ground::Public => false,
        };
        if written.get_ref().is_empty() == institutions_ask {
            let message = if institutions_ask {
                "no kind of institution: name who may ask"
            } else {
                "no institution asks on this ground: leave the kinds empty"
            };
            self.fault(file, written.span(), message);
        }
        self.each_once(file, written.get_ref());
        self.are_kinds(file, written.get_ref());
        let mut kinds: Vec<_> = written.get_ref().iter().map(|kind| *kind.get_ref()).collect();
        kinds.sort_unstable();
        kinds
    }

    fn fields_of(&mut self, file: &File<'_, ScenarioRow>) -> Vec<Arc<Field>> {
        let written = &file.row.fields;
        if written.get_ref().is_empty() {
            self.fault(file, written.span(), "no field: name what is released");
        }
        self.each_once(file, written.get_ref());
        let mut fields = Vec::new();
        for field in written.get_ref() {
            let (name, at) = (field.get_ref(), field.span());
            if self.forbidden(file, at.clone(), name.as_str()) {
                continue;
            }
            let Some(known) = self.fields.get(name).map(Arc::clone) else {
                self.fault(
                    file,
                    at,
                    format!("no field `{name}` in the data list: check its name, or add it there first"),
                );
                continue;
            };
            fields.push(known);
        }
        fields
    }

    /// A count, a number or a day leaves a scenario of others than the person only for a reason, which stands in the row.
    fn exact_for_a_reason(&mut self, file: &File<'_, ScenarioRow>, fields: &[Arc<Field>]) {
        let row = &file.row;
        let is_exact = |field: &Field| {
            let exact = matches!(field.value_type(), Some(ValueType::WholeNumber | ValueType::Day));
            exact && row.ground != Ground::Person
        };
        for field in fields.iter().filter(|field| is_exact(field) && !row.exact.contains_key(field.name())) {
            let message =
                format!("`{}` leaves exact: release a yes or no or a band, or say why in `[exact]`", field.name());
            let written = row.fields.get_ref().iter().find(|written| written.get_ref() == field.name());
            self.fault(file, written.map_or(row.fields.span(), Spanned::span), message);
        }
        for (name, reason) in &row.exact {
            if !fields.iter().any(|field| field.name() == name && is_exact(field)) {
                self.fault(file, reason.span(), format!("`{name}` does not leave exact here: take the reason out"));
            }
        }
    }

    fn bounds(&mut self, file: &File<'_, ScenarioRow>, catalogue: &File<'_, CatalogueRow>) {
        let row = &file.row;
        let group = &row.purpose_group;
        if ClassName::parse(group.get_ref()).is_err() {
            let message = format!("`{}` is no purpose group: use lower-case words joined by `-`", group.get_ref());
            self.fault(file, group.span(), message);
        } else if !catalogue.row.purpose_group.contains_key(group.get_ref()) {
            let message = format!("no purpose group `{}` in catalogue.toml: check its name", group.get_ref());
            self.fault(file, group.span(), message);
        }
        if let Some(limit) = row.case_limit.as_ref().filter(|limit| *limit.get_ref() == 0) {
            self.fault(file, limit.span(), "a case limit of 0 allows no look-up: give at least 1");
        }
        let is_a_length = |bytes: &u16| [SEALED_BYTES, LARGE_SEALED_BYTES].contains(bytes);
        if let Some(bytes) = row.sealed_bytes.as_ref().filter(|bytes| !is_a_length(bytes.get_ref())) {
            let message = format!("`sealed_bytes` of {}: use 1024 (or leave it out) or 2048", bytes.get_ref());
            self.fault(file, bytes.span(), message);
        }
        let notice = row.notice.get_ref();
        let has_rest = |prefix| notice.strip_prefix(prefix).is_some_and(|rest: &str| !rest.trim().is_empty());
        // Nobody is exempt but by an article of an instrument (PIPL, art. 18 and 35).
        let is_article = notice.contains('《') && notice.contains('》') && notice.contains('条');
        if notice != "owed" && !has_rest("deferred until ") && !(has_rest("exempt by ") && is_article) {
            let message = format!("`{notice}` is no notice: use `owed`, `deferred until …` or `exempt by 《…》第…条`");
            self.fault(file, row.notice.span(), message);
        }
    }

    fn within_ceilings(&mut self, file: &File<'_, ScenarioRow>, ceilings: &Ceilings) {
        let row = &file.row;
        if let Some(limit) = row.case_limit.as_ref().filter(|limit| *limit.get_ref() > ceilings.case_limit) {
            self.too_wide(file, limit.span(), "case_limit", limit.get_ref(), &ceilings.case_limit);
        }
        let (life, longest) = (&row.data_life, ceilings.consent.data_life);
        if life.get_ref().0.last_day(ANY_DAY) > longest.last_day(ANY_DAY) {
            self.too_wide(file, life.span(), "data_life", &life.get_ref().0, &longest);
        }
    }

    /// The widest consent that the scenario takes: on the ground of consent, and on no other.
    fn maxima(&mut self, file: &File<'_, ScenarioRow>, ceilings: &Ceilings) -> Option<Maxima> {
        let written = file.row.consent.as_ref();
        match (file.row.ground, written) {
            (Ground::Consent, None) => {
                let message = "no table `consent`: say how wide a consent may be";
                self.fault(file, file.row.scenario.span(), message);
            }
            (Ground::Statute | Ground::Person | Ground::Public, Some(written)) => {
                self.fault(file, written.span(), "`consent` has no place on this ground: take it out");
            }
            (Ground::Consent, Some(_)) | (Ground::Statute | Ground::Person | Ground::Public, None) => {}
        }
        let row = written?.get_ref();
        let maxima = Maxima {
            lifetime: row.lifetime.get_ref().0,
            uses: *row.uses.get_ref(),
            frequency: row.frequency.get_ref().0,
            look_back: row.look_back.get_ref().0,
            data_life: row.data_life.get_ref().0,
        };
        // A consent keeps nothing longer than the scenario does.
        let widest = Maxima { data_life: file.row.data_life.get_ref().0, ..ceilings.consent.clone() };
        if let Some(bound) = wider(&maxima, &widest, ANY_DAY) {
            let (at, value, widest): (_, &dyn Display, &dyn Display) = match bound {
                Bound::Lifetime => (row.lifetime.span(), &maxima.lifetime, &widest.lifetime),
                Bound::Uses => (row.uses.span(), &maxima.uses, &widest.uses),
                Bound::Frequency => (row.frequency.span(), &maxima.frequency, &widest.frequency),
                Bound::LookBack => (row.look_back.span(), &maxima.look_back, &widest.look_back),
                Bound::DataLife => (row.data_life.span(), &maxima.data_life, &widest.data_life),
            };
            self.too_wide(file, at, bound.as_str(), value, widest);
        }
        if maxima.uses == 0 {
            self.fault(file, row.uses.span(), "uses of 0 take no consent: give at least 1");
        }
        Some(maxima)
    }

    fn too_wide(
        &mut self,
        file: &File<'_, ScenarioRow>,
        at: Range<usize>,
        what: &str,
        value: &dyn Display,
        widest: &dyn Display,
    ) {
        self.fault(file, at, format!("`{what}` of {value} is wider than {widest}, the widest that may be: narrow it"));
    }

    /// Two scenarios of one title are one scenario written twice.
    fn title_is_its_own(&mut self, file: &File<'_, ScenarioRow>) {
        let legal_source = file.row.legal_source();
        for language in Language::ALL {
            let title = legal_source.title(*language);
            let other = self.scenarios.values().find(|other| other.title(*language) == title);
            if let Some(other) = other.map(Arc::clone) {
                let message = format!("scenario `{}` has this title already: they overlap, leave one", other.name);
                self.fault(file, file.row.scenario.span(), message);
                return;
            }
        }
    }

    /// Refuses a row that names one thing twice.
    pub(super) fn each_once<T: Eq + Hash + Display>(&mut self, file: &File<'_, ScenarioRow>, row: &[Spanned<T>]) {
        let mut seen = HashSet::new();
        for entry in row {
            if !seen.insert(entry.get_ref()) {
                self.fault(file, entry.span(), format!("`{}` stands twice: leave one", entry.get_ref()));
            }
        }
    }
}
