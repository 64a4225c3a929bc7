//! Rows as records, list entries and attributes.

use std::collections::BTreeMap;

use credit_policy::{
    Attribute, CitizenNumber, ClassName, FetchPlan, FieldName, History, Listing, Personal, Record, Scenario,
    ScenarioName, Value,
};
use jiff::{ToSpan, civil::Date};

use super::{
    cell::Cell,
    column::{Column, Dated, Form, yuan},
    day::Edge,
    file::{Rows, State},
    number,
    select::Select,
    source::{AttributeRole, ByCode, End, Given, ListingRole, Map, RecordRole, Scope},
    unfit::{Unfit, What},
};
use crate::stores::values::latest;

/// Collects the rows of one look-up. The first that does not fit fails the look-up.
pub(crate) struct Reading<'a> {
    map: &'a Map,
    /// Everything, where rows are only examined.
    plan: Option<&'a FetchPlan>,
    /// What the rows are asked for. One that the catalogue does not have: what is limited to purposes is used for none.
    scenario: Option<&'a Scenario>,
    /// Anybody, where rows are only examined.
    person: Option<&'a Personal<CitizenNumber>>,
    records: Vec<Record>,
    listings: Vec<Listing>,
    attributes: BTreeMap<FieldName, Value>,
    unknown: Vec<Unfit>,
    /// Whether rows are only examined, whatever they may be used for.
    examines: bool,
    /// No act, determination, performance or repair lies later: before its day a record does not count, so a wrong year would
    /// clear the person.
    latest: Date,
}

/// What was read.
pub(crate) struct Read {
    /// The rows that count.
    pub(crate) history: History,
    /// Rows that do not count, as nobody knows when they began.
    pub(crate) unknown: Vec<Unfit>,
}

/// One row, with what was asked.
struct Row<'r> {
    select: &'r Select,
    cells: &'r [Cell<'r>],
}

impl Select {
    /// Whether a row is, by its codes, about a person with an identity card; or could be, where a code is not known.
    pub(crate) fn is_of_a_person(&self, cells: &[Cell<'_>]) -> bool {
        let row = Row { select: self, cells };
        let mut codes = self.source.subject.iter().chain(&self.source.id_type);
        codes.all(|by| row.code(by).map_or(true, |is_person| *is_person))
    }
}

impl<'r> Row<'r> {
    fn cell(&self, column: usize) -> Result<(&'r Column, Cell<'r>), Unfit> {
        let found = self.select.source.columns.get(column);
        let cell = self.select.place(column).and_then(|place| self.cells.get(place));
        match (found, cell) {
            (Some(found), Some(cell)) => Ok((found, *cell)),
            (found, _) => Err(self.unfit(found.map_or("", |found| found.name()), What::Columns)),
        }
    }

    fn unfit(&self, column: &str, what: What) -> Unfit {
        let source = &self.select.source.name;
        Unfit { class: self.select.class.clone(), source: source.clone(), column: column.into(), what }
    }

    fn code<'t, T>(&self, by: &'t ByCode<T>) -> Result<&'t T, Unfit> {
        let (column, cell) = self.cell(by.column)?;
        column.code(cell, &by.codes).map_err(|what| self.unfit(column.name(), what))
    }

    fn given<'t, T>(&self, given: &'t Given<T>) -> Result<&'t T, Unfit> {
        match given {
            Given::Fixed(value) => Ok(value),
            Given::By(by) => self.code(by),
        }
    }

    /// What is furthest from "it stands": a row that one column takes down is not there, whatever the others say.
    fn state(&self, states: &[ByCode<State>]) -> Result<State, Unfit> {
        states.iter().try_fold(State::InForce, |state, by| Ok(state.max(*self.code(by)?)))
    }
}

impl<'a> Reading<'a> {
    /// For one person and one plan, for a scenario, on a day.
    pub(crate) fn new(
        map: &'a Map,
        plan: &'a FetchPlan,
        scenario: &ScenarioName,
        person: &'a Personal<CitizenNumber>,
        on: Date,
    ) -> Self {
        let scenario = map.catalogue.scenario(scenario.as_str()).map(|scenario| &**scenario);
        let (records, listings, attributes) = (Vec::new(), Vec::new(), BTreeMap::new());
        let (plan, person) = (Some(plan), Some(person));
        let (unknown, examines, latest) = (Vec::new(), false, latest(on));
        Self { map, plan, scenario, person, records, listings, attributes, unknown, examines, latest }
    }

    /// For all that a map has about anybody: what does not fit on this day is found, and nothing is made of it.
    pub(super) fn of_everything(map: &'a Map, on: Date) -> Self {
        Self { examines: true, latest: latest(on), ..Self::for_any_purpose(map) }
    }

    /// For all about anybody that may be used for any purpose, on whatever day.
    pub(super) fn for_any_purpose(map: &'a Map) -> Self {
        let (records, listings, attributes, unknown) = (Vec::new(), Vec::new(), BTreeMap::new(), Vec::new());
        let (plan, scenario, person) = (None, None, None);
        let (examines, latest) = (false, Date::MAX);
        Self { map, plan, scenario, person, records, listings, attributes, unknown, examines, latest }
    }

    /// Takes one row, with its cells in the order of [`Select::columns`].
    ///
    /// # Errors
    /// What does not fit. The look-up fails.
    pub(crate) fn row(&mut self, select: &Select, cells: &[Cell<'_>]) -> Result<(), Unfit> {
        let row = Row { select, cells };
        if cells.len() != select.columns().len() {
            return Err(row.unfit("", What::Columns));
        }
        if !self.is_about_the_person(&row)? || !self.may_be_used(&row)? {
            return Ok(());
        }
        let source = &select.source;
        for role in select.records.iter().filter_map(|at| source.records.get(*at)) {
            self.record(&row, role)?;
        }
        for role in select.listings.iter().filter_map(|at| source.listings.get(*at)) {
            self.listing(&row, role)?;
        }
        for role in select.attributes.iter().filter_map(|at| source.attributes.get(*at)) {
            self.attribute(&row, role)?;
        }
        Ok(())
    }

    /// Takes one row as [`Self::row`] does, and returns what it alone came to.
    ///
    /// # Errors
    /// What does not fit.
    pub(crate) fn row_alone(&mut self, select: &Select, cells: &[Cell<'_>]) -> Result<History, Unfit> {
        self.row(select, cells)?;
        let (records, listings) = (std::mem::take(&mut self.records), std::mem::take(&mut self.listings));
        Ok(History { records, listings, attributes: Vec::new() })
    }

    /// The rows that count. The operator is told of the others.
    pub(crate) fn counted(self) -> History {
        let read = self.end();
        if let Some(first) = read.unknown.first() {
            tracing::warn!(
                "{} rows of a person do not count: {first}; run `credit-gateway store check`",
                read.unknown.len()
            );
        }
        read.history
    }

    /// What all rows came to.
    pub(crate) fn end(mut self) -> Read {
        let roles = self.map.sources.iter().flat_map(|source| &source.attributes);
        for role in roles.filter(|role| {
            role.rows == Rows::Any && self.plan.is_some_and(|plan| plan.attributes().contains(&role.field))
        }) {
            self.attributes.entry(role.field.clone()).or_insert(Value::Bool(false));
        }
        let attributes = self.attributes.into_iter().map(|(field, value)| Attribute { field, value }).collect();
        let history = History { records: self.records, listings: self.listings, attributes };
        Read { history, unknown: self.unknown }
    }

    /// Whether it is a row about this person, and not about an organisation or by another document. One with somebody
    /// else's number is none of those: the store answered another question.
    fn is_about_the_person(&self, row: &Row<'_>) -> Result<bool, Unfit> {
        let source = &row.select.source;
        for by in source.subject.iter().chain(&source.id_type) {
            if !*row.code(by)? {
                return Ok(false);
            }
        }
        let (column, cell) = row.cell(source.key)?;
        let found = number::number(cell, column.encoding).map_err(|what| row.unfit(column.name(), what))?;
        let Some(person) = self.person else { return Ok(true) };
        let is_same = found.disclose(|found| person.disclose(|person| found.as_str() == person.as_str()));
        if is_same { Ok(true) } else { Err(row.unfit(column.name(), What::AnotherPerson)) }
    }

    /// Whether the row's limit of purpose allows the scenario.
    fn may_be_used(&self, row: &Row<'_>) -> Result<bool, Unfit> {
        let Some(by) = &row.select.source.scope else { return Ok(true) };
        let scope = row.code(by)?;
        Ok(match self.scenario {
            Some(scenario) => scope.allows(scenario),
            None => self.examines || matches!(scope, Scope::All),
        })
    }

    fn dated(&self, row: &Row<'_>, column: usize, edge: Edge) -> Result<Dated, Unfit> {
        let (column, cell) = row.cell(column)?;
        let dated = column.day(cell, edge, &self.map.catalogue).map_err(|what| row.unfit(column.name(), what))?;
        match (dated, edge) {
            (Dated::ForEver, Edge::Begins) => Err(row.unfit(column.name(), What::BeginsNever)),
            (dated, Edge::Begins | Edge::Ends) => Ok(dated),
        }
    }

    /// A first day. Where it is not known the row does not count, and is reported.
    fn begins(&mut self, row: &Row<'_>, column: usize, class: Option<&ClassName>) -> Result<Option<Date>, Unfit> {
        match self.dated(row, column, Edge::Begins)? {
            Dated::On(day) => Ok(Some(day)),
            Dated::None | Dated::Unknown | Dated::ForEver => Ok(self.does_not_count(row, column, class)),
        }
    }

    /// A day that need not be there. `None` where it is not known: the row does not count.
    fn some(
        &mut self,
        row: &Row<'_>,
        column: Option<usize>,
        edge: Edge,
        class: Option<&ClassName>,
    ) -> Result<Option<Option<Date>>, Unfit> {
        let Some(column) = column else { return Ok(Some(None)) };
        match self.dated(row, column, edge)? {
            Dated::On(day) => Ok(Some(Some(day))),
            Dated::None | Dated::ForEver => Ok(Some(None)),
            Dated::Unknown => Ok(self.does_not_count(row, column, class)),
        }
    }

    /// The day of the performance. One that is not known is none: the record counts on.
    fn performed(&self, row: &Row<'_>, column: Option<usize>) -> Result<Option<Date>, Unfit> {
        let Some(column) = column else { return Ok(None) };
        match self.dated(row, column, Edge::Ends)? {
            Dated::On(day) => Ok(Some(day)),
            Dated::None | Dated::ForEver | Dated::Unknown => Ok(None),
        }
    }

    fn does_not_count<T>(&mut self, row: &Row<'_>, column: usize, class: Option<&ClassName>) -> Option<T> {
        let name = row.select.source.columns.get(column).map_or("", |column| column.name());
        let unfit = row.unfit(name, What::UnknownDay);
        self.unknown.push(Unfit { class: class.cloned().or(unfit.class), ..unfit });
        None
    }

    fn record(&mut self, row: &Row<'_>, role: &RecordRole) -> Result<(), Unfit> {
        let class = match row.given(&role.class)? {
            Some(class) if self.plan.is_none_or(|plan| plan.classes().contains(class)) => class,
            Some(_) | None => return Ok(()),
        };
        let of_class = |unfit: Unfit| Unfit { class: Some(class.clone()), ..unfit };
        self.record_of(row, role, class).map_err(of_class)
    }

    fn record_of(&mut self, row: &Row<'_>, role: &RecordRole, class: &ClassName) -> Result<(), Unfit> {
        let state = row.state(&role.states)?;
        if state == State::Withdrawn {
            return Ok(());
        }
        let severity = *row.given(&role.severity)?;
        let known = Some(class);
        let Some(determined) = self.begins(row, role.determined, known)? else { return Ok(()) };
        let act = match role.act {
            Some(column) => self.begins(row, column, known)?,
            None => Some(determined),
        };
        let sentence_end = self.some(row, role.sentence_end, Edge::Ends, known)?;
        let effect_end = self.some(row, role.effect_end, Edge::Ends, known)?;
        let repaired = self.some(row, role.repaired, Edge::Begins, known)?;
        let repair_revoked = self.some(row, role.repair_revoked, Edge::Begins, known)?;
        let (Some(act), Some(sentence_end), Some(effect_end), Some(repaired), Some(repair_revoked)) =
            (act, sentence_end, effect_end, repaired, repair_revoked)
        else {
            return Ok(());
        };
        let performed = self.performed(row, role.performed)?;
        let past = [(Some(role.determined), Some(determined)), (role.act, Some(act))];
        let mut past = past.into_iter().chain([(role.repaired, repaired), (role.performed, performed)]);
        if let Some((column, _)) = past.find(|(_, day)| day.is_some_and(|day| day > self.latest)) {
            let column = column.unwrap_or(role.determined);
            return Err(row.unfit(row.cell(column)?.0.name(), What::Future));
        }
        // A state without its day: from the determination on.
        let repaired = repaired.or((state == State::Repaired).then_some(determined));
        if act > determined {
            return Err(row.unfit(row.cell(role.determined)?.0.name(), What::OutOfOrder));
        }
        if let Some(column) = role.performed.filter(|_| performed.is_some_and(|performed| performed < act)) {
            return Err(row.unfit(row.cell(column)?.0.name(), What::OutOfOrder));
        }
        let amount = role.amount.map(|column| amount(row, column)).transpose()?.flatten();
        let disputed = state == State::Disputed;
        let class = class.clone();
        let record = Record {
            class,
            severity,
            act,
            determined,
            sentence_end,
            effect_end,
            repaired,
            repair_revoked,
            disputed,
            performed,
            amount,
        };
        self.records.push(record);
        Ok(())
    }

    fn listing(&mut self, row: &Row<'_>, role: &ListingRole) -> Result<(), Unfit> {
        let list = *row.given(&role.list)?;
        let state = row.state(&role.states)?;
        // Who was repaired stands on a list no longer.
        let is_asked = self.plan.is_none_or(|plan| plan.lists().contains(&list));
        if !is_asked || matches!(state, State::Withdrawn | State::Repaired) {
            return Ok(());
        }
        let from = self.begins(row, role.since, None)?;
        let end = self.some(row, role.end.map(End::column), Edge::Ends, None)?;
        let (Some(from), Some(end)) = (from, end) else { return Ok(()) };
        let until = match role.end {
            Some(End::Last(_)) => end.map(|last| last.saturating_add(1.day())),
            Some(End::Until(_)) | None => end,
        };
        if until.is_some_and(|until| until < from) {
            return Err(row.unfit(row.cell(role.since)?.0.name(), What::OutOfOrder));
        }
        self.listings.push(Listing { list, from, until, disputed: state == State::Disputed });
        Ok(())
    }

    fn attribute(&mut self, row: &Row<'_>, role: &AttributeRole) -> Result<(), Unfit> {
        let (column, cell) = row.cell(role.column)?;
        let unfit = |what| Unfit { class: role.class.clone(), ..row.unfit(column.name(), what) };
        let value = self.value(column, cell, role).map_err(unfit)?;
        let is_in_domain = self.map.catalogue.field(role.field.as_str()).is_some_and(|field| field.admits(&value));
        if !is_in_domain {
            return Err(unfit(What::OutsideDomain));
        }
        match (self.attributes.get_mut(&role.field), role.rows) {
            (None, Rows::One | Rows::Any) => drop(self.attributes.insert(role.field.clone(), value)),
            (Some(before), Rows::Any) if value == Value::Bool(true) => *before = value,
            (Some(_), Rows::Any) => {}
            (Some(before), Rows::One) if *before == value => {}
            (Some(_), Rows::One) => return Err(unfit(What::Twice)),
        }
        Ok(())
    }

    fn value(&self, column: &Column, cell: Cell<'_>, role: &AttributeRole) -> Result<Value, What> {
        let text = column.text(cell)?;
        if let Some(codes) = &role.codes {
            return match codes.get(text.as_ref()) {
                Some(value) => Ok(value.clone()),
                None if text.is_empty() => Ok(Value::Null),
                None => Err(What::Code),
            };
        }
        if text.is_empty() || column.unknown.has_text(&text) || column.none.has_text(&text) {
            return Ok(Value::Null);
        }
        match column.form {
            Form::CitizenNumber => {
                let number = number::number(cell, column.encoding)?;
                Ok(Value::Text(number.disclose(|number| number.as_str().to_owned())))
            }
            Form::Code | Form::Text => Ok(Value::Text(text.into_owned())),
            Form::WholeNumber => column.whole(cell).map(Value::Int),
            Form::Money(unit) => yuan(column.fen(cell, unit)?, role.is_whole),
            Form::Day(_) => match column.day(cell, Edge::Begins, &self.map.catalogue)? {
                Dated::On(day) => Ok(Value::Text(day.to_string())),
                Dated::None | Dated::Unknown => Ok(Value::Null),
                Dated::ForEver => Err(What::BeginsNever),
            },
        }
    }
}

/// An amount in yuan, rounded up; nothing where there is none.
fn amount(row: &Row<'_>, column: usize) -> Result<Option<u64>, Unfit> {
    let (column, cell) = row.cell(column)?;
    let read = || {
        let text = column.text(cell)?;
        if text.is_empty() || column.unknown.has_text(&text) || column.none.has_text(&text) {
            return Ok(None);
        }
        let fen = match column.form {
            Form::Money(unit) => column.fen(cell, unit)?,
            Form::WholeNumber => column.whole(cell)?.checked_mul(100).ok_or(What::NoAmount)?,
            Form::CitizenNumber | Form::Day(_) | Form::Code | Form::Text => return Err(What::NoAmount),
        };
        u64::try_from(fen).map(|fen| Some(fen.div_ceil(100))).map_err(|_| What::NoAmount)
    };
    read().map_err(|what| row.unfit(column.name(), what))
}
