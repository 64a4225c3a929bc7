//! Sends the write-ahead log to whoever keeps its second copy.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    sync::Arc,
    time::Duration,
};

use credit_audit::log::{Copies, Copying, Reached};
use rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};

use super::wire::{Answer, Hello, head, invalid, line};
use crate::{
    settings::CopySettings,
    stores::tls::{ClientTlsError, client_config},
};

/// Who keeps the copy of a log.
pub(crate) struct At {
    settings: CopySettings,
    origin: String,
}

impl At {
    /// Of the log of this name.
    pub(crate) fn new(settings: &CopySettings, origin: &str) -> Self {
        Self { settings: settings.clone(), origin: origin.to_owned() }
    }

    /// # Errors
    /// When one of the files cannot be used.
    pub(crate) fn check_files(settings: &CopySettings) -> Result<(), ClientTlsError> {
        tls(settings).map(drop)
    }
}

fn tls(settings: &CopySettings) -> Result<Arc<ClientConfig>, ClientTlsError> {
    client_config(&settings.authorities, Some((&settings.certificate, &settings.key)))
}

impl Copies for At {
    fn connect(&self, before: &[u8; 16], folder: &[u8; 16]) -> io::Result<Box<dyn Copying>> {
        // Read anew, so that a certificate that was renewed is shown.
        let tls = tls(&self.settings).map_err(io::Error::other)?;
        let (host, _) = self.settings.host().ok_or_else(|| invalid("`log.copy.address` is no address"))?;
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let timeout = self.settings.timeout();
        let socket = connected(&self.settings.address, timeout)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(timeout))?;
        socket.set_write_timeout(Some(timeout))?;
        let connection = ClientConnection::new(tls, name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, socket);
        let hello = Hello { copy: 1, origin: self.origin.clone(), folders: [*before, *folder] };
        let mut said = serde_json::to_vec(&hello)?;
        said.push(b'\n');
        stream.write_all(&said)?;
        stream.flush()?;
        match serde_json::from_slice(&line(&mut stream)?)? {
            Answer::Reached(reached) => {
                Ok(Box::new(Sender { stream, reached: reached.map(Reached::from), sent: 0, durable: 0 }))
            }
            Answer::Refused(why) => Err(io::Error::new(io::ErrorKind::PermissionDenied, why)),
        }
    }
}

fn connected(address: &str, timeout: Duration) -> io::Result<TcpStream> {
    let mut last = invalid("`log.copy.address` names nobody");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}

struct Sender {
    stream: StreamOwned<ClientConnection, TcpStream>,
    reached: Option<Reached>,
    /// Parts that were sent, and that are durable there.
    sent: u64,
    durable: u64,
}

impl Copying for Sender {
    fn reached(&self) -> Option<Reached> {
        self.reached
    }

    fn send(&mut self, first: u64, at: u64, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        self.stream.write_all(&head(first, at, length))?;
        self.stream.write_all(bytes)?;
        self.sent += 1;
        // It goes at once: whoever keeps the copy writes it while this machine's disk is at work.
        self.stream.flush()
    }

    fn confirm(&mut self) -> io::Result<()> {
        if self.durable == self.sent {
            self.send(0, 0, &[])?;
        }
        while self.durable < self.sent {
            let mut durable = [0; 8];
            self.stream.read_exact(&mut durable)?;
            let durable = u64::from_be_bytes(durable);
            if durable <= self.durable || durable > self.sent {
                return Err(invalid("it says that other parts are durable than were sent"));
            }
            self.durable = durable;
        }
        Ok(())
    }
}
