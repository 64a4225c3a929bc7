//! The help of the command line in Chinese. In English it is the documentation of `arguments.rs`.

use clap::{Arg, ArgAction, Command};

const ABOUT: &str = "核验征信查询网关签名的记录";
const TEMPLATE: &str = "{about}\n\n用法：{usage}\n\n{all-args}{after-help}";
const EXITS: &str = "退出码：0 成立，1 不成立，64 用法有误，69 所需内容无法取得。";
const SHOW_EXITS: &str = "记录边核验边列出：只有退出码为 0 时，所列才全部属于成立的日志。\n退出码：0 成立，1 不成立，64 用法有误，69 所需内容无法取得。";

/// What a command does, its exit codes, and what its arguments are.
type Page = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const COMMANDS: [Page; 4] = [
    (
        "verify",
        "核验整个日志、一张回执，或二者",
        EXITS,
        &[
            ("log", "日志的文件夹（或其所在的数据文件夹），或网址：http://… 或 https://…"),
            ("vkey", "日志的验证公钥（`log.vkey`），须来自可信的来源"),
            ("receipt", "回执（c2sp.org/tlog-proof）"),
            ("leaf", "回执所指的记录，逐字节不变"),
            ("old", "以前保存的检查点：日志须延续它"),
            ("ca", "https 服务器证书的签发机构证书（PEM）"),
            ("cert", "审计人员的证书（PEM）：经 https 时一并核验记录包"),
            ("key", "该证书的私钥（PEM）"),
            ("json", "以 JSON 给出结果"),
        ],
    ),
    (
        "replay",
        "核验整个日志，并对其中每次查询重新裁定",
        EXITS,
        &[
            ("log", "日志的文件夹，或其所在的数据文件夹"),
            ("catalogue", "规则目录的文件夹；曾经生效的每个目录各写一次"),
            ("vkey", "日志的验证公钥；不写则用日志旁的 `log.vkey`，证明力较弱"),
            ("json", "以 JSON 给出结果"),
        ],
    ),
    (
        "show",
        "列出日志各条记录的明文内容，并核验日志",
        SHOW_EXITS,
        &[
            ("log", "日志的文件夹（或其所在的数据文件夹），或供审计人员读取的网址：https://…"),
            ("vkey", "日志的验证公钥；不写则用文件夹中的 `log.vkey`，证明力较弱"),
            ("institution", "只列该机构的，或关于该机构的记录"),
            ("since", "只列此时起的记录，如 2026-11-22T00:00:00+08:00"),
            ("until", "只列此时之前的记录"),
            ("case", "只列该案件的记录"),
            ("code", "只列该代码的拒绝，及其计数"),
            ("ca", "https 服务器证书的签发机构证书（PEM）"),
            ("cert", "审计人员的证书（PEM），用于网址"),
            ("key", "该证书的私钥（PEM）"),
            ("json", "每条记录一行 JSON"),
        ],
    ),
    ("completions", "输出供 shell 补全本命令的脚本", "", &[("shell", "哪一种 shell")]),
];

/// The command with its help in Chinese.
pub(super) fn in_chinese(command: Command) -> Command {
    let command = COMMANDS.iter().fold(command, |command, (name, about, exits, arguments)| {
        command.mut_subcommand(name, |command| {
            let command = arguments.iter().fold(command, |command, (name, help)| {
                command.mut_arg(name, |arg| {
                    let heading = if arg.is_positional() { "参数" } else { "选项" };
                    arg.help(*help).help_heading(heading)
                })
            });
            page(command, about).after_help(*exits)
        })
    });
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
    page(command, ABOUT)
        .subcommand_help_heading("命令")
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .arg(version.help("显示版本").help_heading("选项"))
}

fn page(command: Command, about: &'static str) -> Command {
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help);
    command.about(about).help_template(TEMPLATE).disable_help_flag(true).arg(help.help("显示帮助").help_heading("选项"))
}
