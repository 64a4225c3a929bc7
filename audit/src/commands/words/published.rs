//! What is said of published figures.

use credit_audit::published::PublishedFigures;

use super::{Language, count};

impl Language {
    /// What holds of published figures.
    pub(in crate::commands) fn figures_hold(self, file: &PublishedFigures, index: u64) -> String {
        let PublishedFigures { origin, period, epsilon, logs, .. } = file;
        let of_logs = match logs {
            None => String::new(),
            Some(logs) => self.pick(
                format!(", the share of one of {} in a month's budget", count(*logs, "log", "logs")),
                format!("，为当月预算由 {logs} 个日志均分后的份额"),
            ),
        };
        self.pick(
            format!("the figures of {period} are those of entry {index} of `{origin}`: epsilon {epsilon}{of_logs}\n"),
            format!("{period} 的统计与日志 `{origin}` 第 {index} 条所记一致：隐私预算 {epsilon}{of_logs}\n"),
        )
    }
}
