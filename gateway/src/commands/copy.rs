//! `copy keep|prune|restore`: the second copy of the write-ahead log, at another machine.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
};

use clap::{Args, Subcommand};
use credit_audit::log::{RecoverError, Released, RestoreError, prune_copy, restore};

use super::failure::{ConfigFile, Failure};
use crate::{
    copies::{Keeper, keep},
    process::start::log_settings,
    terminal::{eprint, print, words},
};

#[derive(Subcommand)]
pub(super) enum Copy {
    /// Keep the second copies of gateways' write-ahead logs, until it is ended 保存各网关预写日志的第二副本，直至终止
    Keep(Keep),
    /// Remove what a published log has from a copy, while it is kept or not 从副本中删除已公布日志所含的部分，保存期间亦可
    Prune {
        /// The folder of the copy of one log 某一日志副本所在的文件夹
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// A published log that was verified: the folder `log` of a backup, or of `objects fetch` 已核验的已公布日志：备份中的 `log` 文件夹，或 `objects fetch` 所得
        #[arg(long, value_name = "DIR")]
        log: PathBuf,
    },
    /// With the gateway stopped: take over from a copy what its log has not, or all of it 网关停止时：由副本恢复日志缺少的部分或全部
    Restore {
        /// The folder of the copy of this log, as it was kept or copied 本日志副本所在的文件夹
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        #[command(flatten)]
        config: ConfigFile,
    },
}

#[derive(Args)]
pub(super) struct Keep {
    /// Where to listen 监听地址
    #[arg(long, value_name = "ADDRESS")]
    listen: SocketAddr,
    /// The folder, in which each log gets one of its own 文件夹，每个日志各占一个子文件夹
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The certificate to show (PEM) 出示的证书（PEM）
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,
    /// Its key (PEM, mode 0600) 其私钥（PEM，权限 0600）
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The authorities of the gateways' certificates (PEM) 网关证书的签发机构（PEM）
    #[arg(long, value_name = "FILE")]
    authorities: PathBuf,
}

pub(super) fn run(command: Copy) -> Result<(), Failure> {
    match command {
        Copy::Keep(Keep { listen, dir, certificate, key, authorities }) => {
            let listener = TcpListener::bind(listen)
                .map_err(|error| Failure::unavailable(format_args!("cannot listen on {listen}: {error}")))?;
            let address = listener.local_addr().map_err(Failure::unavailable)?;
            print(format_args!("ready {address}"));
            let keeper = Keeper { folder: dir, authorities, certificate, key };
            keep(&keeper, &listener, |line| eprint(line)).map_err(Failure::usage)
        }
        Copy::Prune { from, log } => {
            let Released { segments, bytes } = prune_copy(&from, &log).map_err(failure)?;
            print(words(
                &format!("已删除 {segments} 段，共 {bytes} 字节"),
                &format!("{segments} segments removed, {bytes} bytes"),
            ));
            if segments > 0 {
                print(words(
                    "自此由本副本恢复须同时有该日志或更晚的日志：请妥善保存，并置于另一台机器",
                    "from now on the log comes back from the copy and that log, or a later one, together: keep it, and at another machine",
                ));
            }
            Ok(())
        }
        Copy::Restore { from, config } => {
            let settings = config.read()?;
            let restored = restore(&log_settings(&settings), &from).map_err(failure)?;
            let bytes = restored.bytes;
            print(words(&format!("已由副本恢复 {bytes} 字节"), &format!("{bytes} bytes taken over from the copy")));
            if restored.guard {
                print(words(
                    "防回滚文件已丢失，现已新建：请将丢失之前公布的检查点与恢复后的日志核对（credit-audit verify --old）",
                    "the rollback guard was lost, and is new: compare the log with checkpoints from before (`credit-audit verify --old`)",
                ));
            }
            Ok(())
        }
    }
}

fn failure(error: RestoreError) -> Failure {
    match &error {
        RestoreError::Recover(RecoverError::Io { .. } | RecoverError::Locked(_)) => Failure::unavailable(error),
        RestoreError::NoCopy(_) => Failure::usage(error),
        RestoreError::Recover(_) | RestoreError::Contradicts { .. } => Failure::new(1, error),
    }
}
