//! What every command shares: where the configuration is, how it fails, and the runtime of its thread.

use std::path::PathBuf;

use credit_policy::Language;

use crate::{
    process::{self, start::StartError},
    settings::{Settings, SettingsError},
    terminal::language,
};

/// Exit code for wrong usage or configuration (sysexits `EX_USAGE`).
pub(super) const USAGE: u8 = 64;

/// Exit code for something that is needed and not there (sysexits `EX_UNAVAILABLE`).
pub(super) const UNAVAILABLE: u8 = 69;

/// The flag that names the configuration.
#[derive(clap::Args, Clone)]
pub(super) struct ConfigFile {
    /// The configuration file 配置文件
    #[arg(long, default_value = "demo/config.toml", value_name = "FILE")]
    config: PathBuf,
}

impl ConfigFile {
    /// The flag, given.
    pub(super) fn at(config: PathBuf) -> Self {
        Self { config }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &std::path::Path {
        &self.config
    }

    pub(super) fn read(&self) -> Result<Settings, Failure> {
        Settings::read(&self.config).map_err(Failure::settings)
    }
}

/// Why a command ends with another code than 0.
pub(super) struct Failure {
    pub(super) code: u8,
    pub(super) lines: Vec<String>,
}

impl Failure {
    pub(super) fn new(code: u8, line: impl std::fmt::Display) -> Self {
        Self { code, lines: vec![line.to_string()] }
    }

    pub(super) fn usage(line: impl std::fmt::Display) -> Self {
        Self::new(USAGE, line)
    }

    pub(super) fn unavailable(line: impl std::fmt::Display) -> Self {
        Self::new(UNAVAILABLE, line)
    }

    pub(super) fn settings(faults: Vec<SettingsError>) -> Self {
        Self { code: USAGE, lines: faults.iter().map(ToString::to_string).collect() }
    }

    pub(super) fn start(error: &StartError) -> Self {
        let lines = match error {
            StartError::Catalogue(faults) => faults.iter().map(ToString::to_string).collect(),
            StartError::Store(store) if language() == Language::Zh => vec![store.chinese()],
            other => vec![other.to_string()],
        };
        Self { code: if error.may_pass() { UNAVAILABLE } else { USAGE }, lines }
    }

    /// All of them. Where one needs another configuration, trying again does not help.
    pub(super) fn starts(errors: &[StartError]) -> Self {
        let each: Vec<_> = errors.iter().map(Self::start).collect();
        let code = each.iter().map(|failure| failure.code).min().unwrap_or(UNAVAILABLE);
        Self { code, lines: each.into_iter().flat_map(|failure| failure.lines).collect() }
    }
}

/// The runtime of the main thread.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    process::runtime().map_err(|error| Failure::unavailable(format_args!("no runtime: {error}")))
}
