//! The commands of `credit-gateway` (formats.md §6). Exit codes: 0 holds, 1 does not, 64 usage or configuration, 69
//! something that is needed is unavailable.

mod approval;
mod ask;
mod by_two;
mod case;
mod catalogue;
mod change;
mod consent;
mod copy;
mod coverage;
#[cfg(feature = "demo")]
mod demo;
mod directory;
mod export;
mod failure;
mod figures;
mod grounds;
mod hints;
mod index;
mod init;
mod institution;
mod keys;
mod notice;
mod objection;
mod objects;
mod openapi;
mod printed;
mod prune;
mod self_check;
mod serving;
mod stop;
mod store;
mod unseal;

use std::{io::Write, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use credit_audit::help;

use crate::{
    cluster,
    process::hardening,
    telemetry,
    terminal::{chinese, eprint, eprint_last, language},
};
use failure::{ConfigFile, UNAVAILABLE, USAGE};

/// Privacy-preserving credit query gateway 征信查询网关
#[derive(Parser)]
#[command(name = "credit-gateway", version, about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[cfg(feature = "demo")]
    /// Create (once) and run a whole demo 新建并运行完整演示
    Demo(demo::Arguments),
    /// Create the folder of a gateway of your own: configuration, keys, empty store 新建网关文件夹：配置、密钥、空数据源
    Init(init::Arguments),
    /// Serve until SIGTERM 提供服务
    Serve(ConfigFile),
    /// Ask a gateway as an institution: one query, or a batch 以机构身份查询：单次或批量
    Ask(ask::Arguments),
    /// Check configuration, catalogue, keys and stores 检查配置、规则目录、密钥与数据源
    Check(ConfigFile),
    /// Look through the whole life of the data: keys, certificates, alarms, log, retention, backups, clocks, stores 全流程自查
    SelfCheck(self_check::Arguments),
    /// Read and check the catalogue 查看与检查规则目录
    #[command(subcommand)]
    Policy(catalogue::Policy),
    /// What two officers decide: catalogue, register, limits 由两名管理人员决定的变更
    #[command(subcommand)]
    Catalogue(approval::Catalogue),
    /// The key ring 密钥环
    #[command(subcommand)]
    Keys(keys::Keys),
    /// The directory that lists the logs of all replicas 列有各副本日志的目录日志
    #[command(subcommand)]
    Directory(directory::Directory),
    /// Consents 授权
    #[command(subcommand)]
    Consent(consent::Consent),
    /// The register of institutions 机构登记
    #[command(subcommand)]
    Institution(institution::Institution),
    /// Stop every query at once, or those of one scenario 立即停止全部查询或某一场景的查询
    Stop(stop::Which),
    /// Let queries be answered again after a stop 停止后恢复查询
    Resume(stop::Resume),
    /// Open the sealed part of one record, by two officers 由两名管理人员打开一条记录的密封部分
    Unseal(unseal::Arguments),
    /// Let records go that are past their retention, by two officers 由两名管理人员决定不再保存已过保存期限的记录
    Prune(prune::Arguments),
    /// Hand over a person's evidence, by two officers 由两名管理人员移交有关某人的证据
    Export(export::Arguments),
    /// Cases that must be checked 应查必查案件
    #[command(subcommand)]
    Case(case::Case),
    /// Which cases that must be checked were looked up 应查必查覆盖情况
    Coverage(coverage::Arguments),
    /// Figures that are published 公开统计
    #[command(subcommand)]
    Figures(figures::Figures),
    /// Notices to persons that are owed 告知
    #[command(subcommand)]
    Notice(notice::Notice),
    /// Objections of persons to records 异议
    #[command(subcommand)]
    Objection(objection::Objection),
    /// The index of the log, by which persons see who asked 日志索引
    #[command(subcommand)]
    Index(index::Command),
    /// The data that the gateway answers from 数据源
    #[command(subcommand)]
    Store(store::Store),
    /// The published log in an object store 对象存储中的已发布日志
    #[command(subcommand)]
    Objects(objects::Objects),
    /// The second copy of the write-ahead log, at another machine 另一台机器上的预写日志第二副本
    #[command(subcommand)]
    Copy(copy::Copy),
    /// What several gateways count together 多个网关共享的状态
    #[command(subcommand)]
    State(State),
    /// Print the interface for institutions with the routes of a configuration (OpenAPI) 打印机构接口说明，含配置中的路由
    Openapi(ConfigFile),
    /// Print the JSON Schema of the configuration 打印配置文件的 JSON Schema
    Schema,
    /// Print what a shell reads to complete this command 打印命令补全脚本
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Subcommand)]
enum State {
    /// Print the tables of the shared state, for psql 打印共享状态的表结构（供 psql 使用）
    Schema,
}

/// The command line, with its help in the language in use.
fn command() -> clap::Command {
    help::in_language(Arguments::command(), language())
}

/// Runs the command of this process.
#[must_use]
pub fn run() -> ExitCode {
    let parsed = command().try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => {
            let text = help::text(&error, language(), chinese());
            let written = if error.use_stderr() {
                std::io::stderr().write_all(text.as_bytes())
            } else {
                std::io::stdout().write_all(text.as_bytes())
            };
            let code = if error.use_stderr() { USAGE } else { 0 };
            return if written.is_ok() { ExitCode::from(code) } else { ExitCode::FAILURE };
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
        Command::Ask(arguments) => ask::run(&arguments),
        Command::Serve(config) => serving::serve(&config),
        Command::Check(config) => serving::check(&config),
        Command::SelfCheck(arguments) => self_check::run(&arguments),
        Command::Policy(policy) => catalogue::run(policy),
        Command::Catalogue(catalogue) => approval::run(catalogue),
        Command::Keys(keys) => keys::run(keys),
        Command::Directory(directory) => directory::run(directory),
        Command::Consent(consent) => consent::run(consent),
        Command::Institution(institution) => institution::run(institution),
        Command::Stop(which) => stop::stop(which),
        Command::Resume(which) => stop::resume(which),
        Command::Unseal(arguments) => unseal::run(&arguments),
        Command::Prune(arguments) => prune::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Case(case) => case::run(case),
        Command::Coverage(arguments) => coverage::run(&arguments),
        Command::Figures(figures) => figures::run(figures),
        Command::Notice(notice) => notice::run(notice),
        Command::Objection(objection) => objection::run(objection),
        Command::Index(index) => index::run(index),
        Command::Store(store) => store::run(store),
        Command::Objects(objects) => objects::run(objects),
        Command::Copy(copy) => copy::run(copy),
        Command::State(State::Schema) => printed::text(cluster::SCHEMA),
        Command::Openapi(config) => openapi::run(&config),
        Command::Schema => printed::schema(),
        Command::Completions { shell } => {
            printed::completions(shell, &mut command());
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
