//! Finding a leaf by its id, without an index: a UUIDv7 says its millisecond, leaves stand in the order of their `at`,
//! so a search over the first leaf of each bundle leads to the few bundles in which it can be.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::leaf;
use crate::log::error::LookupError;
use crate::log::publish::proof_tree::Tree;
use crate::log::publish::spans::Span;
use crate::log::threads::shared::{Published, Shared};
use crate::tile::{self, FULL_WIDTH, TileKind, TileName};
use crate::{merkle, proof};

/// A leaf is recorded at most this long after its id was made: far beyond every deadline of a query.
const AFTER: SignedDuration = SignedDuration::from_secs(60);
/// A leaf's `at` lies before its id's time only by a small step of the clock between the two.
const BEFORE: SignedDuration = SignedDuration::from_secs(2);
/// Bundles read after and before the id's place, at most: 65,536 and 8,192 leaves.
const BUNDLES_AFTER: u64 = 256;
const BUNDLES_BEFORE: u64 = 32;
/// An id may be so far ahead of the clock, which may have been set back a little.
const FRESH: SignedDuration = SignedDuration::from_secs(10);
/// How every leaf begins, up to its kind.
const BEGINNING: &[u8] = br#"{"v":1,"kind":""#;
/// Characters of a UUID, and of an instant with microseconds.
const ID_LEN: usize = 36;
const AT_LEN: usize = 27;
/// Enough of a leaf to reach its `at`.
const HEAD_LEN: usize = 160;

/// A published leaf with its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// Its index in the log.
    pub index: u64,
    /// The leaf, byte for byte.
    pub leaf: Vec<u8>,
    /// The receipt (`c2sp.org/tlog-proof@v1`), against the published checkpoint.
    pub proof: String,
}

/// See [`crate::log::Log::receipt`].
///
/// An id that nobody has, one of another institution and one that is too young or too old are answered alike, after the
/// same work: that nothing is there for who asks.
pub(crate) fn receipt(shared: &Shared, id: Uuid, institution: &str) -> Result<Lookup, LookupError> {
    let made = made_at(id).ok_or(LookupError::NotFound)?;
    if made.duration_since(shared.clock.now()) > FRESH {
        return Err(LookupError::NotFound);
    }
    let mut text = [0; ID_LEN];
    let wanted = Wanted { id: id.hyphenated().encode_lower(&mut text).as_bytes(), institution };
    // Before the published tree is looked up: what is published meanwhile is found there.
    let recent = shared.with_recent(|recent| recent.find(|leaf| wanted.is(leaf)));
    let published = shared.published();
    if recent.is_some_and(|index| index >= published.size) {
        return Err(LookupError::NotYet);
    }
    let found = Search { shared, published: &published, wanted }.find(made).map_err(LookupError::Unreadable)?;
    let (index, leaf) = found.ok_or(LookupError::NotFound)?;
    let unpublished = |name: &_| shared.with_recent(|recent| recent.bytes(name));
    let hashes = merkle::inclusion_proof(index, published.size, &Tree::new(&unpublished, &shared.tile_store))
        .map_err(|error| LookupError::Unreadable(io::Error::other(error)))?;
    Ok(Lookup { index, leaf, proof: proof::format(index, &hashes, &published.note) })
}

/// What is looked for.
struct Wanted<'a> {
    id: &'a [u8],
    institution: &'a str,
}

impl Wanted<'_> {
    /// Another institution's record is as absent as none.
    fn is(&self, leaf: &[u8]) -> bool {
        id_text(leaf) == Some(self.id)
            && leaf::peek(leaf).ok().and_then(|peek| peek.institution) == Some(self.institution)
    }
}

/// The millisecond that a UUIDv7 carries.
fn made_at(id: Uuid) -> Option<Timestamp> {
    if id.get_version_num() != 7 {
        return None;
    }
    let (bytes, _) = id.as_bytes().split_first_chunk::<6>()?;
    let [a, b, c, d, e, f] = *bytes;
    Timestamp::from_millisecond(i64::from_be_bytes([0, 0, a, b, c, d, e, f])).ok()
}

/// A search in one published tree.
struct Search<'a> {
    shared: &'a Shared,
    published: &'a Published,
    wanted: Wanted<'a>,
}

type Hit = (u64, Vec<u8>);

impl Search<'_> {
    fn find(&self, made: Timestamp) -> io::Result<Option<Hit>> {
        let bundles = self.published.size.div_ceil(u64::from(FULL_WIDTH));
        let start = self.last_before(made, bundles)?;
        let (latest, earliest) = (made + AFTER, made - BEFORE);
        // Where it stands unless the clock was stepped: from the id's time on.
        for index in start..bundles.min(start + BUNDLES_AFTER) {
            if index > start && self.first_at(index)? > latest {
                break;
            }
            if let Some(hit) = self.find_in_bundle(index, made)? {
                return Ok(Some(hit));
            }
        }
        let first = self.shared.first_bundle().max(start.saturating_sub(BUNDLES_BEFORE));
        for index in (first..start).rev() {
            // This one's leaves are at most as late as the first of the next.
            if self.first_at(index + 1)? < earliest {
                break;
            }
            if let Some(hit) = self.find_in_bundle(index, made)? {
                return Ok(Some(hit));
            }
        }
        Ok(None)
    }

    /// The last bundle whose first leaf was recorded before `made`, or the first bundle that was not let go. Steps alternate between the
    /// place where an even load would put it, which mostly hits, and the middle, which bounds them.
    fn last_before(&self, made: Timestamp, bundles: u64) -> io::Result<u64> {
        let first = self.shared.first_bundle();
        if bundles <= first {
            return Ok(first);
        }
        let (mut low, mut high) = (first, bundles);
        let (mut low_at, mut high_at) = (self.first_at(first)?, self.published.at);
        let mut even = true;
        while high - low > 1 {
            let middle = if even { interpolate((low, low_at), (high, high_at), made) } else { low + (high - low) / 2 };
            even = !even;
            let at = self.first_at(middle)?;
            if at < made {
                (low, low_at) = (middle, at);
            } else {
                (high, high_at) = (middle, at);
            }
        }
        Ok(low)
    }

    fn name(&self, index: u64) -> TileName {
        TileName { kind: TileKind::Entries, index, width: tile::width_at(0, index, self.published.size) }
    }

    /// `at` of a bundle's first leaf.
    fn first_at(&self, index: u64) -> io::Result<Timestamp> {
        if let Some(span) = self.shared.spans.get(index) {
            return Ok(span.first_at);
        }
        let name = self.name(index);
        let dir = &self.shared.tile_store.dir;
        let file = File::open(dir.join(name.path())).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => File::open(dir.join(TileName { width: FULL_WIDTH, ..name }.path())),
            _ => Err(error),
        })?;
        let mut head = [0; 2 + HEAD_LEN];
        let read = file.read_at(&mut head, 0)?;
        let at = head.get(2..read).and_then(at_text).and_then(|text| text.parse().ok());
        at.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("`{}` begins with no leaf", name.path())))
    }

    /// The wanted leaf in one bundle. A full one that was read before is read again only if ids of that time stand in it.
    fn find_in_bundle(&self, index: u64, made: Timestamp) -> io::Result<Option<Hit>> {
        let made = u64::try_from(made.as_millisecond()).unwrap_or_default();
        if self.shared.spans.get(index).is_some_and(|span| !span.may_hold(made)) {
            return Ok(None);
        }
        let name = self.name(index);
        let bundle = self.shared.tile_store.read(&name)?;
        let (mut hit, mut first_at, mut span) = (None, None, (u64::MAX, 0));
        let entries = tile::entries(&bundle).take(usize::from(name.width));
        for (index, leaf) in (index * u64::from(FULL_WIDTH)..).zip(entries) {
            let leaf = leaf.map_err(io::Error::other)?;
            first_at = first_at.or_else(|| at_text(leaf)?.parse().ok());
            let made = id_text(leaf).and_then(millisecond).unwrap_or_default();
            span = (span.0.min(made), span.1.max(made));
            if self.wanted.is(leaf) {
                hit = Some((index, leaf.to_vec()));
            }
        }
        if let Some(first_at) = first_at.filter(|_| name.width == FULL_WIDTH) {
            self.shared.spans.insert(index, Span { first_at, made: span });
        }
        Ok(hit)
    }
}

/// Where between two bundles a time would lie if leaves came evenly; strictly between them.
fn interpolate(low: (u64, Timestamp), high: (u64, Timestamp), made: Timestamp) -> u64 {
    let span = high.1.duration_since(low.1).as_secs_f64();
    let part = made.duration_since(low.1).as_secs_f64();
    let share = if span > 0.0 { (part / span).clamp(0.0, 1.0) } else { 0.5 };
    let step = ((high.0 - low.0) as f64 * share) as u64;
    (low.0 + step).clamp(low.0 + 1, high.0 - 1)
}

/// The text of a leaf's id: at a fixed place after its kind.
fn id_text(leaf: &[u8]) -> Option<&[u8]> {
    after_kind(leaf)?.get(..ID_LEN)
}

/// The millisecond in the text of a UUIDv7: its first twelve hexadecimal digits.
fn millisecond(id: &[u8]) -> Option<u64> {
    let (high, rest) = std::str::from_utf8(id).ok()?.split_at_checked(8)?;
    let low = rest.strip_prefix('-')?.get(..4)?;
    Some(u64::from_str_radix(high, 16).ok()? << 16 | u64::from_str_radix(low, 16).ok()?)
}

/// The text of a leaf's `at`, which follows its id.
fn at_text(leaf: &[u8]) -> Option<&str> {
    let rest = after_kind(leaf)?.get(ID_LEN..)?.strip_prefix(br#"","at":""#)?;
    std::str::from_utf8(rest.get(..AT_LEN)?).ok()
}

fn after_kind(leaf: &[u8]) -> Option<&[u8]> {
    let rest = leaf.strip_prefix(BEGINNING)?;
    let kind = rest.iter().position(|byte| *byte == b'"')?;
    rest.get(kind..)?.strip_prefix(br#"","id":""#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leaf::{Entry, Kind};

    #[test]
    fn id_and_time_are_read_from_the_bytes_of_every_kind() {
        let id = Uuid::parse_str("01939f3c-0000-7000-8000-000000000001").unwrap();
        let at: Timestamp = "2026-11-22T02:19:00.000001Z".parse().unwrap();
        for kind in Kind::ALL {
            let entry = Entry { kind, id, actor: None, institution: None, tail: Vec::new(), shared: None };
            let leaf = leaf::render(&entry, at, 1);
            assert_eq!(id_text(&leaf), Some(id.to_string().as_bytes()));
            assert_eq!(at_text(&leaf).map(|text| text.parse().unwrap()), Some(at));
            assert!(leaf.len() < HEAD_LEN);
        }
        assert_eq!(id_text(br#"{"v":1,"kind":"query","at":"#), None);
        assert_eq!(made_at(id), Timestamp::from_millisecond(0x0193_9f3c_0000).ok());
        assert_eq!(millisecond(id.to_string().as_bytes()), Some(0x0193_9f3c_0000));
        assert_eq!(made_at(Uuid::nil()), None);
    }

    #[test]
    fn a_guess_lies_strictly_between() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(interpolate((0, at(0)), (100, at(100)), at(25)), 25);
        assert_eq!(interpolate((0, at(0)), (100, at(100)), at(-5)), 1);
        assert_eq!(interpolate((0, at(0)), (100, at(100)), at(500)), 99);
        assert_eq!(interpolate((4, at(7)), (6, at(7)), at(7)), 5);
    }
}
