//! What is said of several logs together.

use credit_audit::directory::Directory;
use credit_audit::verify::Report;

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
