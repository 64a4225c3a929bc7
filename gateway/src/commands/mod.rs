//! The commands of `credit-gateway` (formats.md §6). Exit codes: 0 holds, 1 does not, 64 usage or configuration, 69
//! something that is needed is unavailable.

mod catalogue;
mod change;
mod consent;
#[cfg(feature = "demo")]
mod demo;
mod failure;
mod hints;
mod init;
mod institution;
mod keys;
mod printed;
mod serving;
mod store;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::{
    process::hardening,
    telemetry,
    terminal::{eprint, eprint_last},
};
use failure::{ConfigFile, UNAVAILABLE, USAGE};

/// 征信查询网关 · privacy-preserving credit query gateway
#[derive(Parser)]
#[command(name = "credit-gateway", version, about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[cfg(feature = "demo")]
    /// Make (once) and run a whole demo 制作并运行完整演示
    Demo(demo::Arguments),
    /// Create the folder of a gateway of your own: configuration, keys, empty store 新建网关文件夹：配置、密钥、空数据源
    Init(init::Arguments),
    /// Serve until SIGTERM 提供服务
    Serve(ConfigFile),
    /// Check configuration, catalogue, keys and stores 检查配置、规则目录、密钥与数据源
    Check(ConfigFile),
    /// Read and check the catalogue 查看与检查规则目录
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
    /// The data that the gateway answers from 数据源
    #[command(subcommand)]
    Store(store::Store),
    /// Print the JSON Schema of the configuration 打印配置文件的 JSON Schema
    Schema,
    /// Print what a shell reads to complete this command 打印命令补全脚本
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
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
    let _flush = telemetry::FlushAtEnd;
    let done = match arguments.command {
        #[cfg(feature = "demo")]
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::Serve(config) => serving::serve(&config),
        Command::Check(config) => serving::check(&config),
        Command::Policy(policy) => catalogue::run(policy),
        Command::Keys(keys) => keys::run(keys),
        Command::Consent(consent) => consent::run(consent),
        Command::Institution(institution) => institution::run(institution),
        Command::Store(store) => store::run(store),
        Command::Schema => printed::schema(),
        Command::Completions { shell } => {
            printed::completions(shell, &mut Arguments::command());
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprint_last(&failure.lines);
            ExitCode::from(failure.code)
        }
    }
}
