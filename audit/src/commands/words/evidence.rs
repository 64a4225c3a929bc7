//! What is said of evidence and of coverage.

use credit_audit::checkpoint::Checkpoint;
use credit_audit::evidence::{Checked, Edges};

use super::{Language, count};

impl Language {
    /// The head of a table of coverage.
    pub(in crate::commands) fn coverage_columns(self) -> [&'static str; 10] {
        match self {
            Self::English => [
                "month",
                "institution",
                "scenario",
                "registered",
                "decided",
                "looked up",
                "late",
                "missed",
                "carried",
                "unregistered",
            ],
            Self::Chinese => ["月份", "机构", "场景", "登记", "办结", "已查", "迟查", "漏查", "结转", "未登记即办结"],
        }
    }

    /// The head of a table of reviews.
    pub(in crate::commands) fn review_columns(self) -> [&'static str; 10] {
        match self {
            Self::English => [
                "period",
                "queries",
                "drawn",
                "under review",
                "suspicious",
                "opened",
                "judged",
                "closed",
                "late",
                "known, judged right",
            ],
            Self::Chinese => {
                ["周期", "查询", "抽中", "送复核", "可疑", "已打开", "已判断", "已结案", "逾期", "已知项判断正确"]
            }
        }
    }

    /// What was exported.
    pub(in crate::commands) fn gathered(self, entries: usize, checkpoint: &Checkpoint) -> String {
        let Checkpoint { origin, size, .. } = checkpoint;
        self.pick(
            format!("{} of `{origin}`, signed at size {size}\n", count(entries as u64, "entry", "entries")),
            format!("已导出 `{origin}` 的 {entries} 条记录，签名时共 {size} 条\n"),
        )
    }

    /// What holds of evidence.
    pub(in crate::commands) fn evidence(self, checked: &Checked, with_log: bool, is_key_given: bool) -> String {
        let (entries, Checkpoint { origin, size, .. }) = (checked.indices.len(), &checked.checkpoint);
        let Edges { between, before, after } = checked.edges;
        let mut lines = vec![self.pick(
            format!(
                "the evidence is valid: {} of `{origin}`, each proved by the checkpoint of size {size}",
                count(entries as u64, "entry", "entries")
            ),
            format!("证据有效：`{origin}` 的 {entries} 条记录，均由大小为 {size} 的检查点证明"),
        )];
        lines.push(match (with_log, between, before && after) {
            (true, _, _) => self.pick("nothing that it is about is missing, by the log", "与日志比对，无遗漏"),
            (false, true, true) => {
                self.pick("its numbers have no gap, at both ends too: nothing is missing", "序号连续，两端亦然：无遗漏")
            }
            (false, true, false) => self.pick(
                "its numbers have no gap; whether something is missing at an end is seen only with the log: give --log",
                "序号连续；两端是否有遗漏，只有与日志比对才能看出：请以 --log 给出日志",
            ),
            (false, false, _) => self.pick(
                "whether an act of this member of staff is missing is seen only with the log: give --log",
                "该经办人的行为是否有遗漏，只有与日志比对才能看出：请以 --log 给出日志",
            ),
        });
        if !is_key_given {
            lines.push(self.pick(
                "the verifier key is the one in the file, which proves less: give --vkey",
                "所用验证公钥取自文件本身，证明力较弱；请以 --vkey 提供",
            ));
        }
        lines.push(String::new());
        lines.join("\n")
    }

    pub(in crate::commands) fn list_holds(self) -> String {
        self.pick("the signed list is what the log comes to\n", "签名清单与日志一致\n")
    }
}
