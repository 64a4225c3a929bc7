//! `admin.sock`: one line of JSON in, one line out. Only those who may open the file (mode 0600) get this far; who asked
//! is what the kernel says of the other end, never what the request says.

use std::{os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
};

use crate::{
    changes::{Account, Change, Made, apply},
    gateway::Gateway,
};

/// Longest request: an institution with a dozen certificates, each with its chain.
const REQUEST_BYTES: u64 = 256 * 1024;

/// Time for a request to arrive, for it to be done, and for its reply to leave.
const TIME: Duration = Duration::from_secs(10);

const GOES_ON: &str = "the disk is slow: the change goes on, and is in force once it is on the record; `institution list` \
                       and `keys status` show whether it is; do not make it again before";

/// What follows a request: one line of JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reply {
    /// It was done.
    Ok(Made),
    /// It was not, or not whole: a sentence for who asked.
    Error(String),
}

/// Serves until the process ends.
pub(crate) async fn serve(gateway: Arc<Gateway>, listener: UnixListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let gateway = Arc::clone(&gateway);
        tokio::spawn(async move {
            if let Err(error) = one(stream, &gateway, TIME).await {
                tracing::warn!(%error, "a request over the admin socket broke off");
            }
        });
    }
}

/// Opens the socket. The log's lock says that no other gateway has this folder, so a socket file that is still there is
/// a dead one's.
///
/// # Errors
/// When the file cannot be made.
pub(crate) fn listen(path: &Path) -> std::io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    // The data folder has mode 0700, so nobody else gets in between these two lines.
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// A change goes on to its end whatever becomes of who asked; only the wait for it is bounded.
async fn one(stream: UnixStream, gateway: &Arc<Gateway>, time: Duration) -> std::io::Result<()> {
    let account = Account::of(stream.peer_cred()?.uid());
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    let mut reader = BufReader::new(reader.take(REQUEST_BYTES));
    let Ok(read) = tokio::time::timeout(time, reader.read_line(&mut line)).await else {
        return Err(std::io::ErrorKind::TimedOut.into());
    };
    read?;
    let reply = match serde_json::from_str::<Change>(&line) {
        Ok(change) => match tokio::time::timeout(time, apply(gateway, change, account)).await {
            Ok(Ok(made)) => Reply::Ok(made),
            Ok(Err(error)) => Reply::Error(error.to_string()),
            Err(_) => Reply::Error(GOES_ON.to_owned()),
        },
        Err(error) => Reply::Error(format!("no such request: {error}")),
    };
    let mut line = serde_json::to_vec(&reply)?;
    line.push(b'\n');
    tokio::time::timeout(time, writer.write_all(&line)).await?
}
