//! The JSON form of the gateway's own tables: what a small adapter before any source can serve (docs/formats.md, "HTTP
//! stores"). The rows are judged as those of the embedded store are.

use credit_policy::{
    Attribute, CitizenNumber, ClassName, FetchPlan, FieldName, History, List, Listing, Personal, Record, Severity,
};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{
    fault::HttpFault,
    json::{Scalar, bounded, elements, members, scalar},
};
use crate::stores::{
    contract::Asked,
    examine::{Domain, RowFault, check_row},
    layout::{ATTRIBUTE, Form, LISTING, RECORD, Table},
    values,
};

/// What is posted.
#[derive(Serialize)]
struct Question<'a> {
    citizen_number: &'a str,
    classes: Vec<&'a str>,
    lists: Vec<&'a str>,
    fields: Vec<&'a str>,
}

/// The body of a request.
pub(super) fn question(person: &Personal<CitizenNumber>, plan: &FetchPlan) -> Result<Zeroizing<Vec<u8>>, HttpFault> {
    person.disclose(|number| {
        let question = Question {
            citizen_number: number.as_str(),
            classes: plan.classes().iter().map(ClassName::as_str).collect(),
            lists: plan.lists().iter().map(|list| list.as_str()).collect(),
            fields: plan.attributes().iter().map(FieldName::as_str).collect(),
        };
        // Room enough, so that no half-written copy of the number is left behind.
        let mut body = Zeroizing::new(Vec::with_capacity(16 * 1024));
        serde_json::to_writer(&mut *body, &question).map_err(|_| HttpFault::Broken)?;
        Ok(body)
    })
}

/// The history in an answer: only what was asked for. What else stands in it is passed over.
///
/// # Errors
/// What does not fit; then nothing of it is used.
pub(super) fn history(text: &str, asked: &Asked, domain: &Domain) -> Result<History, HttpFault> {
    bounded(text)?;
    let found = members(text, &["citizen_number", "records", "listings", "attributes"], false, "the answer")?;
    let [number, records, listings, attributes] = found.as_slice() else { return Err(HttpFault::Broken) };
    let read = Reading { number: about(*number, &asked.person)?, domain };
    let plan = &asked.plan;
    let mut history = History::default();
    if !plan.classes().is_empty() {
        let rows = elements(records.ok_or_else(|| HttpFault::Missing("records".to_owned()))?, "records")?;
        let names: Vec<_> = plan.classes().iter().map(ClassName::as_str).collect();
        let asked = asked_for(&rows, "class", &names, "records")?;
        let all = asked.into_iter().map(|(at, row)| read.row(&RECORD, row, "records", at).and_then(record));
        history.records = all.collect::<Result<_, _>>()?;
    }
    if !plan.lists().is_empty() {
        let rows = elements(listings.ok_or_else(|| HttpFault::Missing("listings".to_owned()))?, "listings")?;
        let names: Vec<_> = plan.lists().iter().map(|list| list.as_str()).collect();
        let asked = asked_for(&rows, "list", &names, "listings")?;
        let all = asked.into_iter().map(|(at, row)| read.row(&LISTING, row, "listings", at).and_then(listing));
        history.listings = all.collect::<Result<_, _>>()?;
    }
    if !plan.attributes().is_empty() {
        let values = attributes.ok_or_else(|| HttpFault::Missing("attributes".to_owned()))?.get();
        let names: Vec<_> = plan.attributes().iter().map(FieldName::as_str).collect();
        let values = members(values, &names, false, "attributes")?;
        let named = plan.attributes().iter().zip(values).enumerate();
        let all = named.filter_map(|(at, (field, value))| Some(read.attribute(field, value?, at)));
        history.attributes = all.collect::<Result<_, _>>()?;
    }
    Ok(history)
}

/// The rows of what was asked for, each with its place. The others are passed over unread: that a class is there which nobody may
/// ask for, nobody is told. A name that differs from one that was asked for by writing alone is meant for it, and will not fit.
fn asked_for<'a>(
    rows: &[&'a RawValue],
    member: &str,
    names: &[&str],
    place: &str,
) -> Result<Vec<(usize, &'a RawValue)>, HttpFault> {
    let mut asked = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let found = members(row.get(), &[member], false, place)?.into_iter().next().flatten();
        let Some(Scalar::Text(name)) = found.map(|raw| scalar(raw, member)).transpose()? else {
            return Err(HttpFault::Untyped(member.to_owned()));
        };
        let folded = name.trim().to_lowercase().replace(['_', ' '], "-");
        if names.contains(&folded.as_str()) {
            asked.push((at, *row));
        }
    }
    Ok(asked)
}

/// The number in its canonical form, where the answer is about who was asked about.
fn about(raw: Option<&RawValue>, person: &Personal<CitizenNumber>) -> Result<Zeroizing<String>, HttpFault> {
    const PLACE: &str = "citizen_number";
    let Scalar::Text(text) = scalar(raw.ok_or_else(|| HttpFault::Missing(PLACE.to_owned()))?, PLACE)? else {
        return Err(HttpFault::Untyped(PLACE.to_owned()));
    };
    let found = CitizenNumber::parse(&text).map_err(|_| HttpFault::Untyped(PLACE.to_owned()))?;
    found.disclose(|found| {
        let is_same = person.disclose(|person| person.as_str() == found.as_str());
        if is_same { Ok(Zeroizing::new(found.as_str().to_owned())) } else { Err(HttpFault::AnotherPerson) }
    })
}

/// What every row is read with.
struct Reading<'a> {
    number: Zeroizing<String>,
    domain: &'a Domain,
}

impl Reading<'_> {
    /// The values of a row in the order of the table's columns, each of its form.
    fn row(&self, table: &Table, raw: &RawValue, place: &str, at: usize) -> Result<Row, HttpFault> {
        let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
        let found = members(raw.get(), &names, false, place)?;
        let mut values = Vec::with_capacity(names.len());
        for ((name, form), raw) in table.columns.iter().zip(found) {
            let value = match form {
                Form::Number => Some(self.number.to_string()),
                Form::Whole => Some(at.to_string()),
                Form::Class
                | Form::List
                | Form::Field
                | Form::Severity
                | Form::Day
                | Form::SomeDay
                | Form::SomeAmount
                | Form::Flag
                | Form::Scalar => match (raw.map(|raw| scalar(raw, name)).transpose()?, form) {
                    (None | Some(Scalar::Null), _) => None,
                    (Some(Scalar::Bool(value)), Form::Flag) => Some(u8::from(value).to_string()),
                    (Some(Scalar::Number(digits)), Form::SomeAmount) => Some(digits.to_owned()),
                    (Some(Scalar::Text(_)), Form::SomeAmount)
                    | (Some(Scalar::Text(_) | Scalar::Number(_)), Form::Flag)
                    | (Some(Scalar::Bool(_) | Scalar::Number(_)), _) => {
                        return Err(HttpFault::Untyped((*name).to_owned()));
                    }
                    (Some(Scalar::Text(text)), _) => Some(text.into_owned()),
                },
            };
            values.push(value);
        }
        self.checked(table, values, at)
    }

    fn attribute(&self, field: &FieldName, raw: &RawValue, at: usize) -> Result<Attribute, HttpFault> {
        scalar(raw, "attributes")?;
        let values = vec![Some(self.number.to_string()), Some(field.as_str().to_owned()), Some(raw.get().to_owned())];
        let Row { values, .. } = self.checked(&ATTRIBUTE, values, at)?;
        let value = values.get(2).and_then(Option::as_deref).and_then(values::scalar);
        Ok(Attribute { field: field.clone(), value: value.ok_or_else(|| HttpFault::Untyped("attributes".to_owned()))? })
    }

    fn checked(&self, table: &Table, values: Vec<Option<String>>, at: usize) -> Result<Row, HttpFault> {
        let mut first: Option<RowFault> = None;
        let nr = u64::try_from(at).map_or(u64::MAX, |at| at.saturating_add(1));
        check_row(table, &values, nr, self.domain, &mut |fault, _| {
            first.get_or_insert(fault);
        });
        first.map_or(Ok(Row { columns: table.columns, values }), |fault| Err(HttpFault::Row(fault)))
    }
}

/// A row whose values were checked.
struct Row {
    columns: &'static [(&'static str, Form)],
    values: Vec<Option<String>>,
}

impl Row {
    fn text(&self, name: &'static str) -> Option<&str> {
        let at = self.columns.iter().position(|(column, _)| *column == name)?;
        self.values.get(at)?.as_deref()
    }

    fn read<T>(&self, name: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<T, HttpFault> {
        self.text(name).and_then(parse).ok_or_else(|| HttpFault::Untyped(name.to_owned()))
    }

    fn some_day(&self, name: &'static str) -> Result<Option<Date>, HttpFault> {
        self.text(name).map(|text| values::day(text).ok_or_else(|| HttpFault::Untyped(name.to_owned()))).transpose()
    }

    fn some_amount(&self, name: &'static str) -> Result<Option<u64>, HttpFault> {
        self.text(name).map(|text| text.parse().map_err(|_| HttpFault::Untyped(name.to_owned()))).transpose()
    }
}

fn record(row: Row) -> Result<Record, HttpFault> {
    Ok(Record {
        class: row.read("class", |text| ClassName::parse(text).ok())?,
        severity: row.read("severity", Severity::parse)?,
        act: row.read("act", values::day)?,
        determined: row.read("determined", values::day)?,
        sentence_end: row.some_day("sentence_end")?,
        effect_end: row.some_day("effect_end")?,
        repaired: row.some_day("repaired")?,
        repair_revoked: row.some_day("repair_revoked")?,
        disputed: row.text("disputed") == Some("1"),
        performed: row.some_day("performed")?,
        amount: row.some_amount("amount")?,
    })
}

fn listing(row: Row) -> Result<Listing, HttpFault> {
    Ok(Listing {
        list: row.read("list", List::parse)?,
        from: row.read("since", values::day)?,
        until: row.some_day("until")?,
        disputed: row.text("disputed") == Some("1"),
    })
}
