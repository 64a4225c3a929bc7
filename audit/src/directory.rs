//! The directory: a log that lists the logs of several gateways which are one (`FORMAT.md` §17). [`Listing`] is what its
//! leaves say, [`Directory`] a directory that was checked in its folder.

mod fault;
mod listing;

pub use fault::DirectoryFault;
pub use listing::{ListedAs, Listing};

use std::path::Path;

use jiff::Timestamp;

use crate::checkpoint::Checkpoint;
use crate::clock::CLOCKS;
use crate::leaf::{self, Body, Kind, Peek};
use crate::note::VerifierKey;
use crate::verify::{self, CheckError, Report, Violation, Visitor};

/// A directory that was checked: every file up to its checkpoint, and every leaf.
pub struct Directory {
    /// What its leaves say.
    pub listing: Listing,
    /// The check of its files.
    pub report: Report,
}

impl Directory {
    /// Checks the directory in a folder (or in the `log` below it). It must continue the checkpoints in `earlier`.
    ///
    /// # Errors
    /// As [`CheckError`] says.
    pub fn read(folder: &Path, key: &VerifierKey, earlier: &[Checkpoint]) -> Result<Self, CheckError> {
        let mut fold = Fold(Listing::new(key.name()));
        let report = verify::directory(folder, key, earlier, &mut fold)?;
        Ok(Self { listing: fold.0, report })
    }
}

struct Fold(Listing);

impl Visitor for Fold {
    fn leaf(&mut self, index: u64, peek: &Peek<'_>, bytes: &[u8]) -> Result<(), CheckError> {
        let fault = |cause| Violation::Directory { index, cause };
        let form = |error: leaf::BodyError| fault(DirectoryFault::Form(error.to_string()));
        leaf::check_members(peek).map_err(form)?;
        leaf::check_form(bytes).map_err(form)?;
        match leaf::parse(bytes).map_err(form)?.map(|leaf| leaf.body) {
            Some(Body::Log(log)) => Ok(self.0.take(&log).map_err(fault)?),
            Some(Body::Open(_)) => Ok(()),
            Some(_) => Err(fault(DirectoryFault::OtherKind(peek.kind.to_owned())).into()),
            // Kinds of a later release list nothing that this one knows.
            None if Kind::parse(peek.kind).is_none() => Ok(()),
            None => Err(fault(DirectoryFault::OtherKind(peek.kind.to_owned())).into()),
        }
    }
}

/// Whether a time lies in what a log is listed for.
pub(crate) fn is_within(listed: &ListedAs, at: Timestamp) -> bool {
    let earliest = listed.from.checked_sub(CLOCKS).unwrap_or(Timestamp::MIN);
    let latest = listed.until.and_then(|until| until.checked_add(CLOCKS).ok()).unwrap_or(Timestamp::MAX);
    (earliest..=latest).contains(&at)
}
