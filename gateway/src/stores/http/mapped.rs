//! Answers of an interface that knows nothing of the gateway, read through a map.

use std::collections::HashSet;

use http_body_util::Full;
use hyper::{
    Method, Request,
    body::Bytes,
    header::{HeaderName, HeaderValue},
};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{
    address::Address,
    exchange::{self, Answer},
    fault::HttpFault,
    json::{Scalar, bounded, elements, members, scalar},
};
use crate::stores::{
    fault::StoreFault,
    map::{self, Cell, NumberIn, Reading, Select},
};

/// What stands for the number in a body.
const NUMBER: &str = "{citizen_number}";

/// The request of one question about one number. In the target of it the number stands only where the map says that the
/// interface takes it nowhere else.
///
/// # Errors
/// [`HttpFault::Broken`] where the map makes no request.
pub(super) fn request(
    asked: &map::Request,
    number: &str,
    address: &Address,
) -> Result<Request<Full<Bytes>>, HttpFault> {
    let method = match asked.method {
        map::Method::Get => Method::GET,
        map::Method::Post => Method::POST,
    };
    if !asked.path.starts_with('/') {
        return Err(HttpFault::Broken);
    }
    let path = Zeroizing::new(format!("{}{}", address.path.trim_end_matches('/'), asked.path));
    let bare = |body| exchange::request(method.clone(), &address.authority, &path, body);
    match &asked.number_in {
        NumberIn::Body(template) => bare(Zeroizing::new(template.replace(NUMBER, number).into_bytes())),
        NumberIn::Header(name) => {
            let mut request = bare(Zeroizing::default())?;
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| HttpFault::Broken)?;
            let mut value = HeaderValue::from_str(number).map_err(|_| HttpFault::Broken)?;
            value.set_sensitive(true);
            request.headers_mut().insert(name, value);
            Ok(request)
        }
        NumberIn::Parameter(name) => {
            let target = Zeroizing::new(format!("{}?{name}={number}", *path));
            exchange::request(method.clone(), &address.authority, &target, Zeroizing::default())
        }
    }
}

/// The rows of an answer, which must say that it is in order and whole where the map knows how.
///
/// # Errors
/// What is wrong with it.
fn rows<'a>(text: &'a str, asked: &map::Request, any_case: bool) -> Result<Vec<&'a RawValue>, HttpFault> {
    bounded(text)?;
    let whole: &RawValue = serde_json::from_str(text).map_err(|_| HttpFault::NoJson(super::json::DEPTH))?;
    if let Some((path, texts)) = &asked.ok {
        says_ok(whole, path, texts, any_case)?;
    }
    let place = asked.rows.join(".");
    let rows = at(whole, &asked.rows, any_case)?.ok_or_else(|| HttpFault::Missing(place.clone()))?;
    let rows = elements(rows, &place)?;
    if let Some(path) = &asked.total {
        let place = path.join(".");
        let total = at(whole, path, any_case)?.ok_or_else(|| HttpFault::Missing(place.clone()))?;
        let total = match scalar(total, &place)? {
            Scalar::Number(text) => text.parse::<usize>().ok(),
            Scalar::Text(text) => text.parse::<usize>().ok(),
            Scalar::Null | Scalar::Bool(_) => None,
        };
        if total != Some(rows.len()) {
            return Err(HttpFault::Partial(place));
        }
    }
    Ok(rows)
}

/// That an answer says of itself that it is in order.
///
/// # Errors
/// [`HttpFault::NotOk`] where it does not.
pub(in crate::stores) fn says_ok(
    whole: &RawValue,
    path: &[String],
    texts: &[String],
    any_case: bool,
) -> Result<(), HttpFault> {
    let place = path.join(".");
    let is_ok = match at(whole, path, any_case)?.map(|raw| scalar(raw, &place)).transpose()? {
        Some(Scalar::Text(text)) => texts.iter().any(|ok| *ok == text),
        Some(Scalar::Number(text)) => texts.iter().any(|ok| ok == text),
        Some(Scalar::Bool(value)) => texts.iter().any(|ok| *ok == value.to_string()),
        Some(Scalar::Null) | None => false,
    };
    if is_ok { Ok(()) } else { Err(HttpFault::NotOk(place)) }
}

/// Gives the rows of the answers to one question to a reading. An interface that makes no difference between `X` and `x`
/// answers the same rows to both spellings of a number: those count once.
///
/// # Errors
/// What of them is no answer, or does not fit the map.
pub(super) fn read(
    reading: &mut Reading<'_>,
    select: &Select,
    answers: &[Answer],
    any_case: bool,
) -> Result<(), StoreFault> {
    let Some(asked) = select.source().request() else { return Err(HttpFault::Broken.into()) };
    let texts = answers.iter().map(Answer::text).collect::<Result<Vec<_>, _>>()?;
    let mut before: HashSet<&str> = HashSet::new();
    for text in &texts {
        let new: Vec<_> = rows(text, asked, any_case)?.into_iter().filter(|row| !before.contains(row.get())).collect();
        for row in &new {
            cells(row, select, any_case, |cells| reading.row(select, cells))?.map_err(StoreFault::Mapped)?;
        }
        before.extend(new.iter().map(|row| row.get()));
    }
    Ok(())
}

/// The cells of a row, in the order of the columns of its question, lent to `take`.
///
/// # Errors
/// What of the row is no cell.
fn cells<T>(
    row: &RawValue,
    select: &Select,
    any_case: bool,
    take: impl FnOnce(&[Cell<'_>]) -> T,
) -> Result<T, HttpFault> {
    let paths: Vec<(usize, &[String])> =
        select.columns().iter().enumerate().map(|(place, column)| (place, column.path())).collect();
    let mut found: Vec<Option<Scalar<'_>>> = paths.iter().map(|_| None).collect();
    gather(row, &paths, any_case, &mut found)?;
    let cells: Vec<Cell<'_>> = found.iter().map(cell).collect();
    Ok(take(&cells))
}

fn cell<'a>(found: &'a Option<Scalar<'_>>) -> Cell<'a> {
    match found {
        None | Some(Scalar::Null) => Cell::Null,
        Some(Scalar::Bool(value)) => Cell::Bool(*value),
        Some(Scalar::Number(digits)) => Cell::Number(digits),
        Some(Scalar::Text(text)) => Cell::Text(text),
    }
}

/// Fills in what stands at the paths below an object, one pass a level.
fn gather<'a>(
    object: &'a RawValue,
    paths: &[(usize, &[String])],
    any_case: bool,
    found: &mut [Option<Scalar<'a>>],
) -> Result<(), HttpFault> {
    let mut heads: Vec<&str> = paths.iter().filter_map(|(_, path)| path.first()).map(String::as_str).collect();
    heads.sort_unstable();
    heads.dedup();
    let values = members(object.get(), &heads, any_case, "a row")?;
    for (head, value) in heads.iter().zip(values) {
        let Some(value) = value else { continue };
        let mut below = Vec::new();
        for (place, path) in paths {
            match path.split_first() {
                Some((first, rest)) if first == head && rest.is_empty() => {
                    if let Some(slot) = found.get_mut(*place) {
                        *slot = Some(scalar(value, head)?);
                    }
                }
                Some((first, rest)) if first == head => below.push((*place, rest)),
                Some(_) | None => {}
            }
        }
        if !below.is_empty() && value.get() != "null" {
            gather(value, &below, any_case, found)?;
        }
    }
    Ok(())
}

/// What stands at a path; nothing where it is not there.
fn at<'a>(whole: &'a RawValue, path: &[String], any_case: bool) -> Result<Option<&'a RawValue>, HttpFault> {
    let mut here = whole;
    for name in path {
        let found = members(here.get(), &[name.as_str()], any_case, name)?;
        match found.into_iter().next().flatten() {
            Some(next) if next.get() != "null" => here = next,
            Some(_) | None => return Ok(None),
        }
    }
    Ok(Some(here))
}
