//! What is said of several logs together.

use std::path::Path;

use credit_audit::coverage::LookedUp;
use credit_audit::directory::Directory;
use credit_audit::verify::Report;

use super::super::stop::Elsewhere;
use super::{Language, count};

impl Language {
    /// Several logs without what lists them.
    pub(in crate::commands) fn several_logs(self) -> String {
        self.pick(
            "to check several logs together, name the directory that lists them with --directory and --directory-vkey",
            "同时核验多个日志，须以 --directory 与 --directory-vkey 给出列有这些日志的目录日志",
        )
    }

    /// Logs of a set that are no folders.
    pub(in crate::commands) fn set_needs_folders(self) -> String {
        self.pick(
            "with --directory name folders, not addresses: copy each log with `credit-audit mirror`",
            "给出 --directory 时请给出文件夹而非网址：可先以 `credit-audit mirror` 复制各日志",
        )
    }

    /// Several lists of misses without what lists the logs that signed them.
    pub(in crate::commands) fn several_lists(self) -> String {
        self.pick(
            "to check several lists together, name the directory that lists their logs with --directory and --directory-vkey",
            "同时核验多份清单，须以 --directory 与 --directory-vkey 给出列有其日志的目录日志",
        )
    }

    /// A list of misses that no log of the set contradicts.
    pub(in crate::commands) fn list_of_set_holds(self, file: &Path, origin: &str) -> String {
        let file = file.display();
        self.pick(
            format!(
                "`{file}` is what the log `{origin}` comes to, and no other log has a look-up before a decision in it\n"
            ),
            format!("`{file}` 与日志 `{origin}` 一致，且其他日志中均无其所列办结之前的查询\n"),
        )
    }

    /// Misses that are none, a line each.
    pub(in crate::commands) fn looked_up(self, all: &[Elsewhere]) -> String {
        let line = |Elsewhere { list, found: LookedUp { line, place, index, log, leaf }, .. }: &Elsewhere| {
            self.pick(
                format!(
                    "`{list}`, line {line}: miss {place} of this list is none, the person was looked up before the decision \
                     (entry {index}), by entry {leaf} of the log `{log}`"
                ),
                format!(
                    "`{list}` 第 {line} 行：清单第 {place} 项并非漏查，办结（第 {index} 条）之前已有查询，见日志 `{log}` 第 {leaf} 条"
                ),
            )
        };
        all.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// The head of the column that names the log; and what stands there beside sums.
    pub(in crate::commands) fn log_column(self) -> [&'static str; 2] {
        match self {
            Self::English => ["log", "all"],
            Self::Chinese => ["日志", "合计"],
        }
    }

    /// What holds of a set, in a few lines.
    pub(in crate::commands) fn set_holds(self, directory: &Directory, logs: &[Report]) -> String {
        let mut lines = vec![self.pick("the directory:", "目录日志：")];
        lines.extend(self.log_holds(&directory.report));
        lines.extend(logs.iter().flat_map(|log| self.log_holds(log)));
        let closed = directory.listing.logs().filter(|listed| listed.until.is_some()).count() as u64;
        let all = logs.len() as u64;
        lines.push(self.pick(
            format!("the set is whole: {}, {closed} of them closed", count(all, "log is listed", "logs are listed")),
            format!("日志齐全：目录共列 {all} 个日志，其中 {closed} 个已关闭"),
        ));
        lines.push(String::new());
        lines.join("\n")
    }
}
