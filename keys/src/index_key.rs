//! The key of a person in the index of the log, which is derived and stands in no leaf.

use std::sync::Arc;

use crate::{id::KeyId, mac::MacKey};

/// Makes the keys of persons in the index: a cheap snapshot, like [`StateKey`](crate::StateKey).
#[derive(Clone)]
pub struct IndexKey(Arc<(KeyId, MacKey)>);

impl IndexKey {
    pub(crate) fn new(id: KeyId, key: MacKey) -> Self {
        Self(Arc::new((id, key)))
    }

    /// Under which key of the ring: an index that was made under another one is made again.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.0.0
    }

    /// The key of the person with this number.
    #[must_use]
    pub fn person(&self, number: &str) -> [u8; 32] {
        self.0.1.framed("credit/index-person", &[number.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python: `hmac.new(bytes(range(32)), framed(b"credit/index-person", b"990001199003071012"),
    /// hashlib.sha256).hexdigest()`, `framed` as in the vectors of pseudonyms.
    const EXPECTED: &str = "0336de400876174e607c3151adf493b5d4ee2a308b9e6dc94b7597aa3804a5fa";

    #[test]
    fn a_person_has_the_key_of_the_vector_and_another_under_another_key() {
        let hex = |bytes: [u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let of = |material: [u8; 32]| IndexKey::new(KeyId::parse("index-1").expect("an id"), MacKey::new(&material));
        let key = of(std::array::from_fn(|place| u8::try_from(place).expect("small")));
        assert_eq!(hex(key.person("990001199003071012")), EXPECTED);
        assert_ne!(key.person("990001199003071012"), key.person("990001199003071020"));
        assert_ne!(key.person("990001199003071012"), of([1; 32]).person("990001199003071012"));
    }
}
