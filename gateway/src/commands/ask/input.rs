//! What is asked, from a file or standard input.

use std::{io::Read, path::Path};

use zeroize::Zeroizing;

use crate::{commands::failure::Failure, terminal::said};

/// # Errors
/// When it cannot be read.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = if path.as_os_str() == "-" {
        std::io::stdin().read_to_end(&mut bytes).map(drop)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)).map(drop)
    };
    let path = path.display();
    read.map_err(|error| {
        Failure::usage(said(|| format!("无法读取 `{path}`：{error}"), || format!("cannot read `{path}`: {error}")))
    })?;
    Ok(bytes)
}
