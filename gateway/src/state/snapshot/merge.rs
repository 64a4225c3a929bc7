//! The next snapshot from the one before and from what came after it: table by table, one sorted run through both, so
//! that it takes no memory for the rows, however many there are.

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Read, Write},
};

use jiff::Timestamp;

use super::{
    file::{Head, Reader, Writer},
    rows::{Row, UseRow},
};
use crate::state::{
    cases,
    consent::Consent,
    day::{Day, InScope, Scope},
    key::Key,
    projection::{ConsentName, Projection, UseEvent},
    table::Table,
    usage::seconds,
};

/// Writes what `old` and everything in `later` amount to. `root` is the log's root at the size that `later` reached.
pub(super) fn merge<R: Read, W: Write>(
    mut old: Option<(Reader<R>, Head)>,
    mut later: Projection,
    origin: &str,
    root: &str,
    out: W,
) -> io::Result<W> {
    let uses = later.take_uses();
    let (ledger, usage) = later.finish();
    let (mut reader, old) = match old.take() {
        Some((reader, head)) => (Some(reader), head),
        None => (None, Head::default()),
    };
    let at = usage.at;
    let same_day = usage.day.date == old.day;
    let mut scopes = if same_day { old.scopes } else { Vec::new() };
    let places = Places::new(&mut scopes, &usage.day);
    let mut months: Vec<_> = usage.cases.months().map(|(month, _)| month).chain(old.months.iter().copied()).collect();
    months.sort_unstable();
    months.dedup();
    months.retain(|month| !cases::is_over(*month, at));
    let head = Head {
        origin: origin.to_owned(),
        root: root.to_owned(),
        at,
        day: usage.day.date,
        scopes,
        months: months.clone(),
        ledger,
    };
    let mut out = Writer::begin(out, &head)?;

    // Months that are over stand first in the old file, or else they would not be over.
    for _ in old.months.iter().filter(|month| cases::is_over(**month, at)) {
        Old { reader: reader.as_mut() }.skip::<u16>()?;
    }
    let none = Table::default();
    for month in &months {
        let of_month = usage.cases.months().find(|(new, _)| new == month).map_or(&none, |(_, counts)| counts);
        let mut rows = Old { reader: reader.as_mut().filter(|_| old.months.contains(month)) };
        join(
            &mut rows,
            of_month.iter().map(|(key, count)| (key, *count)),
            &mut out,
            |_| true,
            |old, new| {
                *old = old.saturating_add(new);
            },
        )?;
    }
    for table in [&usage.day.people, &usage.day.staff] {
        if !same_day {
            Old { reader: reader.as_mut() }.skip::<InScope>()?;
        }
        let mut rows = Old { reader: reader.as_mut().filter(|_| same_day) };
        let placed = table.iter().map(|(key, counted)| (key, places.placed(counted)));
        join(&mut rows, placed, &mut out, |_| true, |old, new| old.add(new.count))?;
    }
    join_uses(&mut Old { reader: reader.as_mut() }, uses, at, &mut out)?;
    let mut rows = Old { reader: reader.as_mut() };
    let withdrawn = usage.revoked.iter().map(|(key, until)| (key, *until));
    join(&mut rows, withdrawn, &mut out, |until| *until >= seconds(at), |old, new| *old = new.max(*old))?;
    let mut rows = Old { reader: reader.as_mut() };
    let first = usage.idempotency.iter().map(|(key, first)| (key, *first));
    join(&mut rows, first, &mut out, |first| !first.is_over(at), |old, new| old.answered(new))?;
    // What was read is believed only now.
    reader.map_or(Ok(()), Reader::end)?;
    out.end()
}

/// The place of each scope of what came later: that which it has in the old file, or one behind those.
struct Places(Vec<u32>);

impl Places {
    fn new(names: &mut Vec<(String, String)>, later: &Day) -> Self {
        let mut known: HashMap<(String, String), u32> = names.iter().cloned().zip(0..).collect();
        let place = |scope: &Scope| {
            let name = (scope.institution.clone(), scope.group.clone());
            *known.entry(name).or_insert_with_key(|name| {
                names.push(name.clone());
                u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
            })
        };
        Self(later.scopes().iter().map(place).collect())
    }

    fn placed(&self, counted: &InScope) -> InScope {
        let place = usize::try_from(counted.scope).ok().and_then(|place| self.0.get(place));
        InScope { scope: place.copied().unwrap_or(u32::MAX), ..*counted }
    }
}

/// A table of the old file; nothing where there is none.
struct Old<'a, R: Read> {
    reader: Option<&'a mut Reader<R>>,
}

impl<R: Read> Old<'_, R> {
    fn next<T: Row>(&mut self) -> io::Result<Option<(Key, T)>> {
        self.reader.as_mut().map_or(Ok(None), |reader| reader.row())
    }

    fn skip<T: Row>(&mut self) -> io::Result<()> {
        while self.next::<T>()?.is_some() {}
        Ok(())
    }
}

/// Writes the rows of both, one row a key.
fn join<R: Read, W: Write, T: Row>(
    old: &mut Old<'_, R>,
    new: impl Iterator<Item = (Key, T)>,
    out: &mut Writer<W>,
    is_kept: impl Fn(&T) -> bool,
    both: impl Fn(&mut T, T),
) -> io::Result<()> {
    let mut new = new.peekable();
    let put = |out: &mut Writer<W>, key: &Key, value: &T| if is_kept(value) { out.row(key, value) } else { Ok(()) };
    while let Some((key, mut value)) = old.next::<T>()? {
        while let Some((key, value)) = new.next_if(|(next, _)| *next < key) {
            put(out, &key, &value)?;
        }
        if let Some((_, more)) = new.next_if(|(next, _)| *next == key) {
            both(&mut value, more);
        }
        put(out, &key, &value)?;
    }
    for (key, value) in new {
        put(out, &key, &value)?;
    }
    out.end_table()
}

/// Uses that came later, to be found by consent or by the leaf with its token; each with its place in the log's order.
#[derive(Default)]
struct Later {
    by_consent: BTreeMap<Key, Vec<(usize, UseEvent)>>,
    by_holder: HashMap<u64, Vec<(usize, UseEvent)>>,
}

impl Later {
    fn new(uses: Vec<UseEvent>) -> Self {
        let mut later = Self::default();
        for (place, event) in uses.into_iter().enumerate() {
            let uses = match event.consent {
                ConsentName::Token(consent, _) | ConsentName::Holder(_, Some(consent)) => {
                    later.by_consent.entry(consent).or_default()
                }
                ConsentName::Holder(holder, None) => later.by_holder.entry(holder).or_default(),
            };
            uses.push((place, event));
        }
        later
    }

    /// The first consent, if its key is below the given one.
    fn next_below(&mut self, key: Option<&Key>) -> Option<(Key, Vec<(usize, UseEvent)>)> {
        let first = self.by_consent.first_entry()?;
        key.is_none_or(|key| first.key() < key).then(|| first.remove_entry())
    }

    /// Everything about a consent that has these uses already.
    fn of(&mut self, consent: &Key, row: &Consent) -> Vec<(usize, UseEvent)> {
        let mut uses = self.by_consent.remove(consent).unwrap_or_default();
        for holder in row.uses().filter_map(|use_| use_.holder) {
            uses.extend(self.by_holder.remove(&holder).unwrap_or_default());
        }
        uses
    }
}

fn join_uses<R: Read, W: Write>(
    old: &mut Old<'_, R>,
    uses: Vec<UseEvent>,
    at: Timestamp,
    out: &mut Writer<W>,
) -> io::Result<()> {
    let mut later = Later::new(uses);
    let mut next = old.next::<UseRow>()?;
    while let Some((key, first)) = next {
        let mut rows = vec![first.use_];
        next = loop {
            match old.next::<UseRow>()? {
                Some((same, row)) if same == key => rows.push(row.use_),
                other => break other,
            }
        };
        while let Some((new, uses)) = later.next_below(Some(&key)) {
            put_consent(&new, None, uses, at, out)?;
        }
        if let Some(row) = Consent::restored(rows, first.expires) {
            let uses = later.of(&key, &row);
            put_consent(&key, Some(row), uses, at, out)?;
        }
    }
    while let Some((new, uses)) = later.next_below(None) {
        put_consent(&new, None, uses, at, out)?;
    }
    out.end_table()
}

fn put_consent<W: Write>(
    key: &Key,
    mut row: Option<Consent>,
    mut uses: Vec<(usize, UseEvent)>,
    at: Timestamp,
    out: &mut Writer<W>,
) -> io::Result<()> {
    uses.sort_unstable_by_key(|(place, _)| *place);
    for (_, UseEvent { consent, use_ }) in uses {
        match (consent, &mut row) {
            (ConsentName::Token(_, expires), Some(row)) => row.add(use_, expires),
            (ConsentName::Token(_, expires), none) => *none = Some(Consent::new(use_, expires)),
            (ConsentName::Holder(..), Some(row)) if row.takes(&use_) => row.add(use_, 0),
            // Of a consent that counts no longer.
            (ConsentName::Holder(..), _) => {}
        }
    }
    let Some(row) = row.filter(|row| !row.is_over(at)) else { return Ok(()) };
    let expires = row.expires();
    row.uses().try_for_each(|use_| out.row(key, &UseRow { use_, expires }))
}
