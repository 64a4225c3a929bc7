//! The facts on which a decision rests: everything that counts and nothing that is personal.

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, Serializer};

use crate::asker::Asker;
use crate::catalogue::{Catalogue, RequestFacts, Width};
use crate::code::Code;
use crate::consent::{Bound, Consent, Frequency, Maxima, Period, RecordedConsent, Terms, start_of, wider};
use crate::names::FieldName;

/// The non-personal inputs of one decision. They *are* the `inputs` of its leaf (formats.md §4), so that it can be
/// decided again from leaf and catalogue alone. For an answered query of one scenario they are the same whoever the
/// person is: whatever differs from person to person stays out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Who asks, as far as the rules know: the kind of the institution, or the person, or the public.
    pub kind: Asker,
    /// Whether the institution, or its operator, or its use of this scenario is suspended (R15).
    pub suspended: bool,
    /// The jurisdiction's date of the decision ([`crate::Catalogue::today`]).
    pub on: Date,
    /// Whether a well-formed operator id was given.
    pub operator: bool,
    /// Whether a well-formed case number was given.
    pub case: bool,
    /// The terms of the consent that was verified; `None` while none was, and on every other ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentFacts>,
    /// The fields asked for, if the query asks for fewer than the scenario has. Only fields of the data list: caller
    /// text that was not recognised is never copied into a record; it is [`Code::UnknownField`] in `observed` instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<FieldName>>,
    /// Whether the person is under 18 on that date; `None` while the person is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minor: Option<bool>,
    /// A fault that was met outside policy. It takes its place in the order of faults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Code>,
}

impl Facts {
    /// The facts at the start of a query: who asks and when, and nothing else known yet.
    #[must_use]
    pub fn new(kind: impl Into<Asker>, on: Date) -> Self {
        Self {
            kind: kind.into(),
            suspended: false,
            on,
            operator: false,
            case: false,
            consent: None,
            fields: None,
            minor: None,
            observed: None,
        }
    }
}

/// The terms of a consent that was verified (formats.md §3): what the person agreed to, and nothing that identifies the person.
///
/// [`crate::decide`] compares them with the maxima of the scenario and releases no field that they do not cover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentFacts {
    /// The fields that the token names; `None` where it names none and so agrees to the scenario's first tier. Only
    /// fields of the data list, as in [`Facts::fields`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<FieldName>>,
    /// Whether the token names a field beside these that stands in no data list.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unknown_fields: bool,
    /// The day in UTC on which the token was issued, `iat`: its periods are compared with the maxima as they run from
    /// there, so that one token is never within them today and wider tomorrow.
    pub issued_on: Date,
    /// How long the token is valid: `exp − iat`, in seconds.
    pub lifetime_s: u64,
    /// How often it may be used in all.
    pub uses: u64,
    /// How often it may be used in a period.
    #[serde(serialize_with = "as_text")]
    pub frequency: Frequency,
    /// How far back the records may reach that an answer rests on.
    #[serde(serialize_with = "as_text")]
    pub look_back: Period,
    /// How long an answer may be kept.
    #[serde(serialize_with = "as_text")]
    pub data_life: Period,
}

impl ConsentFacts {
    /// The terms of a verified consent, without the fields that the data list does not know.
    #[must_use]
    pub fn of(catalogue: &Catalogue, consent: &Consent) -> Self {
        Self::agreed(catalogue, consent.terms(), consent.issued_at(), consent.expires_at())
    }

    /// The same of a consent that a record has, for the decision made again.
    #[must_use]
    pub fn of_recorded(catalogue: &Catalogue, consent: &RecordedConsent) -> Self {
        Self::agreed(catalogue, consent.terms(), consent.issued_at(), consent.expires_at())
    }

    fn agreed(catalogue: &Catalogue, terms: &Terms, issued_at: Timestamp, expires_at: Timestamp) -> Self {
        let known = |name: &&FieldName| catalogue.field(name.as_str()).is_some();
        Self {
            fields: terms.fields.as_ref().map(|names| names.iter().filter(known).cloned().collect()),
            unknown_fields: !terms.fields.iter().flatten().all(|name| known(&name)),
            issued_on: Offset::UTC.to_datetime(issued_at).date(),
            lifetime_s: expires_at.duration_since(issued_at).as_secs().max(0).unsigned_abs(),
            uses: terms.uses,
            frequency: terms.frequency,
            look_back: terms.look_back,
            data_life: terms.data_life,
        }
    }

    /// The first bound by which it is wider than the maxima, of lifetime, uses, frequency, look-back and data life.
    ///
    /// Periods are compared as they run from the day of issue. A frequency fits if it never lets through more in the
    /// period of the maxima than theirs does.
    #[must_use]
    pub fn exceeds(&self, maxima: &Maxima) -> Option<Bound> {
        let lifetime = SignedDuration::from_secs(i64::try_from(self.lifetime_s).unwrap_or(i64::MAX));
        let start = start_of(self.issued_on);
        let expires_at = start.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        let lives_longer = expires_at > maxima.lifetime.end_from(start);
        if lives_longer { Some(Bound::Lifetime) } else { wider(&self.asked(maxima), maxima, self.issued_on) }
    }

    /// What it asks for beside its lifetime, which is a number of seconds and no period.
    fn asked(&self, maxima: &Maxima) -> Maxima {
        Maxima {
            lifetime: maxima.lifetime,
            uses: self.uses,
            frequency: self.frequency,
            look_back: self.look_back,
            data_life: self.data_life,
        }
    }
}

impl RequestFacts {
    /// What statutes know of the facts of a decision.
    pub(crate) fn of(facts: &Facts, maxima: Option<&Maxima>) -> Self {
        let start = start_of(facts.consent.as_ref().map_or(facts.on, |consent| consent.issued_on));
        let width = |(maxima, consent): (&Maxima, &ConsentFacts)| {
            Width::of_consent(&consent.asked(maxima), consent.lifetime_s, maxima, start)
        };
        Self {
            suspended: facts.suspended,
            adult: facts.minor == Some(false),
            case: facts.case,
            consent: maxima.zip(facts.consent.as_ref()).map(width),
            maxima: maxima.map(|maxima| Width::of_maxima(maxima, start)),
        }
    }
}

fn as_text<T: std::fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
