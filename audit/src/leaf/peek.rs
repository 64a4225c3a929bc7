//! The beginning of a leaf, read without parsing JSON: the keys in their order, no space, no escape, or an error.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use uuid::Uuid;

use super::actor::ActorText;

/// Longest leaf, in bytes.
pub const MAX_LEAF_BYTES: usize = 16 * 1024;

/// What every leaf begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peek<'a> {
    /// Its kind; may be one that this version does not know.
    pub kind: &'a str,
    /// UUIDv7.
    pub id: Uuid,
    /// When it was recorded, to the microsecond.
    pub at: Timestamp,
    /// Who acted, as [`Actor::parse`](super::Actor::parse) reads it; there where the leaf records an act.
    pub actor: Option<&'a str>,
    /// The institution whose own act it is.
    pub institution: Option<&'a str>,
    /// The institution's consecutive number in this log, from 1; there exactly where `institution` is.
    pub seq: Option<u64>,
    /// The whole leaf.
    pub text: &'a str,
}

/// Bytes that are no leaf; says which part is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeekError {
    /// Longer than 16 KiB.
    #[error("the leaf is longer than {MAX_LEAF_BYTES} bytes")]
    TooLong,
    /// Not one line of UTF-8 between braces.
    #[error("the leaf is not one line of JSON")]
    Line,
    /// `v` is not 1, or not first.
    #[error("the leaf does not begin with `\"v\":1`")]
    Version,
    /// `kind` is no name.
    #[error("the leaf's `kind` is malformed")]
    Kind,
    /// `id` is no lower-case UUIDv7.
    #[error("the leaf's `id` is no UUIDv7")]
    Id,
    /// `at` is no instant in UTC with 6 decimals.
    #[error("the leaf's `at` is no instant in UTC with microseconds")]
    At,
    /// `actor` is malformed.
    #[error("the leaf's `actor` is malformed")]
    Actor,
    /// `institution` or `seq` is malformed.
    #[error("the leaf's `institution` or `seq` is malformed")]
    Institution,
}

/// Reads the beginning of a leaf. The rest is only checked to be one line of UTF-8 that ends in a brace.
///
/// # Errors
/// As [`PeekError`] says.
pub fn peek(leaf: &[u8]) -> Result<Peek<'_>, PeekError> {
    if leaf.len() > MAX_LEAF_BYTES {
        return Err(PeekError::TooLong);
    }
    let text = std::str::from_utf8(leaf).map_err(|_| PeekError::Line)?;
    // No early exit: a fold over all bytes is vectorised.
    if leaf.iter().fold(false, |found, byte| found | (*byte < 0x20)) {
        return Err(PeekError::Line);
    }
    let rest = text.strip_prefix(r#"{"v":1,"kind":""#).ok_or(PeekError::Version)?;
    let (kind, rest) = rest.split_once('"').ok_or(PeekError::Kind)?;
    if !is_kind(kind.as_bytes()) {
        return Err(PeekError::Kind);
    }
    let rest = rest.strip_prefix(r#","id":""#).ok_or(PeekError::Id)?;
    let (id, rest) = rest.split_at_checked(36).ok_or(PeekError::Id)?;
    let id = parse_id(id.as_bytes()).ok_or(PeekError::Id)?;
    let rest = rest.strip_prefix(r#"","at":""#).ok_or(PeekError::At)?;
    let (at, rest) = rest.split_at_checked(27).ok_or(PeekError::At)?;
    let at = parse_at(at.as_bytes()).ok_or(PeekError::At)?;
    let rest = rest.strip_prefix('"').ok_or(PeekError::At)?;
    let (actor, rest) = parse_actor(rest)?;
    let (acting, rest) = parse_institution(rest)?;
    if rest != "}" && !(rest.starts_with(",\"") && rest.ends_with('}')) {
        return Err(PeekError::Line);
    }
    Ok(Peek { kind, id, at, actor, institution: acting.map(|(name, _)| name), seq: acting.map(|(_, seq)| seq), text })
}

/// The value of `actor`, and what follows it.
fn parse_actor(rest: &str) -> Result<(Option<&str>, &str), PeekError> {
    let Some(after) = rest.strip_prefix(r#","actor":"#) else {
        return Ok((None, rest));
    };
    let (_, rest) = ActorText::split(after).ok_or(PeekError::Actor)?;
    let actor = after.get(..after.len() - rest.len()).ok_or(PeekError::Actor)?;
    Ok((Some(actor), rest))
}

/// An acting institution and its number.
type Acting<'a> = (&'a str, u64);

/// The acting institution, and what follows it. An `institution` that no `seq` follows is one that the leaf is about.
fn parse_institution(rest: &str) -> Result<(Option<Acting<'_>>, &str), PeekError> {
    let Some(after) = rest.strip_prefix(r#","institution":""#) else {
        return Ok((None, rest));
    };
    let (name, after) = after.split_once('"').ok_or(PeekError::Institution)?;
    if !is_institution(name.as_bytes()) {
        return Err(PeekError::Institution);
    }
    let Some(after) = after.strip_prefix(r#","seq":"#) else {
        return Ok((None, rest));
    };
    let end = after.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, after) = after.split_at_checked(end).ok_or(PeekError::Institution)?;
    let seq = digits.parse().ok().filter(|_| !digits.starts_with('0'));
    let seq = seq.ok_or(PeekError::Institution)?;
    Ok((Some((name, seq)), after))
}

/// Lower-case words joined by hyphens.
fn is_kind(name: &[u8]) -> bool {
    (1..=32).contains(&name.len()) && name.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'-')
}

/// `[a-z0-9-]{1,64}`.
pub(super) fn is_institution(name: &[u8]) -> bool {
    (1..=64).contains(&name.len())
        && name.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
}

/// The hyphenated lower-case form of a UUIDv7, nothing else.
fn parse_id(text: &[u8]) -> Option<Uuid> {
    if text.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let id = Uuid::try_parse_ascii(text).ok()?;
    (id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122).then_some(id)
}

/// `2026-11-22T02:19:00.123456Z`, exactly.
fn parse_at(text: &[u8]) -> Option<Timestamp> {
    let text: &[u8; 27] = text.try_into().ok()?;
    let [y3, y2, y1, y0, b'-', o1, o0, b'-', d1, d0, b'T', h1, h0, b':', m1, m0, b':', s1, s0, b'.', f @ .., b'Z'] =
        text
    else {
        return None;
    };
    let short = |digits: &[&u8]| i16::try_from(number(digits.iter().copied())?).ok();
    let tiny = |digits: &[&u8]| i8::try_from(number(digits.iter().copied())?).ok();
    let nanos = i32::try_from(number(f.iter())?).ok()? * 1000;
    let civil = DateTime::new(
        short(&[y3, y2, y1, y0])?,
        tiny(&[o1, o0])?,
        tiny(&[d1, d0])?,
        tiny(&[h1, h0])?,
        tiny(&[m1, m0])?,
        tiny(&[s1, s0])?,
        nanos,
    );
    Offset::UTC.to_timestamp(civil.ok()?).ok()
}

fn number<'a>(digits: impl Iterator<Item = &'a u8>) -> Option<u32> {
    let mut value = 0;
    for digit in digits {
        value = value * 10 + u32::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    Some(value)
}
