//! The member `on_behalf` of a query: for whom another gateway asks (`docs/formats.md` §2).

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::journey::exchange::OnBehalfWords;

/// For whom another gateway asks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OnBehalfBody {
    institution: String,
    kind: String,
    certificate: String,
    origin: String,
    query: String,
}

impl OnBehalfBody {
    /// Its words, not yet looked at.
    pub(super) fn words(self) -> Box<OnBehalfWords> {
        let Self { institution, kind, certificate, origin, query } = self;
        Box::new(OnBehalfWords { institution, kind, certificate, origin, query })
    }
}

/// The bytes of a question without the id of the other gateway's query: whoever repeats there repeats here, under
/// another id.
pub(super) fn without(bytes: Zeroizing<Vec<u8>>, id: &str) -> Zeroizing<Vec<u8>> {
    let place = bytes.windows(id.len().max(1)).position(|window| window == id.as_bytes());
    let Some((before, after)) = place.and_then(|place| bytes.split_at_checked(place)) else { return bytes };
    let after = after.get(id.len()..).unwrap_or_default();
    Zeroizing::new([before, after].concat())
}
