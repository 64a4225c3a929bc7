//! The roles of a source: how its rows become records, list entries and attributes.

use std::collections::BTreeMap;

use credit_policy::{Shape, Value, ValueType};

use super::{
    column::Form,
    fault::Wrong,
    file::{AttributeRow, CodeValue, ListingRow, RecordRow, Rows},
    loader::Loader,
    source::{AttributeRole, End, ListingRole, RecordRole},
};

/// Stands for a class that the map leaves out.
const LEFT_OUT: &str = "-";

pub(super) fn record(loader: &mut Loader<'_>, row: &RecordRow) -> Option<RecordRole> {
    let class = loader.given("class", row.class.as_ref(), row.class_by.as_ref(), |loader, name| {
        if name == LEFT_OUT { Some(None) } else { loader.class(name).map(Some) }
    });
    let severity =
        loader.given("severity", row.severity.as_ref(), row.severity_by.as_ref(), |_, severity| Some(*severity));
    let determined = loader.day(&row.determined, true);
    let mut some = |name: &Option<String>, begins| name.as_ref().and_then(|name| loader.day(name, begins));
    let act = some(&row.act, true);
    let sentence_end = some(&row.sentence_end, false);
    let effect_end = some(&row.effect_end, false);
    let repaired = some(&row.repaired, false);
    let repair_revoked = some(&row.repair_revoked, false);
    let performed = some(&row.performed, false);
    let published_until = some(&row.published_until, false);
    let is_amount = |form| matches!(form, Form::Money(_) | Form::WholeNumber);
    let amount = row.amount.as_ref().and_then(|name| loader.column(name, "money or whole-number", is_amount));
    let states = row.state.iter().filter_map(|state| loader.by_code(state, |_, state| Some(*state))).collect();
    Some(RecordRole {
        class: class?,
        severity: severity?,
        determined: determined?,
        act,
        sentence_end,
        effect_end,
        repaired,
        repair_revoked,
        performed,
        amount,
        states,
        published_until,
    })
}

pub(super) fn listing(loader: &mut Loader<'_>, row: &ListingRow) -> Option<ListingRole> {
    let list = loader.given("list", row.list.as_ref(), row.list_by.as_ref(), |_, list| Some(*list));
    let since = loader.day(&row.since, true);
    let end = match (&row.until, &row.last) {
        (Some(until), None) => loader.day(until, false).map(End::Until),
        (None, Some(last)) => loader.day(last, false).map(End::Last),
        (None, None) => None,
        (Some(_), Some(_)) => {
            loader.fault(None, Wrong::TwoEnds);
            None
        }
    };
    let states = row.state.iter().filter_map(|state| loader.by_code(state, |_, state| Some(*state))).collect();
    let published_until = row.published_until.as_ref().and_then(|name| loader.day(name, false));
    Some(ListingRole { list: list?, since: since?, end, states, published_until })
}

pub(super) fn attribute(loader: &mut Loader<'_>, row: &AttributeRow) -> Option<AttributeRole> {
    let catalogue = loader.catalogue;
    let field = catalogue.field(&row.field).filter(|field| field.shape() == Shape::Whole);
    let Some(field) = field else {
        loader.fault(None, Wrong::NoAttribute(row.field.clone()));
        return None;
    };
    let value_type = field.value_type();
    let (wants, fits): (_, fn(Form) -> bool) = match value_type {
        Some(ValueType::YesNo) => ("code", |form| form == Form::Code),
        Some(ValueType::WholeNumber) => {
            ("whole-number, money or code", |form| matches!(form, Form::WholeNumber | Form::Money(_) | Form::Code))
        }
        Some(ValueType::Day) => ("a form of dates", |form| matches!(form, Form::Day(_))),
        Some(ValueType::Text) => ("text, code, money or citizen-number", |form| !matches!(form, Form::Day(_))),
        None => ("a form", |_| true),
    };
    let column = loader.column(&row.column, wants, fits)?;
    let form = loader.form_at(column)?;
    if form == Form::Code && row.codes.is_none() {
        loader.fault(Some(&row.column), Wrong::CodesMissing);
    }
    if row.codes.is_some() && form != Form::Code {
        loader.fault(Some(&row.column), Wrong::OtherForm { has: form.as_str(), wants: "code" });
    }
    if row.rows == Rows::Any && value_type != Some(ValueType::YesNo) {
        loader.fault(Some(&row.field), Wrong::AnyOf);
    }
    let mut codes: Option<BTreeMap<String, Value>> = None;
    for (code, meaning) in row.codes.iter().flatten() {
        let value = match meaning {
            CodeValue::Bool(value) => Value::Bool(*value),
            CodeValue::Int(value) => Value::Int(*value),
            CodeValue::Text(value) => Value::Text(value.clone()),
        };
        if !field.admits(&value) {
            loader.fault(Some(&row.column), Wrong::NoValue(code.clone()));
        }
        codes.get_or_insert_default().insert(code.clone(), value);
    }
    let is_whole = value_type == Some(ValueType::WholeNumber);
    let class = field.classes().first().cloned();
    Some(AttributeRole { field: field.name().clone(), class, column, codes, rows: row.rows, is_whole })
}
