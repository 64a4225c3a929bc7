//! What the stores returned about a person, compact, for the sealed part of the record.

use credit_policy::{FieldName, History, Value};
use jiff::civil::Date;
use serde::Serialize;

/// What the store told, compact: `{"records":[[class, severity, act, determined, sentence end, effect end, repaired,
/// repair revoked, disputed], …],"listings":[[list, from, until, disputed], …],"attributes":[[field, value], …]}`. A
/// field that another gateway answered stands among the attributes. A record of which the day of performance or the amount is known has both after `disputed`. Where that does not fit into the sealed part, `counts` and a digest of it stand there.
#[must_use]
pub(super) fn store_summary(history: &History, elsewhere: &[(FieldName, Value)]) -> String {
    let date = |date: Option<Date>| date.map(|date| date.to_string());
    let records = history.records.iter().map(|r| {
        let (act, determined) = (r.act.to_string(), r.determined.to_string());
        let (sentence, effect) = (date(r.sentence_end), date(r.effect_end));
        let (repaired, revoked) = (date(r.repaired), date(r.repair_revoked));
        let (class, severity, performed) = (r.class.as_str(), r.severity.as_str(), date(r.performed));
        match (performed, r.amount) {
            (None, None) => json(&(class, severity, act, determined, sentence, effect, repaired, revoked, r.disputed)),
            (performed, amount) => json(&(
                class, severity, act, determined, sentence, effect, repaired, revoked, r.disputed, performed, amount,
            )),
        }
    });
    let listings =
        history.listings.iter().map(|l| json(&(l.list.as_str(), l.from.to_string(), date(l.until), l.disputed)));
    let own = history.attributes.iter().map(|a| (&a.field, &a.value));
    let elsewhere = elsewhere.iter().map(|(field, value)| (field, value));
    let attributes = own.chain(elsewhere).map(|(field, value)| json(&(field.as_str(), value)));
    let mut told = String::with_capacity(256);
    part(&mut told, "{\"records\":[", records);
    part(&mut told, "],\"listings\":[", listings);
    part(&mut told, "],\"attributes\":[", attributes);
    told.push_str("]}");
    told
}

fn part(told: &mut String, open: &str, rows: impl Iterator<Item = String>) {
    told.push_str(open);
    for (number, row) in rows.enumerate() {
        if number > 0 {
            told.push(',');
        }
        told.push_str(&row);
    }
}

fn json(row: &impl Serialize) -> String {
    serde_json::to_string(row).unwrap_or_default()
}
