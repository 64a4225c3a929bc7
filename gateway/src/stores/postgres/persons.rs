//! Whom the rows of one question are about.

use credit_policy::History;
use zeroize::Zeroizing;

use crate::stores::{StoreError, contract::Asked, map::Select};

/// The persons of a question, by every text that may stand for one of them: how look-ups ask, and what they find although
/// it is written otherwise. The same person may be there more than once.
pub(super) struct Persons {
    /// In the order of their texts.
    spellings: Vec<Spelling>,
    count: usize,
}

/// A text that may stand for a person.
pub(super) struct Spelling {
    text: Zeroizing<String>,
    /// The place among those who are asked about.
    pub(super) at: usize,
    pub(super) canonical: Zeroizing<String>,
}

impl Persons {
    pub(super) fn of(asked: &[Asked]) -> Self {
        let mut spellings = Vec::new();
        for (at, one) in asked.iter().enumerate() {
            let (right, wrong) = one.person.disclose(|person| (Select::keys(person), Select::misspelt_keys(person)));
            let canonical = right.first().cloned().unwrap_or_default();
            let texts = right.into_iter().chain(wrong);
            spellings.extend(texts.map(|text| Spelling { text, at, canonical: canonical.clone() }));
        }
        spellings.sort_by(|one, other| (one.text.as_str(), one.at).cmp(&(other.text.as_str(), other.at)));
        // Two spellings of one person may be equal.
        spellings.dedup_by(|one, other| one.at == other.at && *one.text == *other.text);
        Self { spellings, count: asked.len() }
    }

    /// Every text to ask for.
    pub(super) fn spellings(&self) -> impl Iterator<Item = &str> {
        self.spellings.iter().map(|spelling| spelling.text.as_str())
    }

    /// Whose spelling it is.
    pub(super) fn spelt(&self, text: &str) -> &[Spelling] {
        let from = self.spellings.partition_point(|spelling| spelling.text.as_str() < text);
        let behind = self.spellings.partition_point(|spelling| spelling.text.as_str() <= text);
        self.spellings.get(from..behind).unwrap_or_default()
    }

    /// Nothing about anybody yet.
    pub(super) fn nothing(&self) -> Vec<Result<History, StoreError>> {
        (0..self.count).map(|_| Ok(History::default())).collect()
    }

    /// Adds to what is known of one of them; what does not fit fails that person's look-up.
    pub(super) fn add(
        &self,
        histories: &mut [Result<History, StoreError>],
        at: usize,
        add: impl FnOnce(&mut History) -> Result<(), StoreError>,
    ) {
        if let Some(slot) = histories.get_mut(at)
            && let Ok(history) = slot
            && let Err(error) = add(history)
        {
            *slot = Err(error);
        }
    }
}
