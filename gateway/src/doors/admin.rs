//! `admin.sock`: one line of JSON in, one line out. Only those who may open the file (mode 0600) get this far; who asked
//! is what the kernel says of the other end, never what the request says.

use std::{os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
};

use crate::{
    changes::{Change, apply},
    gateway::Gateway,
};

/// Longest request.
const REQUEST_BYTES: u64 = 64 * 1024;

/// Time for one request.
const TIME: Duration = Duration::from_secs(10);

/// Serves until the process ends.
pub async fn serve(gateway: Arc<Gateway>, listener: UnixListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let gateway = Arc::clone(&gateway);
        tokio::spawn(async move {
            if let Ok(Err(error)) = tokio::time::timeout(TIME, one(stream, &gateway)).await {
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
pub fn listen(path: &Path) -> std::io::Result<UnixListener> {
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

async fn one(stream: UnixStream, gateway: &Gateway) -> std::io::Result<()> {
    let by = name_of(stream.peer_cred()?.uid());
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    BufReader::new(reader.take(REQUEST_BYTES)).read_line(&mut line).await?;
    let reply = match serde_json::from_str::<Change>(&line) {
        Ok(change) => match apply(gateway, change, &by).await {
            Ok(value) => json!({ "ok": value }),
            Err(error) => json!({ "error": error.to_string() }),
        },
        Err(error) => json!({ "error": format!("no such request: {error}") }),
    };
    writer.write_all(format!("{reply}\n").as_bytes()).await
}

/// A person at this machine, as leaves name one: number and name of the account.
#[must_use]
pub fn name_of(uid: u32) -> String {
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = accounts.lines().find_map(|line| {
        let mut parts = line.split(':');
        let (name, _, id) = (parts.next()?, parts.next()?, parts.next()?);
        (id.parse() == Ok(uid)).then_some(name)
    });
    match name {
        Some(name) => format!("uid {uid} ({name})"),
        None => format!("uid {uid}"),
    }
}
