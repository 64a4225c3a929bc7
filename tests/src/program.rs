//! A program beside a gateway, for as long as a test needs it.

use std::process::{Child, Command, Stdio};

use crate::{Heard, scratch};

/// A program that runs. Killed when dropped.
pub struct Program {
    child: Child,
    out: Heard,
    err: Heard,
}

impl Program {
    /// Starts it.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        scratch::began(child.id());
        let out = Heard::listen(child.stdout.take().expect("piped"));
        let err = Heard::listen(child.stderr.take().expect("piped"));
        Self { child, out, err }
    }

    /// What it says on standard output.
    #[must_use]
    pub fn out(&self) -> &Heard {
        &self.out
    }

    /// What it says on standard error.
    #[must_use]
    pub fn err(&self) -> &Heard {
        &self.err
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        if ended.is_ok() {
            scratch::ended(self.child.id());
        }
    }
}
