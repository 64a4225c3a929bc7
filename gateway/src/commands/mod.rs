//! The commands of `credit-gateway` (formats.md §6). Exit codes: 0 holds, 1 does not, 64 usage or configuration, 69
//! something that is needed is unavailable.

mod catalogue;
mod change;
mod consent;
mod demo;
mod institution;
mod keys;
mod printed;
mod serving;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    process::{hardening, start::StartError},
    settings::{Settings, SettingsError},
    terminal::eprint,
};

/// Exit code for wrong usage or configuration (sysexits `EX_USAGE`).
const USAGE: u8 = 64;

/// Exit code for something that is needed and not there (sysexits `EX_UNAVAILABLE`).
const UNAVAILABLE: u8 = 69;

/// 征信查询网关 · privacy-preserving credit query gateway
#[derive(Parser)]
#[command(name = "credit-gateway", version, about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make (once) and run a whole demo 制作并运行完整演示
    Demo(demo::Arguments),
    /// Serve until SIGTERM 提供服务
    Serve(ConfigFile),
    /// Check configuration, catalogue, keys and stores 检查配置、目录、密钥与数据源
    Check(ConfigFile),
    /// Read and check the catalogue 查看与检查目录
    #[command(subcommand)]
    Policy(catalogue::Policy),
    /// The key ring 密钥环
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Consents 授权
    #[command(subcommand)]
    Consent(consent::Consent),
    /// The register of institutions 机构登记
    #[command(subcommand)]
    Institution(institution::Institution),
    /// Print the JSON Schema of the configuration 打印配置文件的 JSON Schema
    Schema,
    /// Print what a shell reads to complete this command 打印命令补全脚本
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Where the configuration is.
#[derive(clap::Args, Clone)]
struct ConfigFile {
    /// The configuration file 配置文件
    #[arg(long, default_value = "demo/config.toml", value_name = "FILE")]
    config: PathBuf,
}

impl ConfigFile {
    fn read(&self) -> Result<Settings, Failure> {
        Settings::read(&self.config).map_err(Failure::settings)
    }
}

/// Why a command ends with another code than 0.
struct Failure {
    code: u8,
    lines: Vec<String>,
}

impl Failure {
    fn new(code: u8, line: impl std::fmt::Display) -> Self {
        Self { code, lines: vec![line.to_string()] }
    }

    fn usage(line: impl std::fmt::Display) -> Self {
        Self::new(USAGE, line)
    }

    fn unavailable(line: impl std::fmt::Display) -> Self {
        Self::new(UNAVAILABLE, line)
    }

    fn settings(faults: Vec<SettingsError>) -> Self {
        Self { code: USAGE, lines: faults.iter().map(ToString::to_string).collect() }
    }

    fn start(error: &StartError) -> Self {
        match error {
            StartError::Catalogue(faults) => {
                Self { code: USAGE, lines: faults.iter().map(ToString::to_string).collect() }
            }
            StartError::File { .. }
            | StartError::Kek(_)
            | StartError::Ring(_)
            | StartError::Key(_)
            | StartError::Keyring(_)
            | StartError::DemoKeys(_)
            | StartError::Continues { .. }
            | StartError::ContinuesDamaged { .. }
            | StartError::FirstRelease(_)
            | StartError::Sealed(_)
            | StartError::Register(_)
            | StartError::Issuer(_)
            | StartError::Store(_) => Self::usage(error),
            StartError::Recover(_)
            | StartError::Log(_)
            | StartError::Fold(_)
            | StartError::LogShort { .. }
            | StartError::Metrics(_)
            | StartError::Unrecorded(_) => Self::unavailable(error),
        }
    }
}

/// Runs the command of this process.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { USAGE } else { 0 };
            return if error.print().is_ok() { ExitCode::from(code) } else { ExitCode::FAILURE };
        }
    };
    if let Err(error) = hardening::harden() {
        eprint(format_args!("core dumps cannot be turned off: {error}"));
        return ExitCode::from(UNAVAILABLE);
    }
    let done = match arguments.command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Serve(config) => serving::serve(&config),
        Command::Check(config) => serving::check(&config),
        Command::Policy(policy) => catalogue::run(policy),
        Command::Keys(keys) => keys::run(keys),
        Command::Consent(consent) => consent::run(consent),
        Command::Institution(institution) => institution::run(institution),
        Command::Schema => printed::schema(),
        Command::Completions { shell } => {
            printed::completions(shell);
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            for line in &failure.lines {
                eprint(line);
            }
            ExitCode::from(failure.code)
        }
    }
}

/// The runtime of the main thread.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::unavailable(format_args!("no runtime: {error}")))
}
