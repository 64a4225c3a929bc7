//! What changes from one catalogue to another: who gains and who loses which field, and which bounds and clocks differ.

use std::collections::{BTreeMap, BTreeSet};

use ring::digest::{SHA256, digest};
use serde::Serialize;

use crate::asker::Asker;
use crate::catalogue::{Catalogue, Language, Scenario};
use crate::consent::Maxima;
use crate::names::{FieldName, ScenarioName};
use crate::words::words;

words! {
    /// How a field is open to an asker.
    "access" pub Access {
        /// It is released unless the query or the consent asks for less.
        Open = "open",
        /// It is released to a consent that names it.
        ByName = "by-name",
    }
}

/// What changes from one catalogue to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The label of the old catalogue.
    pub old: String,
    /// The label of the new one.
    pub new: String,
    /// Who gains and who loses which field, sorted.
    pub shifts: Vec<Shift>,
    /// What else differs, sorted.
    pub altered: Vec<Altered>,
}

/// An asker's access to a field, where it differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shift {
    /// In which scenario.
    pub scenario: ScenarioName,
    /// Who asks.
    pub asker: Asker,
    /// Which field it is about.
    pub field: FieldName,
    /// The access before; `None` where there was none.
    pub old: Option<Access>,
    /// The access after; `None` where there is none.
    pub new: Option<Access>,
}

/// A value of a row that differs. Values are as a reader compares them, and no format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Altered {
    /// The row: `scenario/commercial-loan`, `class/tax`, `field/score_band`, `deadline/repair-removal`,
    /// `statute/adults-only`, `ceilings`.
    pub row: String,
    /// What of it: the key of the file where there is one.
    pub what: String,
    /// The value before; `None` where there was none.
    pub old: Option<String>,
    /// The value after; `None` where there is none.
    pub new: Option<String>,
}

/// What changes from the old catalogue to the new one. Titles, sources and citations are not compared: they open nothing.
#[must_use]
pub fn diff(old: &Catalogue, new: &Catalogue) -> Diff {
    let (before, after) = (accesses(old), accesses(new));
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let shifts = keys.into_iter().filter(|key| before.get(key) != after.get(key)).map(|key| {
        let (scenario, _, field) = key.clone();
        let (old, new) = (before.get(key), after.get(key));
        let asker = old.or(new).map_or(Asker::Public, |(asker, _)| *asker);
        Shift { scenario, asker, field, old: old.map(|(_, access)| *access), new: new.map(|(_, access)| *access) }
    });
    let altered = altered(&values(old), &values(new));
    Diff { old: old.label().to_owned(), new: new.label().to_owned(), shifts: shifts.collect(), altered }
}

type Accesses = BTreeMap<(ScenarioName, String, FieldName), (Asker, Access)>;

/// Who has access to what: scenario, word of the asker, field.
fn accesses(catalogue: &Catalogue) -> Accesses {
    let mut all = Accesses::new();
    for scenario in catalogue.scenarios() {
        for asker in scenario.askers() {
            for field in scenario.fields() {
                let by_name = scenario.second_tier().any(|name| name == field);
                let access = if by_name { Access::ByName } else { Access::Open };
                all.insert((scenario.name().clone(), asker.as_str().to_owned(), field.clone()), (asker, access));
            }
        }
    }
    all
}

/// What is said to differ where a whole row has come or is gone.
const ROW: &str = "row";

/// The values of each row.
type Values = BTreeMap<String, BTreeMap<&'static str, String>>;

/// A row that stands in one of the two alone is one difference and not one for each of its values.
fn altered(old: &Values, new: &Values) -> Vec<Altered> {
    let mut all = Vec::new();
    let nothing = BTreeMap::new();
    for row in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let row_of = |has: bool| has.then(|| ROW.to_owned());
        let (before, after) = (old.get(row), new.get(row));
        if before.is_none() || after.is_none() {
            let (old, new) = (row_of(before.is_some()), row_of(after.is_some()));
            all.push(Altered { row: row.clone(), what: ROW.to_owned(), old, new });
            continue;
        }
        let (before, after) = (before.unwrap_or(&nothing), after.unwrap_or(&nothing));
        for what in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            let (old, new) = (before.get(what).cloned(), after.get(what).cloned());
            if old != new {
                all.push(Altered { row: row.clone(), what: (*what).to_owned(), old, new });
            }
        }
    }
    all
}

fn values(catalogue: &Catalogue) -> Values {
    let ceilings = catalogue.ceilings();
    let mut widest = maxima(&ceilings.consent);
    widest.insert("case_limit", ceilings.case_limit.to_string());
    let mut all = Values::from([("ceilings".to_owned(), widest)]);
    for scenario in catalogue.scenarios() {
        all.insert(format!("scenario/{}", scenario.name()), row(scenario));
    }
    for class in catalogue.classes() {
        let mut values =
            BTreeMap::from([("sensitivity", class.sensitivity().to_string()), ("tier", class.tier().to_string())]);
        values.extend(class.clock().map(|clock| ("clock", clock.to_string())));
        values.extend(class.severity().map(|severity| ("severity", severity.to_string())));
        values.extend(class.list().map(|list| ("list", list.to_string())));
        all.insert(format!("class/{}", class.name()), values);
    }
    for field in catalogue.fields() {
        let values = BTreeMap::from([("definition", field.definition()), ("tier", field.tier().to_string())]);
        all.insert(format!("field/{}", field.name()), values);
    }
    for (from, deadline, length) in catalogue.calendar().deadlines() {
        let from = from.map(|from| format!(" from {from}")).unwrap_or_default();
        all.insert(format!("deadline/{deadline}{from}"), BTreeMap::from([("length", length.to_string())]));
    }
    for (path, text) in catalogue.law().statutes().texts() {
        let start: String =
            digest(&SHA256, text.as_bytes()).as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let row = path.strip_prefix("statutes/").and_then(|name| name.strip_suffix(".cedar")).unwrap_or(path);
        all.insert(format!("statute/{row}"), BTreeMap::from([("text", format!("sha256:{start}…"))]));
    }
    all
}

fn row(scenario: &Scenario) -> BTreeMap<&'static str, String> {
    let mut values = BTreeMap::from([
        ("automated_decision_notice", scenario.automated_decision_notice().to_string()),
        ("sealed_bytes", scenario.sealed_bytes().to_string()),
        ("basic_public_service", scenario.basic_public_service().to_string()),
        ("case_limit", scenario.case_limit().to_string()),
        ("data_life", scenario.data_life().to_string()),
        ("disclosure", scenario.disclosure().to_string()),
        ("ground", scenario.ground().to_string()),
        ("notice", scenario.notice().to_owned()),
        ("purpose_group", scenario.purpose_group().to_owned()),
        ("restraint", scenario.restraint().to_string()),
        ("yes_no_only", scenario.yes_no_only().to_string()),
    ]);
    for (key, value) in scenario.maxima().map(maxima).unwrap_or_default() {
        // The scenario has a `data_life` of its own.
        values.insert(if key == "data_life" { "consent.data_life" } else { key }, value);
    }
    values
}

fn maxima(maxima: &Maxima) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("data_life", maxima.data_life.to_string()),
        ("frequency", maxima.frequency.to_string()),
        ("lifetime", maxima.lifetime.to_string()),
        ("look_back", maxima.look_back.to_string()),
        ("uses", maxima.uses.to_string()),
    ])
}

impl Diff {
    /// Whether nothing differs that is compared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shifts.is_empty() && self.altered.is_empty()
    }

    /// One line a difference, for the reader.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let mut lines = vec![format!("{} → {}", self.old, self.new)];
        if self.is_empty() {
            lines.push(match language {
                Language::Zh => "没有人得到或失去任何数据项，界限和期限不变".to_owned(),
                Language::En => "nobody gains or loses a field, no bound and no clock differs".to_owned(),
            });
        }
        lines.extend(self.shifts.iter().map(|shift| shift.text(language)));
        lines.extend(self.altered.iter().map(|altered| altered.text(language)));
        lines.join("\n")
    }
}

impl Shift {
    fn text(&self, language: Language) -> String {
        let Self { scenario, asker, field, old, new } = self;
        let change = match (old, new, language) {
            (None, Some(Access::Open), Language::Zh) => "得到",
            (None, Some(Access::Open), Language::En) => "gains",
            (None, Some(Access::ByName), Language::Zh) => "得到（须在授权凭证中列明）",
            (None, Some(Access::ByName), Language::En) => "gains, by a consent that names it,",
            (Some(_), None, Language::Zh) => "失去",
            (Some(_), None, Language::En) => "loses",
            (Some(_), Some(Access::Open), Language::Zh) => "无须再列明即可得到",
            (Some(_), Some(Access::Open), Language::En) => "no longer needs a consent to name",
            (Some(_), Some(Access::ByName), Language::Zh) => "须在授权凭证中列明才可得到",
            (Some(_), Some(Access::ByName), Language::En) => "now needs a consent to name",
            (None, None, Language::Zh | Language::En) => "—",
        };
        format!("{scenario}: {} {change} {field}", asker.as_str())
    }
}

impl Altered {
    fn text(&self, language: Language) -> String {
        let nothing = match language {
            Language::Zh => "无",
            Language::En => "none",
        };
        // A whole row has come, or is gone.
        if self.what == ROW {
            let what = match (self.new.is_some(), language) {
                (true, Language::Zh) => "新增",
                (true, Language::En) => "added",
                (false, Language::Zh) => "删除",
                (false, Language::En) => "removed",
            };
            return format!("{}: {what}", self.row);
        }
        let said = |value: &Option<String>| value.clone().unwrap_or_else(|| nothing.to_owned());
        format!("{}: {} {} → {}", self.row, self.what, said(&self.old), said(&self.new))
    }
}
