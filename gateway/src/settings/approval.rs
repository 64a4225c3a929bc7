//! What two officers approve: from when it holds, and the file of the configuration that is to follow.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

/// What two officers approve, beside what they approve.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The first day on which register and limits of this file hold, in the jurisdiction; left out = from their approval on.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub holds_from: Option<Date>,
}

/// What the name of the configuration that is to follow has at its end.
const NEXT: &str = ".next";

/// A configuration and, beside it, the one that is to follow, whichever of them `file` is.
pub(crate) fn beside(file: &Path) -> (PathBuf, PathBuf) {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let own = name.strip_suffix(NEXT).unwrap_or(&name);
    (file.with_file_name(own), file.with_file_name(format!("{own}{NEXT}")))
}

/// The configuration that is to follow this one, where there is one.
pub(crate) fn to_follow(file: &Path) -> Option<PathBuf> {
    let (own, next) = beside(file);
    (file == own && next.exists()).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_that_is_to_follow_stands_beside_the_one_in_use_whichever_was_read() {
        for read in ["/etc/gateway/config.toml", "/etc/gateway/config.toml.next"] {
            let (own, next) = beside(Path::new(read));
            assert_eq!(own, Path::new("/etc/gateway/config.toml"));
            assert_eq!(next, Path::new("/etc/gateway/config.toml.next"));
        }
    }
}
