//! `copy keep|restore`: the second copy of the write-ahead log, at another machine.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
};

use clap::{Args, Subcommand};
use credit_audit::log::{RecoverError, RestoreError, restore};

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
        Copy::Restore { from, config } => {
            let settings = config.read()?;
            let restored = restore(&log_settings(&settings), &from).map_err(|error| match &error {
                RestoreError::Recover(RecoverError::Io { .. } | RecoverError::Locked(_)) => Failure::unavailable(error),
                RestoreError::NoCopy(_) => Failure::usage(error),
                _ => Failure::new(1, error),
            })?;
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
