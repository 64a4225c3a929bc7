//! A row of claims: what several queries of one batch reserved, together, so that a batch writes and removes few rows.

use uuid::Uuid;

use super::tally::Held;
use crate::state::Key;

/// Before what is written like this; a row of a release before is JSON, of one query.
const SEVERAL: u8 = 1;
/// Bytes of the largest row: what is larger is kept apart from its table, in pieces.
const MOST: usize = 1_800;

const STAFF: u8 = 1;
const CASE: u8 = 2;
const PERSONS: u8 = 4;
const USE: u8 = 8;
const FIRST: u8 = 16;
const REPEATS: u8 = 32;

/// What a row says.
pub(super) type Reserved = Vec<(Uuid, Held)>;

/// A row that is to be written, and whose it is.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) text: Vec<u8>,
    pub(super) queries: Vec<Uuid>,
}

/// Rows for all of them. A row has the id of its first query.
pub(super) fn rows<'h>(all: impl Iterator<Item = (Uuid, &'h Held)>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (id, held) in all {
        let mut one = Vec::with_capacity(128);
        put(&mut one, id, held);
        match rows.last_mut().filter(|row| row.text.len() + one.len() <= MOST) {
            Some(row) => {
                row.text.extend(one);
                row.queries.push(id);
            }
            None => rows.push(Row { id, text: [&[SEVERAL], &one[..]].concat(), queries: vec![id] }),
        }
    }
    rows
}

/// One row of all of them.
pub(super) fn text(all: &Reserved) -> Vec<u8> {
    let mut text = vec![SEVERAL];
    all.iter().for_each(|(id, held)| put(&mut text, *id, held));
    text
}

/// What the row of that id says.
pub(super) fn parse(id: Uuid, text: &[u8]) -> Option<Reserved> {
    match text.split_first()? {
        (&SEVERAL, mut rest) => {
            let mut all = Reserved::new();
            while !rest.is_empty() {
                all.push(take(&mut rest)?);
            }
            Some(all)
        }
        (b'{', _) => Some(vec![(id, serde_json::from_slice(text).ok()?)]),
        _ => None,
    }
}

fn put(text: &mut Vec<u8>, id: Uuid, held: &Held) {
    let Held { institution, staff, case, person, persons, use_, first, repeats, until } = held;
    let has = |is_there: bool, flag: u8| if is_there { flag } else { 0 };
    text.extend(id.as_bytes());
    text.push(
        has(staff.is_some(), STAFF)
            | has(case.is_some(), CASE)
            | has(persons.is_some(), PERSONS)
            | has(use_.is_some(), USE)
            | has(first.is_some(), FIRST)
            | has(repeats.is_some(), REPEATS),
    );
    text.extend(until.to_be_bytes());
    text.extend(u32::try_from(institution.len()).unwrap_or(u32::MAX).to_be_bytes());
    text.extend(institution.as_bytes());
    let (consent, number) = use_.unzip();
    [*staff, *case, Some(*person), *persons, consent, *first, *repeats]
        .iter()
        .flatten()
        .for_each(|key| text.extend(key));
    text.extend(number.map(i32::to_be_bytes).iter().flatten());
}

fn take(rest: &mut &[u8]) -> Option<(Uuid, Held)> {
    let id = Uuid::from_bytes(array(rest)?);
    let [flags] = array(rest)?;
    let until = i64::from_be_bytes(array(rest)?);
    let length = usize::try_from(u32::from_be_bytes(array(rest)?)).ok()?;
    let (institution, after) = rest.split_at_checked(length)?;
    *rest = after;
    let mut key = |flag: u8| -> Option<Option<Key>> {
        if flag == 0 || flags & flag != 0 { Some(Some(array(rest)?)) } else { Some(None) }
    };
    let (staff, case, person, persons) = (key(STAFF)?, key(CASE)?, key(0)??, key(PERSONS)?);
    let (consent, first, repeats) = (key(USE)?, key(FIRST)?, key(REPEATS)?);
    let use_ = match consent {
        Some(consent) => Some((consent, i32::from_be_bytes(array(rest)?))),
        None => None,
    };
    let institution = String::from_utf8(institution.to_vec()).ok()?;
    Some((id, Held { institution, staff, case, person, persons, use_, first, repeats, until }))
}

fn array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (array, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*array)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(nr: u8) -> Held {
        let key = |of: u8| (nr & of != 0).then_some([nr ^ of; 16]);
        Held {
            institution: "住房局".repeat(usize::from(nr % 3)),
            staff: key(STAFF),
            case: key(CASE),
            person: [nr; 16],
            persons: key(PERSONS),
            use_: key(USE).map(|key| (key, i32::from(nr) - 9)),
            first: key(FIRST),
            repeats: key(REPEATS),
            until: i64::from(nr) << 40,
        }
    }

    fn several(count: u8) -> Reserved {
        (0..count).map(|nr| (Uuid::from_u128(u128::from(nr) << 64 | 1), held(nr))).collect()
    }

    #[test]
    fn what_is_cut_off_or_of_another_form_is_not_read_as_less() {
        let all = several(64);
        let text = text(&all);
        let ends: Vec<usize> = (0..=all.len()).map(|count| super::text(&all[..count].to_vec()).len()).collect();
        for length in 0..text.len() {
            let parsed = parse(Uuid::nil(), &text[..length]);
            assert_eq!(parsed.is_some(), ends.contains(&length), "{length}");
        }
        assert_eq!(parse(Uuid::nil(), b"[]"), None);
        assert_eq!(parse(Uuid::nil(), &[2]), None);
        assert_eq!(parse(Uuid::nil(), br#"{"institution":"housing"}"#), None);
    }

    #[test]
    fn rows_hold_all_of_them_and_none_is_too_large() {
        let all = several(255);
        let rows = rows(all.iter().map(|(id, held)| (*id, held)));
        assert!(
            rows.len() > 1 && rows.iter().all(|row| row.text.len() <= MOST && row.queries.first() == Some(&row.id))
        );
        let read: Reserved = rows.iter().flat_map(|row| parse(row.id, &row.text).unwrap()).collect();
        assert_eq!(read, all);
        assert_eq!(
            rows.into_iter().flat_map(|row| row.queries).collect::<Vec<_>>(),
            all.iter().map(|(id, _)| *id).collect::<Vec<_>>()
        );
        assert_eq!(parse(Uuid::nil(), &text(&all)), Some(all));
    }

    #[test]
    fn a_row_of_the_release_before_is_one_query() {
        let id = Uuid::from_u128(7);
        let text = format!(
            r#"{{"institution":"housing","staff":null,"case":{key:?},"person":{key:?},"persons":null,"use_":[{key:?},3],"first":null,"repeats":null,"until":5}}"#,
            key = [9_u8; 16]
        );
        let (key, use_) = (Some([9; 16]), Some(([9; 16], 3)));
        let held = Held {
            institution: "housing".to_owned(),
            case: key,
            person: [9; 16],
            use_,
            until: 5,
            staff: None,
            persons: None,
            first: None,
            repeats: None,
        };
        assert_eq!(parse(id, text.as_bytes()), Some(vec![(id, held)]));
    }
}
