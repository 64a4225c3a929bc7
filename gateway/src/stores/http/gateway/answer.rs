//! What is believed of another gateway's answer: that it is of our query, by the echo of its id and log; that it is on the
//! other gateway's record, by a receipt that its key signed; and values of the fields that were asked for, each within its
//! domain. What else stands in it is passed over.

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::{
    leaf::{Base64, RemoteLeaf},
    note::VerifierKey,
    proof::{Proof, ProofError},
};
use credit_policy::{FieldName, Permit, Value};
use jiff::civil::Date;
use serde_json::value::RawValue;

use super::{fault::GatewayFault, question::EndQuery};
use crate::stores::{
    fault::StoreFault,
    http::{
        fault::HttpFault,
        json::{Scalar, bounded, elements, members, scalar},
    },
    values,
};

/// What another gateway answered.
pub(crate) struct Elsewhere {
    /// Each field that it was asked for, with its value.
    pub(crate) values: Vec<(FieldName, Value)>,
    /// Those that rest on disputed records.
    pub(crate) marks: Vec<FieldName>,
    /// The last day on which its answer may be kept.
    pub(crate) keep_until: Date,
    /// Whether the person must be informed of an automated decision.
    pub(crate) automated_decision_notice: bool,
    /// The leaf that it made of it.
    pub(crate) leaf: RemoteLeaf,
}

/// Reads an answer.
///
/// # Errors
/// What of it is not as it must be; then nothing of it is used.
pub(super) fn read(
    text: &str,
    permit: &Permit,
    fields: &[FieldName],
    end: &EndQuery,
    keys: &[VerifierKey],
) -> Result<Elsewhere, StoreFault> {
    bounded(text)?;
    let names = ["on_behalf", "scenario", "data", "marks", "obligations", "receipt"];
    let found = members(text, &names, false, "the answer")?;
    let [on_behalf, scenario, data, marks, obligations, receipt] = found.as_slice() else {
        return Err(HttpFault::Broken.into());
    };
    let asked_by = members(there(*on_behalf, "on_behalf")?.get(), &["origin", "query"], false, "on_behalf")?;
    let echoed: Vec<_> = asked_by
        .iter()
        .map(|raw| there(*raw, "on_behalf").and_then(|raw| text_of(raw, "on_behalf")))
        .collect::<Result<_, _>>()?;
    let scenario = text_of(there(*scenario, "scenario")?, "scenario")?;
    if echoed != [end.origin.clone(), end.query.to_string()] || scenario != permit.scenario().name().as_str() {
        return Err(GatewayFault::OtherQuery.into());
    }
    let leaf = leaf(there(*receipt, "receipt")?, keys)?;
    let (keep_until, automated_decision_notice) = obligations_of(there(*obligations, "obligations")?)?;
    Ok(Elsewhere {
        values: values_of(there(*data, "data")?, permit, fields)?,
        marks: marks_of(there(*marks, "marks")?, fields)?,
        keep_until,
        automated_decision_notice,
        leaf,
    })
}

fn there<'a>(raw: Option<&'a RawValue>, name: &str) -> Result<&'a RawValue, HttpFault> {
    raw.ok_or_else(|| HttpFault::Missing(name.to_owned()))
}

fn text_of(raw: &RawValue, place: &str) -> Result<String, HttpFault> {
    match scalar(raw, place)? {
        Scalar::Text(text) => Ok(text.into_owned()),
        Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) => Err(HttpFault::Untyped(place.to_owned())),
    }
}

/// The leaf that the other gateway made, once its receipt was verified: index and hash are signed with the tree.
fn leaf(receipt: &RawValue, keys: &[VerifierKey]) -> Result<RemoteLeaf, StoreFault> {
    let found = members(receipt.get(), &["log", "index", "leaf", "tlog_proof"], false, "receipt")?;
    let [log, index, leaf, proof] = found.as_slice() else { return Err(HttpFault::Broken.into()) };
    let log = text_of(there(*log, "receipt.log")?, "receipt.log")?;
    let untyped = |place: &str| HttpFault::Untyped(place.to_owned());
    let index: u64 = there(*index, "receipt.index")?.get().parse().map_err(|_| untyped("receipt.index"))?;
    let leaf = text_of(there(*leaf, "receipt.leaf")?, "receipt.leaf")?;
    let hash = STANDARD.decode(leaf).ok().and_then(|hash| <[u8; 32]>::try_from(hash).ok());
    let hash = hash.ok_or_else(|| untyped("receipt.leaf"))?;
    let proof = text_of(there(*proof, "receipt.tlog_proof")?, "receipt.tlog_proof")?;
    let proof = Proof::parse(&proof).map_err(GatewayFault::from)?;
    let other = || GatewayFault::Receipt(ProofError::Form("another log or index than the receipt names"));
    let key = keys.iter().find(|key| key.name() == log).ok_or_else(other)?;
    proof.verify(&hash, key).map_err(GatewayFault::from)?;
    if proof.index != index {
        return Err(other().into());
    }
    Ok(RemoteLeaf { origin: log, index, leaf: Base64(hash) })
}

fn values_of(data: &RawValue, permit: &Permit, fields: &[FieldName]) -> Result<Vec<(FieldName, Value)>, StoreFault> {
    let names: Vec<_> = fields.iter().map(FieldName::as_str).collect();
    let found = members(data.get(), &names, false, "data")?;
    let mut values = Vec::with_capacity(fields.len());
    for (field, raw) in fields.iter().zip(found) {
        let outside = || GatewayFault::Domain(field.clone());
        let value = match scalar(there(raw, field.as_str())?, field.as_str())? {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => Value::Bool(value),
            Scalar::Number(digits) => Value::Int(digits.parse().map_err(|_| outside())?),
            Scalar::Text(text) => Value::Text(text.into_owned()),
        };
        if !permit.admits(field, &value) {
            return Err(outside().into());
        }
        values.push((field.clone(), value));
    }
    Ok(values)
}

fn marks_of(marks: &RawValue, fields: &[FieldName]) -> Result<Vec<FieldName>, StoreFault> {
    let named = elements(marks, "marks")?;
    let named: Vec<_> = named.into_iter().map(|raw| text_of(raw, "marks")).collect::<Result<_, _>>()?;
    Ok(fields.iter().filter(|field| named.iter().any(|name| name == field.as_str())).cloned().collect())
}

fn obligations_of(obligations: &RawValue) -> Result<(Date, bool), StoreFault> {
    let wanted = ["keep_until", "automated_decision_notice"];
    let found = members(obligations.get(), &wanted, false, "obligations")?;
    let [keep_until, notice] = found.as_slice() else { return Err(HttpFault::Broken.into()) };
    let day = text_of(there(*keep_until, "keep_until")?, "keep_until")?;
    let day = values::day(&day).ok_or_else(|| HttpFault::Untyped("keep_until".to_owned()))?;
    let place = "automated_decision_notice";
    match scalar(there(*notice, place)?, place)? {
        Scalar::Bool(notice) => Ok((day, notice)),
        Scalar::Null | Scalar::Number(_) | Scalar::Text(_) => Err(HttpFault::Untyped(place.to_owned()).into()),
    }
}
