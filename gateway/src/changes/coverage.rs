//! The list of cases that were decided without a look-up (R5), signed by the log's key so that it can be handed over.

use std::sync::Arc;

use credit_audit::{
    coverage::{HANDED_OVER, list_text, list_text_of_set},
    leaf::{Act, Read},
    note::{self, key_id},
};
use jiff::Timestamp;

use super::{account::Account, error::ChangeError, request::Made};
use crate::gateway::Gateway;

/// Longest list: `credit-audit` reads no longer note.
const LONGEST: usize = 990_000;

/// What is signed, and how many misses are in it.
struct Text {
    text: String,
    misses: u64,
    /// Decisions that are not in it, since it is not known yet whether another gateway has a look-up before them.
    unknown: u64,
}

/// Records that it is handed over, then signs it. Where several gateways count together, it covers the logs of all up to a time; else
/// its log up to that leaf.
pub(super) async fn list(
    gateway: &Arc<Gateway>,
    month: Option<String>,
    account: &Account,
) -> Result<Made, ChangeError> {
    let shared = Arc::clone(gateway);
    let wanted = month.clone();
    let of_all = tokio::task::spawn_blocking(move || text_of_all(&shared, wanted.as_deref()));
    let of_all = of_all.await.unwrap_or(Err(ChangeError::BrokenOff))?;
    let month_of = month.as_deref().unwrap_or_default();
    let path = match &of_all {
        Some((_, until)) => format!("{HANDED_OVER}{month_of}/{until:.6}"),
        None => format!("{HANDED_OVER}{month_of}"),
    };
    let entry = Read { path }.entry(gateway.new_id(), account.actor())?;
    let durable = gateway.recorder.record(entry).await.map_err(|_| ChangeError::NotMade)?;
    if !gateway.is_published(durable.index).await {
        return Err(ChangeError::NotMade);
    }
    let shared = Arc::clone(gateway);
    let signed = tokio::task::spawn_blocking(move || {
        let Text { text, misses, unknown } = match of_all {
            Some((text, _)) => text,
            None => text_of_own(&shared, month.as_deref())?,
        };
        let origin = &shared.settings.log.origin;
        let signer = shared.keys.with(|ring| ring.log_signer(origin)).map_err(|_| ChangeError::Unsealed)?;
        let list = note::sign(origin, key_id(origin, &signer.public_key()), &text, |text| signer.sign(text));
        Ok(Made::CoverageListed { index: durable.index, misses, unknown, list })
    });
    signed.await.unwrap_or(Err(ChangeError::BrokenOff))
}

/// Of several gateways, the text and the time up to which all of them were counted; nothing where this one is alone.
fn text_of_all(gateway: &Gateway, month: Option<&str>) -> Result<Option<(Text, Timestamp)>, ChangeError> {
    let origin = &gateway.settings.log.origin;
    let made = gateway.covered(|covering| {
        let Some(all) = covering.several() else { return Ok::<_, ChangeError>(None) };
        let until = all.until().ok_or(ChangeError::UnknownLookUps)?;
        let (logs, figures) = (all.origins(), covering.figures(month));
        let text = list_text_of_set(origin, (&logs, until), month, &figures);
        let misses = figures.misses.iter().filter(|miss| miss.log.as_ref() == Some(origin)).count() as u64;
        Ok(Some((Text { text, misses, unknown: covering.unknown() }, until)))
    });
    let made = made.map_err(|_| ChangeError::NotMade)??;
    made.map(|(text, until)| Ok((text.bounded()?, until))).transpose()
}

fn text_of_own(gateway: &Gateway, month: Option<&str>) -> Result<Text, ChangeError> {
    let figures = gateway.covered(|covering| covering.figures(month)).map_err(|_| ChangeError::NotMade)?;
    let text = list_text(&gateway.settings.log.origin, month, &figures);
    Text { text, misses: figures.misses.len() as u64, unknown: 0 }.bounded()
}

impl Text {
    fn bounded(self) -> Result<Self, ChangeError> {
        if self.text.len() > LONGEST { Err(ChangeError::LongList) } else { Ok(self) }
    }
}
