//! Who asks: the institution, its kind, its member of staff, the case.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize, Serializer};

use crate::names::words_joined_by;
use crate::number_guard::holds_citizen_number;
use crate::words::words;

/// The longest id of an institution or operator and the longest case number, in characters.
const LONGEST: usize = 64;

/// The longest name of a kind of institution, in bytes.
const LONGEST_KIND: usize = 32;

/// What kind of institution asks: the catalogue says which kinds there are, and which may use which scenario.
///
/// [`Catalogue::kind`](crate::Catalogue::kind) gives one for a text from outside. What is read back from a record has the
/// form of a kind and may be of another catalogue: no row of this one opens to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstitutionKind([u8; LONGEST_KIND]);

/// A text that is no kind of institution. It does not carry the text, which may be a caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of institution: use lower-case words joined by `-`, at most 32 characters")]
pub struct KindError;

impl InstitutionKind {
    /// A kind as a record or a configuration names it. Whether a catalogue has it, that catalogue says.
    ///
    /// # Errors
    ///
    /// [`KindError`] if the text does not have the form of such a name.
    pub fn of_form(text: &str) -> Result<Self, KindError> {
        let mut own = [0; LONGEST_KIND];
        let place = own.get_mut(..text.len()).filter(|_| words_joined_by(text, b'-')).ok_or(KindError)?;
        place.copy_from_slice(text.as_bytes());
        Ok(Self(own))
    }

    /// Its name in the catalogue.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let text = self.0.split(|byte| *byte == 0).next().unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }

    /// What the gateway lets such an institution do besides queries; `None` for nearly every kind. No kind that counts as
    /// this one has it.
    #[must_use]
    pub fn duty(&self) -> Option<Duty> {
        Duty::parse(self.as_str())
    }
}

impl fmt::Display for InstitutionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for InstitutionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl Serialize for InstitutionKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for InstitutionKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        Self::of_form(&text).map_err(serde::de::Error::custom)
    }
}

words! {
    /// What the gateway lets institutions of one kind do besides queries. Each catalogue has these kinds.
    "duty" pub Duty {
        /// Officers of the gateway's own operator read the log, and their reads are theirs.
        Officer = "officer",
        /// The supervisor of credit information reads the log.
        CreditSupervisor = "credit-supervisor",
        /// An authority that issues and revokes consents withdraws them.
        ConsentAuthority = "consent-authority",
        /// A credit office gives notice of credit repairs.
        CreditOffice = "credit-office",
        /// A notifier tells persons of queries about them that never log in.
        Notifier = "notifier",
        /// Another gateway asks for institutions of its own and never for itself (formats.md §2).
        Gateway = "gateway",
    }
}

words! {
    /// The legal ground on which a scenario stands.
    "legal ground" pub Ground {
        /// The person's consent, by token.
        Consent = "consent",
        /// A statute, with a case number.
        Statute = "statute",
        /// The person, about himself or herself.
        Person = "self",
        /// Anyone, where a statute makes it public.
        Public = "public",
    }
}

impl Ground {
    /// Whether a field needs an article of the jurisdiction, so that nobody's will takes its place.
    #[must_use]
    pub(crate) fn rests_on_articles(self) -> bool {
        match self {
            Self::Statute | Self::Public => true,
            Self::Consent | Self::Person => false,
        }
    }
}

/// Who asks, as far as the rules know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asker {
    /// An institution of that kind, by its certificate.
    Institution(InstitutionKind),
    /// The person, about himself or herself.
    Person,
    /// Anyone.
    Public,
}

impl Asker {
    /// The word that stands for it in records: the institution's kind, `person` or `public`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Institution(kind) => kind.as_str(),
            Self::Person => "person",
            Self::Public => "public",
        }
    }
}

impl From<InstitutionKind> for Asker {
    fn from(kind: InstitutionKind) -> Self {
        Self::Institution(kind)
    }
}

impl Serialize for Asker {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Asker {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        [Self::Person, Self::Public]
            .into_iter()
            .find(|asker| asker.as_str() == text)
            .map_or_else(|| InstitutionKind::of_form(&text).map(Self::Institution), Ok)
            .map_err(serde::de::Error::custom)
    }
}

/// Why a text is no id of an institution or operator and no case number. It never carries the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Empty, or longer than 64 characters.
    #[error("it must have 1 to 64 characters")]
    Length,
    /// A character that is not allowed in it; with what is.
    #[error("it may have {0} and nothing else")]
    Character(Allowed),
    /// A citizen number stands in it (formats.md §2).
    #[error("it contains a citizen number: use an id of your own that names nobody")]
    HoldsCitizenNumber,
}

/// What may stand in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// In the id of an institution.
    InstitutionId,
    /// In the id of a member of staff.
    StaffId,
    /// In the number of a case.
    CaseNumber,
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InstitutionId => "`a-z0-9-`",
            Self::StaffId => "`A-Za-z0-9._@-`",
            Self::CaseNumber => {
                "letters and digits of any script, at least one of them, spaces and `-_./()（）〔〕【】[]`"
            }
        })
    }
}

/// The id of an institution in the register: `[a-z0-9-]{1,64}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct InstitutionId(String);

/// The id of the member of staff who asks, given by the institution: `[A-Za-z0-9._@-]{1,64}` (formats.md §2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StaffId(Arc<str>);

impl InstitutionId {
    /// Parses an id.
    ///
    /// # Errors
    ///
    /// [`IdError`]: the first of length, characters and citizen number that does not hold.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        check(text, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-', Allowed::InstitutionId)?;
        names_nobody(text).map(|()| Self(text.to_owned()))
    }

    /// The text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl StaffId {
    /// Parses an id.
    ///
    /// # Errors
    ///
    /// [`IdError`]: the first of length, characters and citizen number that does not hold.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        check(text, |c| c.is_ascii_alphanumeric() || "._@-".contains(c), Allowed::StaffId)?;
        names_nobody(text).map(|()| Self(text.into()))
    }

    /// The text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for StaffId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for InstitutionId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

pub(crate) fn check(text: &str, allowed: impl Fn(char) -> bool, named: Allowed) -> Result<(), IdError> {
    // One more than the longest is enough to know; a hostile text may be long.
    let length = text.chars().take(LONGEST + 1).count();
    if length == 0 || length > LONGEST {
        return Err(IdError::Length);
    }
    if text.chars().all(allowed) { Ok(()) } else { Err(IdError::Character(named)) }
}

pub(crate) fn names_nobody(text: &str) -> Result<(), IdError> {
    if holds_citizen_number(text) { Err(IdError::HoldsCitizenNumber) } else { Ok(()) }
}
