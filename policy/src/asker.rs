//! Who asks: the institution, its kind, its member of staff, the case.

use serde::{Deserialize, Serialize};

use crate::number_guard::holds_citizen_number;
use crate::words::words;

/// The longest id of an institution or operator and the longest case number, in characters.
const LONGEST: usize = 64;

words! {
    /// What kind of institution asks: the catalogue says which kinds may use which scenario.
    "kind of institution" pub InstitutionKind {
        /// A bank or another lender.
        Bank = "bank",
        /// An insurer.
        Insurer = "insurer",
        /// An employer.
        Employer = "employer",
        /// A platform of trade, rental or matchmaking.
        Platform = "platform",
        /// A licensed credit bureau.
        CreditBureau = "credit-bureau",
        /// A housing department.
        HousingDepartment = "housing-department",
        /// The police, who keep the household register.
        Police = "police",
        /// An office of points-based settlement.
        SettlementOffice = "settlement-office",
        /// A personnel department.
        PersonnelDepartment = "personnel-department",
        /// The market regulator.
        MarketRegulator = "market-regulator",
        /// The department of an industry.
        IndustryDepartment = "industry-department",
        /// A carriers' clearing desk.
        ClearingDesk = "clearing-desk",
        /// A court.
        Court = "court",
        /// A department that approves, confirms, files or subsidises.
        ApprovingDepartment = "approving-department",
        /// A department on the list of measures.
        MeasuresDepartment = "measures-department",
        /// A school or university.
        School = "school",
        /// An operator of services to the public.
        ServiceOperator = "service-operator",
        /// A social-security department.
        SocialSecurityDepartment = "social-security-department",
        /// An industry association.
        Association = "association",
        /// The supervisor of credit information.
        CreditSupervisor = "credit-supervisor",
        /// Officers of the gateway's own operator.
        Officer = "officer",
        /// An authority that issues and revokes consents.
        ConsentAuthority = "consent-authority",
        /// A credit office, which gives notice of credit repairs.
        CreditOffice = "credit-office",
        /// Who tells persons of queries about them that never log in.
        Notifier = "notifier",
        /// Another gateway, which asks for institutions of its own and never for itself (formats.md §2).
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
    /// Everybody who may ask at all.
    pub fn all() -> impl Iterator<Item = Self> {
        InstitutionKind::ALL.iter().map(|kind| Self::Institution(*kind)).chain([Self::Person, Self::Public])
    }

    /// The word that stands for it in records: the institution's kind, `person` or `public`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
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
            .or_else(|| InstitutionKind::parse(&text).map(Self::Institution))
            .ok_or_else(|| serde::de::Error::custom(format_args!("`{text}` is no kind of asker")))
    }
}

/// Why a text is no id of an institution or operator and no case number. It never carries the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Empty, or longer than 64 characters.
    #[error("it must have 1 to 64 characters")]
    Length,
    /// A character that is not allowed in it.
    #[error("it contains a character that is not allowed there: leave it out")]
    Character,
    /// A citizen number stands in it (formats.md §2).
    #[error("it contains a citizen number: use an id of your own that names nobody")]
    HoldsCitizenNumber,
}

/// The id of an institution in the register: `[a-z0-9-]{1,64}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct InstitutionId(String);

/// The id of the member of staff who asks, given by the institution: `[A-Za-z0-9._@-]{1,64}` (formats.md §2).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct StaffId(String);

impl InstitutionId {
    /// Parses an id.
    ///
    /// # Errors
    ///
    /// [`IdError`]: the first of length, characters and citizen number that does not hold.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        check(text, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')?;
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
        check(text, |c| c.is_ascii_alphanumeric() || "._@-".contains(c))?;
        names_nobody(text).map(|()| Self(text.to_owned()))
    }

    /// The text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for InstitutionId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

pub(crate) fn check(text: &str, allowed: impl Fn(char) -> bool) -> Result<(), IdError> {
    // One more than the longest is enough to know; a hostile text may be long.
    let length = text.chars().take(LONGEST + 1).count();
    if length == 0 || length > LONGEST {
        return Err(IdError::Length);
    }
    if text.chars().all(allowed) { Ok(()) } else { Err(IdError::Character) }
}

pub(crate) fn names_nobody(text: &str) -> Result<(), IdError> {
    if holds_citizen_number(text) { Err(IdError::HoldsCitizenNumber) } else { Ok(()) }
}
