//! What the index has, once it has everything that was durable when it was asked.

use std::{sync::Arc, time::Duration};

use crate::{
    gateway::Gateway,
    index::{Index, IndexError},
};

/// How long the index may take to have what is durable.
const LATEST: Duration = Duration::from_secs(4);
const LOOK: Duration = Duration::from_millis(25);

/// Asks the index; `ask` gets the number of leaves that it covers, and blocks.
///
/// # Errors
/// For the operator: why there is nothing.
pub(crate) async fn of_index<T: Send + 'static>(
    gateway: &Arc<Gateway>,
    ask: impl Fn(&Gateway, &Index, u64) -> Result<T, IndexError> + Send + Sync + 'static,
) -> Result<T, &'static str> {
    let (durable, begun) = (gateway.log.size(), tokio::time::Instant::now());
    let ask = Arc::new(ask);
    loop {
        let (shared, ask) = (Arc::clone(gateway), Arc::clone(&ask));
        let found = tokio::task::spawn_blocking(move || {
            let Some(index) = shared.index.as_ref() else { return Ok(None) };
            let covers = shared.follow_log()?;
            if covers < durable { Ok(None) } else { ask(&shared, index, covers).map(Some) }
        });
        match found.await.map_err(|_| "it panicked")? {
            Ok(Some(found)) => return Ok(found),
            Ok(None) if begun.elapsed() < LATEST => tokio::time::sleep(LOOK).await,
            Ok(None) => return Err("the index is behind the log"),
            Err(error) => {
                tracing::error!(%error, "the index of the log cannot be used");
                return Err("the index cannot be used");
            }
        }
    }
}
