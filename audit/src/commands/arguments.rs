//! What the command line takes.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use credit_audit::monthly::{parse_moment, parse_month};
use jiff::Timestamp;
use jiff::tz::Offset;

/// Checks the signed record of a credit query gateway 核验征信查询网关的签名记录
#[derive(Debug, Parser)]
#[command(name = "credit-audit", version, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check a whole log, one receipt, or both 核验整个日志、一份回执，或两者
    Verify(VerifyArguments),
    /// Copy a log that others serve, or continue the copy, and check all of it 复制他人公布的日志，或续接副本，并全部核验
    Mirror(MirrorArguments),
    /// Check a whole log and decide every query in it again 核验整个日志，并对每次查询重新判定
    Replay(ReplayArguments),
    /// List what the records of a log say in clear, and check the log 列出日志记录中的明文内容，并核验日志
    Show(ShowArguments),
    /// Check a person's export 核验个人导出文件
    Person(PersonArguments),
    /// Count which cases that must be checked were looked up 统计应查必查案件的查询情况
    Coverage(CoverageArguments),
    /// Say what of the queries was reviewed, and check that nobody chose it 统计查询复核情况，并核验抽样未经任何人挑选
    Review(ReviewArguments),
    /// Check published figures: that they are those on the record, and within the privacy budget 核验公布的统计数字：与所记一致，且未超出隐私预算
    Figures(FiguresArguments),
    /// Write the compliance report of a month 生成月度合规报告
    Report(MonthlyArguments),
    /// Export evidence of an institution, a member of staff or a period, each record with its proof 导出机构、经办人或时段的证据，每条记录附证明
    Export(ExportArguments),
    /// Check evidence that was exported, without the log or with it 核验导出的证据，可不需要日志
    Evidence(EvidenceArguments),
    /// Serve a witness that cosigns the growth of logs (c2sp.org/tlog-witness) 运行见证服务，为日志的延续联署（c2sp.org/tlog-witness）
    Witness(WitnessArguments),
    /// Print what a shell reads to complete this command 打印命令补全脚本
    Completions {
        /// The shell 命令行解释器
        shell: clap_complete::Shell,
    },
}

/// The logs of several gateways that are one.
#[derive(Debug, Args)]
pub(super) struct SetArguments {
    /// The folder of the directory log, which lists the logs of all replicas: each of them must be named, and no other 目录日志的文件夹，其中列有各副本的日志：须逐一给出，不得多也不得少
    #[arg(long, value_name = "DIR", requires = "directory_vkey")]
    pub(super) directory: Option<PathBuf>,
    /// The directory's verifier key, from a source that you trust 目录日志的验证公钥，须取自可信来源
    #[arg(long, value_name = "FILE", requires = "directory")]
    pub(super) directory_vkey: Option<PathBuf>,
}

/// What is to be checked.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 valid, 1 not valid, 64 wrong usage, 69 something needed is unavailable. 退出码：0 核验通过，1 核验未通过，64 用法错误，69 所需资源不可用。"
)]
pub(super) struct VerifyArguments {
    /// The log's folder (or the data folder that has it), or its address: http://… or https://…; with --directory the folder of each log 日志文件夹（或其所在的数据文件夹），或网址；给出 --directory 时为各日志的文件夹
    #[arg(value_name = "DIR|URL", required_unless_present = "receipt")]
    pub(super) log: Vec<String>,
    /// The log's verifier key (`log.vkey`), from a source that you trust 日志的验证公钥（`log.vkey`），须取自可信来源
    #[arg(long, value_name = "FILE", required_unless_present = "directory", conflicts_with = "directory")]
    pub(super) vkey: Option<PathBuf>,
    #[command(flatten)]
    pub(super) set: SetArguments,
    /// A receipt (c2sp.org/tlog-proof) 回执（c2sp.org/tlog-proof）
    #[arg(long, value_name = "FILE", requires = "leaf", conflicts_with = "directory")]
    pub(super) receipt: Option<PathBuf>,
    /// The leaf that the receipt is for, byte for byte 回执所证明的记录，须逐字节一致
    #[arg(long, value_name = "FILE", requires = "receipt")]
    pub(super) leaf: Option<PathBuf>,
    /// A checkpoint kept from earlier: the log must continue it; with --directory one of each log, and of the directory 此前保存的检查点：日志须为其延续；给出 --directory 时可为各日志及目录日志各给一份
    #[arg(long, value_name = "CHECKPOINT")]
    pub(super) old: Vec<PathBuf>,
    /// Certificates of the authorities that an https server's may come from (PEM) 受信任的 https 服务器证书签发机构（PEM）
    #[arg(long, value_name = "FILE", conflicts_with = "directory")]
    pub(super) ca: Option<PathBuf>,
    /// An auditor's certificate (PEM): entry bundles are checked over https too 审计人员证书（PEM）：经 https 时也核对记录
    #[arg(long, value_name = "FILE", requires_all = ["key", "ca"])]
    pub(super) cert: Option<PathBuf>,
    /// The key of that certificate (PEM) 该证书的私钥（PEM）
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(super) key: Option<PathBuf>,
    /// The folder of the log of another gateway that was asked, or that asked: the two must name each other 另一网关的日志文件夹：两份日志须互相指明
    #[arg(long, value_name = "DIR", conflicts_with = "directory")]
    pub(super) peer: Option<PathBuf>,
    /// The other log's verifier key; without it the `log.vkey` in its folder, which proves less 另一日志的验证公钥；省略时用其文件夹中的 `log.vkey`，证明力较弱
    #[arg(long, value_name = "FILE", requires = "peer")]
    pub(super) peer_vkey: Option<PathBuf>,
    /// A trust policy (c2sp.org/tlog-policy): enough of its witnesses must have cosigned the log, with --directory each log 信任策略（c2sp.org/tlog-policy）：须有足够的见证方联署该日志；给出 --directory 时须联署各日志
    #[arg(long, value_name = "FILE", requires = "log")]
    pub(super) policy: Option<PathBuf>,
    /// Only the hash tiles: of a folder that `mirror` made without entries 仅核验哈希分片：用于未复制记录的 `mirror` 副本
    #[arg(long, conflicts_with_all = ["peer", "directory"])]
    pub(super) hashes: bool,
    /// Say the result as JSON 以 JSON 输出结果
    #[arg(long)]
    pub(super) json: bool,
}

/// What is to be copied.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 valid, 1 not valid (the copy is as before), 64 wrong usage, 69 something needed is unavailable. 退出码：0 核验通过，1 核验未通过（副本不变），64 用法错误，69 所需资源不可用。"
)]
pub(super) struct MirrorArguments {
    /// The log's address: http://… or https://… 日志网址
    #[arg(value_name = "URL")]
    pub(super) log: String,
    /// The folder of the copy; made where there is none 副本文件夹，不存在时新建
    #[arg(value_name = "DIR")]
    pub(super) folder: PathBuf,
    /// The log's verifier key (`log.vkey`), from a source that you trust 日志的验证公钥（`log.vkey`），须取自可信来源
    #[arg(long, value_name = "FILE")]
    pub(super) vkey: PathBuf,
    /// Certificates of the authorities that an https server's may come from (PEM) 受信任的 https 服务器证书签发机构（PEM）
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// An auditor's certificate (PEM): entries are copied too 审计人员证书（PEM）：同时复制记录
    #[arg(long, value_name = "FILE", requires_all = ["key", "ca"])]
    pub(super) cert: Option<PathBuf>,
    /// The key of that certificate (PEM) 该证书的私钥（PEM）
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(super) key: Option<PathBuf>,
    /// Say the result as JSON 以 JSON 输出结果
    #[arg(long)]
    pub(super) json: bool,
}

/// A witness: its name, keys, logs and folder.
#[derive(Debug, Args)]
#[command(
    after_help = "It speaks plain HTTP: put a TLS server before it where others reach it. Exit codes: 64 wrong usage, 69 something needed is unavailable. 本服务使用明文 HTTP：对外时请在其前部署 TLS。退出码：64 用法错误，69 所需资源不可用。"
)]
pub(super) struct WitnessArguments {
    /// The witness's name on its signature lines, e.g. witness.example/w1 签名行上的见证方名称，如 witness.example/w1
    #[arg(long, value_name = "NAME")]
    pub(super) name: String,
    /// A private key (PKCS#8, PEM): Ed25519, or ML-DSA-44 as its seed; two of different kinds are allowed 私钥（PKCS#8，PEM）：Ed25519，或仅含种子的 ML-DSA-44；可给两种各一
    #[arg(long, value_name = "FILE", required = true)]
    pub(super) key: Vec<PathBuf>,
    /// Print the public keys for a trust policy, and nothing else 仅打印用于信任策略的公钥
    #[arg(long)]
    pub(super) print_keys: bool,
    /// The witness's folder, never to be restored from a copy 见证方的文件夹，切勿由副本恢复
    #[arg(long, value_name = "DIR", required_unless_present = "print_keys")]
    pub(super) state: Option<PathBuf>,
    /// The first start: makes the folder 首次启动：建立文件夹
    #[arg(long)]
    pub(super) new: bool,
    /// The verifier key of a log that is watched (`log.vkey`); one for each 所见证日志的验证公钥（`log.vkey`）；每个日志各一
    #[arg(long, value_name = "VKEY", required_unless_present = "print_keys")]
    pub(super) log: Vec<PathBuf>,
    /// Where it listens; port 0 takes a free one 监听地址；端口 0 表示任取空闲端口
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8460")]
    pub(super) listen: SocketAddr,
}

/// What is to be decided again.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 valid, 1 not valid, 64 wrong usage, 69 something needed is unavailable. 退出码：0 核验通过，1 核验未通过，64 用法错误，69 所需资源不可用。"
)]
pub(super) struct ReplayArguments {
    /// The log's folder, or the data folder that has it; with --directory that of each log 日志文件夹，或其所在的数据文件夹；给出 --directory 时为各日志的文件夹
    #[arg(value_name = "DIR", required = true)]
    pub(super) log: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) set: SetArguments,
    /// A catalogue's folder; once for each catalogue that was in force 规则目录所在文件夹；每套曾生效的规则目录各一次
    #[arg(long, value_name = "DIR", required = true)]
    pub(super) catalogue: Vec<PathBuf>,
    /// The log's verifier key; without it the `log.vkey` beside the log, which proves less 日志的验证公钥；省略时用日志旁的 `log.vkey`，证明力较弱
    #[arg(long, value_name = "FILE", conflicts_with = "directory")]
    pub(super) vkey: Option<PathBuf>,
    /// Public keys of issuers of consents (JWK or JWK Set), from a source that you trust; without it the keys on the
    /// record, which prove less. Several are allowed 授权签发方的公钥（JWK 或 JWK Set），须取自可信来源；省略时用记录中的公钥，证明力较弱；可给多个
    #[arg(long, value_name = "FILE")]
    pub(super) issuer_keys: Vec<PathBuf>,
    /// The folder of the log of another gateway that was asked, or that asked: the two must name each other 另一网关的日志文件夹：两份日志须互相指明
    #[arg(long, value_name = "DIR", conflicts_with = "directory")]
    pub(super) peer: Option<PathBuf>,
    /// The other log's verifier key; without it the `log.vkey` in its folder, which proves less 另一日志的验证公钥；省略时用其文件夹中的 `log.vkey`，证明力较弱
    #[arg(long, value_name = "FILE", requires = "peer")]
    pub(super) peer_vkey: Option<PathBuf>,
    /// Say the result as JSON 以 JSON 输出结果
    #[arg(long)]
    pub(super) json: bool,
}

/// What is to be listed.
#[derive(Debug, Args)]
#[command(
    after_help = "Lines are written while the log is checked: only after exit code 0 are all of them of a valid log. \
                        Exit codes: 0 valid, 1 not valid, 64 wrong usage, 69 something needed is unavailable. 退出码：0 核验通过，1 核验未通过，64 用法错误，69 所需资源不可用。"
)]
pub(super) struct ShowArguments {
    /// The log's folder (or the data folder that has it), or its address for auditors: https://… 日志文件夹（或其所在的数据文件夹），或审计人员的网址
    #[arg(value_name = "DIR|URL")]
    pub(super) log: String,
    /// The log's verifier key; without it the `log.vkey` in the folder, which proves less 日志的验证公钥；省略时用文件夹中的 `log.vkey`，证明力较弱
    #[arg(long, value_name = "FILE")]
    pub(super) vkey: Option<PathBuf>,
    /// Only records of this institution, or about it 仅列此机构的记录
    #[arg(long, value_name = "ID")]
    pub(super) institution: Option<String>,
    /// Only records from this time on, e.g. 2026-11-22T00:00:00+08:00 仅列此时刻起的记录，例如 2026-11-22T00:00:00+08:00
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub(super) since: Option<Timestamp>,
    /// Only records before this time 仅列此时刻之前的记录
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub(super) until: Option<Timestamp>,
    /// Only records of this case, however it is written there 仅列此案件的记录，不论其写法
    #[arg(long, value_name = "CASE")]
    pub(super) case: Option<String>,
    /// Only refusals with this code, and counts of it 仅列此代码的拒绝及其计数
    #[arg(long, value_name = "CODE")]
    pub(super) code: Option<String>,
    /// Certificates of the authorities that an https server's may come from (PEM) 受信任的 https 服务器证书签发机构（PEM）
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// An auditor's certificate (PEM), for an address 审计人员证书（PEM），用于网址
    #[arg(long, value_name = "FILE", requires_all = ["key", "ca"])]
    pub(super) cert: Option<PathBuf>,
    /// The key of that certificate (PEM) 该证书的私钥（PEM）
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(super) key: Option<PathBuf>,
    /// List as JSON, a record a line 以 JSON 输出，每条记录一行
    #[arg(long)]
    pub(super) json: bool,
}

/// The export that is to be checked.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 valid, 1 not valid, 64 wrong usage, 69 something needed is unavailable. 退出码：0 核验通过，1 核验未通过，64 用法错误，69 所需内容无法取得。"
)]
pub(super) struct PersonArguments {
    /// What a person got from `/me/export` 个人从 `/me/export` 取得的文件
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The log's folder, or the data folder that has it: then what was left out is found too. With --directory several, of which the right one is looked into 日志文件夹，或其所在的数据文件夹：由此可查出漏列的查询；给出 --directory 时可给多个，并从中找出相应的日志
    #[arg(long, value_name = "DIR")]
    pub(super) log: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) set: SetArguments,
    /// The log's verifier key, from a source that you trust; without it the key in the file, which proves less 日志的验证公钥，须取自可信来源；省略时用文件中的公钥，证明力较弱
    #[arg(long, value_name = "FILE", conflicts_with = "directory")]
    pub(super) vkey: Option<PathBuf>,
    /// Say the result as JSON 以 JSON 输出结果
    #[arg(long)]
    pub(super) json: bool,
}

/// The figures that are to be checked, and the log or logs that say so.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 valid, 1 not valid, 64 wrong usage, 69 something needed is unavailable. 退出码：0 核验通过，1 核验未通过，64 用法错误，69 所需内容无法取得。"
)]
pub(super) struct FiguresArguments {
    /// What `credit-gateway figures publish` wrote; several are allowed `credit-gateway figures publish` 所写的文件，可给多份
    #[arg(value_name = "FILE", required = true)]
    pub(super) file: Vec<PathBuf>,
    /// The log's folder, or the data folder that has it; with --directory that of each log: what all of them spent together is checked too 日志文件夹，或其所在的数据文件夹；给出 --directory 时为各日志的文件夹，并核验全部日志合计耗用的预算
    #[arg(long, value_name = "DIR", required = true)]
    pub(super) log: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) set: SetArguments,
    /// The jurisdiction's offset from UTC 本地时间与 UTC 的时差
    #[arg(long, value_name = "OFFSET", default_value = "+08:00", value_parser = offset)]
    pub(super) utc_offset: Offset,
    /// The log's verifier key; without it the `log.vkey` in the folder, which proves less 日志的验证公钥；省略时用文件夹中的 `log.vkey`，证明力较弱
    #[arg(long, value_name = "FILE", conflicts_with = "directory")]
    pub(super) vkey: Option<PathBuf>,
    /// Say the result as JSON, one object a file 以 JSON 输出结果，每份文件一个对象
    #[arg(long)]
    pub(super) json: bool,
}

/// The log whose cases are counted, or all logs of a set.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 valid, 1 not valid, 64 wrong usage, 69 something needed is unavailable. 退出码：0 核验通过，1 核验未通过，64 用法错误，69 所需资源不可用。"
)]
pub(super) struct CoverageArguments {
    /// The log's folder, or the data folder that has it; with --directory that of each log: a look-up in any of them counts 日志文件夹，或其所在的数据文件夹；给出 --directory 时为各日志的文件夹，任一日志中的查询均计入
    #[arg(value_name = "DIR", required = true)]
    pub(super) log: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) set: SetArguments,
    /// Only decisions of this month, e.g. 2026-11 仅统计该月的办结，例如 2026-11
    #[arg(long, value_name = "MONTH", value_parser = parse_month)]
    pub(super) month: Option<String>,
    /// The signed list of misses that was handed over: it must be what the log comes to. With --directory several, of logs of the set, and no miss in them may have been looked up in another log 已移交的签名漏查清单：须与日志一致；给出 --directory 时可给多份，其所列漏查在其他日志中亦不得有查询
    #[arg(long, value_name = "FILE", conflicts_with = "month")]
    pub(super) list: Vec<PathBuf>,
    /// The jurisdiction's offset from UTC 本地时间与 UTC 的时差
    #[arg(long, value_name = "OFFSET", default_value = "+08:00", value_parser = offset)]
    pub(super) utc_offset: Offset,
    /// The log's verifier key; without it the `log.vkey` in the folder, which proves less 日志的验证公钥；省略时用文件夹中的 `log.vkey`，证明力较弱
    #[arg(long, value_name = "FILE", conflicts_with = "directory")]
    pub(super) vkey: Option<PathBuf>,
    /// Say the result as JSON 以 JSON 输出结果
    #[arg(long)]
    pub(super) json: bool,
}

/// Whose reviews are counted.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 valid, 1 not valid, 64 wrong usage, 69 something needed is unavailable. 退出码：0 核验通过，1 核验未通过，64 用法错误，69 所需资源不可用。"
)]
pub(super) struct ReviewArguments {
    /// The log's folder, or the data folder that has it; with --directory that of each log, and each is reviewed by itself 日志文件夹，或其所在的数据文件夹；给出 --directory 时为各日志的文件夹，各日志分别复核
    #[arg(value_name = "DIR", required = true)]
    pub(super) log: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) set: SetArguments,
    /// The sampling policy, as `/officers/reviews` gives it: then it is checked too that every suspicious query is reviewed 抽样规则（取自 `/officers/reviews`）：同时核验可疑查询是否全部送复核
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
    /// What is late at this time; left out = at the last record's, of all logs 以此时刻判断逾期；省略则以（各日志中的）最后一条记录为准
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub(super) at: Option<Timestamp>,
    /// The jurisdiction's offset from UTC 本地时间与 UTC 的时差
    #[arg(long, value_name = "OFFSET", default_value = "+08:00", value_parser = offset)]
    pub(super) utc_offset: Offset,
    /// The log's verifier key; without it the `log.vkey` in the folder, which proves less 日志的验证公钥；省略时用文件夹中的 `log.vkey`，证明力较弱
    #[arg(long, value_name = "FILE", conflicts_with = "directory")]
    pub(super) vkey: Option<PathBuf>,
    /// Say the result as JSON 以 JSON 输出结果
    #[arg(long)]
    pub(super) json: bool,
}

/// `+08:00`.
fn offset(text: &str) -> Result<Offset, String> {
    let seconds = |sign: i32| {
        let (hours, minutes) = text.get(1..)?.split_once(':')?;
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
    };
    let found = match text.get(..1) {
        Some("+") => seconds(1),
        Some("-") => seconds(-1),
        _ => None,
    };
    found.ok_or_else(|| "an offset is written as +08:00".to_owned())
}

/// The month that is reported.
#[derive(Debug, Args)]
#[command(
    after_help = "The same log gives the same bytes. Exit codes: 0 valid, 1 not valid, 64 wrong usage, 69 something needed is unavailable. 同一日志所得逐字节相同。退出码：0 核验通过，1 核验未通过，64 用法错误，69 所需资源不可用。"
)]
pub(super) struct MonthlyArguments {
    /// The log's folder, or the data folder that has it; with --directory that of each log 日志文件夹，或其所在的数据文件夹；给出 --directory 时为各日志的文件夹
    #[arg(value_name = "DIR", required = true)]
    pub(super) log: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) set: SetArguments,
    /// The month, e.g. 2026-11 月份，例如 2026-11
    #[arg(long, value_name = "MONTH", value_parser = parse_month)]
    pub(super) month: String,
    /// The jurisdiction's offset from UTC 本地时间与 UTC 的时差
    #[arg(long, value_name = "OFFSET", default_value = "+08:00", value_parser = offset)]
    pub(super) utc_offset: Offset,
    /// The log's verifier key; without it the `log.vkey` in the folder, which proves less 日志的验证公钥；省略时用文件夹中的 `log.vkey`，证明力较弱
    #[arg(long, value_name = "FILE", conflicts_with = "directory")]
    pub(super) vkey: Option<PathBuf>,
    /// Write into this file instead of standard output 写入此文件，而非标准输出
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// The figures as JSON instead of the page 以 JSON 输出数据，而非页面
    #[arg(long)]
    pub(super) json: bool,
}

/// What is to be exported.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 valid, 1 not valid, 64 wrong usage, 69 something needed is unavailable. 退出码：0 核验通过，1 核验未通过，64 用法错误，69 所需资源不可用。"
)]
pub(super) struct ExportArguments {
    /// The log's folder, or the data folder that has it 日志文件夹，或其所在的数据文件夹
    #[arg(value_name = "DIR")]
    pub(super) log: PathBuf,
    /// Only records of this institution, or about it 仅此机构的记录
    #[arg(long, value_name = "ID")]
    pub(super) institution: Option<String>,
    /// Only acts of this member of its staff 仅该机构此经办人的行为
    #[arg(long, value_name = "STAFF", requires = "institution")]
    pub(super) operator: Option<String>,
    /// Only records from this time on, e.g. 2026-11-22T00:00:00+08:00 仅此时刻起的记录，例如 2026-11-22T00:00:00+08:00
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<Timestamp>,
    /// Only records before this time 仅此时刻之前的记录
    #[arg(long, value_name = "TIME")]
    pub(super) until: Option<Timestamp>,
    /// The file 证据文件
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// The log's verifier key; without it the `log.vkey` in the folder, which proves less 日志的验证公钥；省略时用文件夹中的 `log.vkey`，证明力较弱
    #[arg(long, value_name = "FILE")]
    pub(super) vkey: Option<PathBuf>,
}

/// The evidence that is to be checked.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 valid, 1 not valid, 64 wrong usage, 69 something needed is unavailable. 退出码：0 核验通过，1 核验未通过，64 用法错误，69 所需资源不可用。"
)]
pub(super) struct EvidenceArguments {
    /// What `export` wrote `export` 写出的文件
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The log's folder, or the data folder that has it: then what was left out is found too 日志文件夹，或其所在的数据文件夹：由此可查出遗漏
    #[arg(long, value_name = "DIR")]
    pub(super) log: Option<PathBuf>,
    /// The log's verifier key, from a source that you trust; without it the key in the file, which proves less 日志的验证公钥，须取自可信来源；省略时用文件中的公钥，证明力较弱
    #[arg(long, value_name = "FILE")]
    pub(super) vkey: Option<PathBuf>,
    /// Say the result as JSON 以 JSON 输出结果
    #[arg(long)]
    pub(super) json: bool,
}
