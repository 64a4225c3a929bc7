//! `schema` and `completions`: what is printed for other programs.

use clap_complete::Shell;

use super::failure::Failure;
use crate::{settings::Settings, terminal::print};

/// The JSON Schema of the configuration file, for editors and for those who write one by program.
pub(super) fn schema() -> Result<(), Failure> {
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(Settings));
    print(schema.map_err(|error| Failure::new(1, error))?);
    Ok(())
}

/// A text as it is.
pub(super) fn text(text: &str) -> Result<(), Failure> {
    print(text.trim_end());
    Ok(())
}

/// What a shell reads to complete the arguments of this command.
pub(super) fn completions(shell: Shell, command: &mut clap::Command) {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "credit-gateway", &mut script);
    print(String::from_utf8_lossy(&script).trim_end());
}
