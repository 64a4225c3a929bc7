//! An institution as the register knows it and as the record tells of it: one shape for both.

use credit_audit::leaf::{InstitutionChange, RegisterChange};
use credit_policy::{InstitutionId, InstitutionKind};
use serde::{Deserialize, Serialize};

use super::thumbprint::{CertificateError, Thumbprint};
use crate::settings::{EndInstitutionEntry, InstitutionEntry, Limits};

/// Who an institution is, and how much it may ask.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct InstitutionRecord {
    /// Its id in leaves and pseudonyms.
    pub id: InstitutionId,
    /// Decides which scenarios it may ask.
    pub kind: InstitutionKind,
    /// What persons read as its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The certificates by which it may call.
    pub certificates: Vec<Thumbprint>,
    /// Of a gateway, the institutions for which it may ask.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_behalf_of: Vec<EndInstitutionEntry>,
    /// How much it may ask.
    #[serde(flatten)]
    pub limits: Limits,
}

impl InstitutionRecord {
    /// Reads the certificates of an entry of the configuration.
    ///
    /// # Errors
    /// The first certificate that cannot be read.
    pub fn of_entry(entry: &InstitutionEntry) -> Result<Self, CertificateError> {
        let certificates = entry.certificates.iter().map(|path| Thumbprint::of_file(path)).collect::<Result<_, _>>()?;
        let on_behalf_of = entry.on_behalf_of.clone();
        let (name, limits) = (entry.name.clone(), entry.limits.clone());
        Ok(Self { id: entry.id.clone(), kind: entry.kind, name, certificates, on_behalf_of, limits })
    }

    /// What a leaf tells of an institution; nothing where no writer of ours made it.
    #[must_use]
    pub fn of_leaf(leaf: &InstitutionChange) -> Option<Self> {
        Some(Self {
            id: InstitutionId::parse(&leaf.institution).ok()?,
            kind: InstitutionKind::of_form(&leaf.institution_kind).ok()?,
            name: leaf.name.clone(),
            certificates: leaf.certificates.iter().map(|text| Thumbprint::parse(text)).collect::<Option<_>>()?,
            on_behalf_of: leaf.on_behalf_of.iter().map(|text| text.parse().ok()).collect::<Option<_>>()?,
            limits: Limits {
                rate_per_s: leaf.rate_per_s,
                burst: leaf.burst,
                distinct_subjects_a_day: leaf.distinct_subjects_a_day,
                look_ups_a_person_a_day: leaf.look_ups_a_person_a_day,
                operator_rate_per_s: leaf.operator_rate_per_s,
                operator_burst: leaf.operator_burst,
                look_ups_an_operator_a_day: leaf.look_ups_an_operator_a_day,
            },
        })
    }

    /// The leaf that says that `change` happened to it.
    #[must_use]
    pub fn leaf(&self, change: RegisterChange) -> InstitutionChange {
        let Limits {
            rate_per_s,
            burst,
            distinct_subjects_a_day,
            look_ups_a_person_a_day,
            operator_rate_per_s,
            operator_burst,
            look_ups_an_operator_a_day,
        } = self.limits;
        InstitutionChange {
            institution: self.id.as_str().to_owned(),
            change,
            institution_kind: self.kind.as_str().to_owned(),
            certificates: self.certificates.iter().map(ToString::to_string).collect(),
            rate_per_s,
            burst,
            distinct_subjects_a_day,
            look_ups_a_person_a_day,
            operator_rate_per_s,
            operator_burst,
            look_ups_an_operator_a_day,
            name: self.name.clone(),
            issuers: Vec::new(),
            on_behalf_of: self.on_behalf_of.iter().map(ToString::to_string).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leaf_of_an_institution_tells_all_of_it() {
        let record = InstitutionRecord {
            id: InstitutionId::parse("bank").unwrap(),
            kind: InstitutionKind::of_form("bank").unwrap(),
            name: Some("示例银行".to_owned()),
            certificates: vec![Thumbprint::of(b"one"), Thumbprint::of(b"two")],
            on_behalf_of: vec!["bank-1:bank".parse().unwrap()],
            limits: Limits {
                rate_per_s: 1,
                burst: 2,
                distinct_subjects_a_day: 3,
                look_ups_a_person_a_day: 4,
                operator_rate_per_s: Some(5),
                operator_burst: Some(6),
                look_ups_an_operator_a_day: Some(7),
            },
        };
        let leaf = record.leaf(RegisterChange::Added);
        assert_eq!(InstitutionRecord::of_leaf(&leaf), Some(record.clone()));
        assert_eq!(
            serde_json::from_value::<InstitutionRecord>(serde_json::to_value(&record).unwrap()).unwrap(),
            record
        );
        let other = |change: fn(&mut InstitutionChange)| {
            let mut leaf = leaf.clone();
            change(&mut leaf);
            InstitutionRecord::of_leaf(&leaf)
        };
        assert_eq!(other(|leaf| leaf.certificates.push("not one".to_owned())), None);
        assert_eq!(other(|leaf| leaf.institution_kind = "Pawn shop".to_owned()), None);
        assert_eq!(other(|leaf| leaf.institution = "Bank".to_owned()), None);
    }
}
