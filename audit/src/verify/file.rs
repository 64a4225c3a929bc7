//! How a file of a log is read from a folder that others may have made.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::names::longest;
use super::violation::{CheckError, Violation};

/// Reads a regular file no longer than its name allows. Whoever made the folder may have put anything there: opening a
/// pipe does not wait, a link is not followed, and a length is looked at before a byte is read.
pub(super) fn read_file(place: &Path, path: &str, buffer: &mut Vec<u8>) -> Result<bool, CheckError> {
    let fail = |error: io::Error| CheckError::unavailable(place.display().to_string(), &error);
    let not_a_file = || CheckError::from(Violation::NotAFile { path: path.to_owned() });
    let too_long = || CheckError::from(Violation::Length { path: path.to_owned() });
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(place) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(false),
        // A link, or a socket.
        Err(error) if [Errno::LOOP, Errno::NXIO].iter().any(|no| error.raw_os_error() == Some(no.raw_os_error())) => {
            return Err(not_a_file());
        }
        Err(error) => return Err(fail(error)),
    };
    let found = file.metadata().map_err(fail)?;
    if !found.is_file() {
        return Err(not_a_file());
    }
    let longest = longest(path) as u64;
    if found.len() > longest {
        return Err(too_long());
    }
    // It may grow while it is read.
    file.take(longest + 1).read_to_end(buffer).map_err(fail)?;
    if buffer.len() as u64 > longest { Err(too_long()) } else { Ok(true) }
}
