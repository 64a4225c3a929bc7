//! Which certificate a caller showed in a handshake that failed: rustls says why, and not of which.

use std::cell::Cell;

use rustls::pki_types::CertificateDer;

use crate::callers::thumbprint::Thumbprint;

tokio::task_local! {
    static SHOWN: Cell<Option<Thumbprint>>;
}

/// Runs a handshake; gives what came of it, and the certificate that the caller showed.
pub(crate) async fn with_shown<T>(handshake: impl Future<Output = T>) -> (T, Option<Thumbprint>) {
    SHOWN
        .scope(Cell::new(None), async {
            let done = handshake.await;
            (done, SHOWN.with(Cell::get))
        })
        .await
}

/// The caller of the handshake that this task is in showed a certificate.
pub(super) fn note_shown(certificate: &CertificateDer<'_>) {
    // Certificates are looked at outside of handshakes, too.
    let _elsewhere = SHOWN.try_with(|shown| shown.set(Some(Thumbprint::of(certificate))));
}
