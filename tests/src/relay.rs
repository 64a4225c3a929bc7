//! A relay to a server on this machine that can stop passing bytes and closes nothing: a network that is cut.

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

/// What it does not pass now.
#[derive(Clone, Copy, Default)]
struct Cut {
    to_server: bool,
    to_client: bool,
    is_over: bool,
}

#[derive(Default)]
struct Shared {
    cut: Mutex<Cut>,
    changed: Condvar,
    /// What is open, by a number of each connection's own.
    open: Mutex<HashMap<u64, [TcpStream; 2]>>,
}

/// That a connection is open: until neither direction is passed any longer.
struct Open {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Open {
    fn drop(&mut self) {
        lock(&self.shared.open).remove(&self.number);
    }
}

/// Passes bytes until it is told not to. Ended when dropped.
pub struct Relay {
    port: u16,
    shared: Arc<Shared>,
}

impl Relay {
    /// To a server at a port of `127.0.0.1`.
    #[must_use]
    pub fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let shared = Arc::<Shared>::default();
        let relay = Self { port, shared: Arc::clone(&shared) };
        std::thread::spawn(move || {
            for (number, client) in (0..).zip(listener.incoming().map_while(Result::ok)) {
                if shared.cut().is_over {
                    return;
                }
                Open { shared: Arc::clone(&shared), number }.join(client, server);
            }
        });
        relay
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Passes nothing more, in either direction.
    pub fn cut(&self) {
        self.shared.change(|cut| (cut.to_server, cut.to_client) = (true, true));
    }

    /// Passes nothing more of what the server says; the server hears everything.
    pub fn cut_answers(&self) {
        self.shared.change(|cut| cut.to_client = true);
    }

    /// Passes all that waits, and what comes.
    pub fn pass(&self) {
        self.shared.change(|cut| (cut.to_server, cut.to_client) = (false, false));
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.change(|cut| cut.is_over = true);
        for stream in lock(&self.shared.open).values().flatten() {
            // One that is closed already is closed.
            stream.shutdown(Shutdown::Both).unwrap_or_default();
        }
        // The thread that listens hears of it.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl Shared {
    fn cut(&self) -> Cut {
        *lock(&self.cut)
    }

    fn change(&self, change: impl FnOnce(&mut Cut)) {
        change(&mut lock(&self.cut));
        self.changed.notify_all();
    }

    /// Waits until bytes are passed in a direction; false where all is over.
    fn may_pass(&self, is_cut: fn(&Cut) -> bool) -> bool {
        let waits = |cut: &mut Cut| !cut.is_over && is_cut(cut);
        let cut = self.changed.wait_while(lock(&self.cut), waits).unwrap_or_else(PoisonError::into_inner);
        !cut.is_over
    }

    fn copy(&self, mut from: TcpStream, mut to: TcpStream, is_cut: fn(&Cut) -> bool) {
        let mut bytes = [0; 16 * 1_024];
        loop {
            let read = from.read(&mut bytes).unwrap_or_default();
            if !self.may_pass(is_cut) || read == 0 || to.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        to.shutdown(Shutdown::Write).unwrap_or_default();
        from.shutdown(Shutdown::Read).unwrap_or_default();
    }
}

impl Open {
    /// Passes bytes of one connection in both directions. Where the server is away, the client's is closed.
    fn join(self, client: TcpStream, server: u16) {
        let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { return };
        let copies = || Some((client.try_clone().ok()?, server.try_clone().ok()?));
        let (Some(kept), Some(back)) = (copies(), copies()) else { return };
        for stream in [&client, &server] {
            // It only makes it quicker.
            stream.set_nodelay(true).unwrap_or_default();
        }
        lock(&self.shared.open).insert(self.number, kept.into());
        let here = Arc::new(self);
        let there = Arc::clone(&here);
        std::thread::spawn(move || here.shared.copy(client, server, |cut| cut.to_server));
        std::thread::spawn(move || there.shared.copy(back.1, back.0, |cut| cut.to_client));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
