//! Sentences about what credit offices and source departments say of records.

use super::cause::{Detail, Pair};

impl Detail {
    pub(super) fn of_rights(self) -> Option<Pair> {
        Some(match self {
            Self::RepairMembers => (
                "请求体须有 `subject`（公民身份号码）、`class`（记录类别）、`record`（记录编号）或 `document` 与 `determined`（认定日期）、`repaired_on`（不晚于今日）与 `order`（1 至 2000 字），均为文字，且别无其他成员",
                "the body must have `subject` (a citizen number), `class` (of records), `record` (its id) or `document` and `determined` (the day), `repaired_on` (not after today) and `order` (1 to 2,000 characters), all of them strings, and nothing else",
            ),
            Self::RevokedRepairMembers => (
                "请求体的成员与修复通知相同，但以 `revoked_on` 代替 `repaired_on`",
                "the body must have the members of a repair, with `revoked_on` in the place of `repaired_on`",
            ),
            Self::DecisionMembers => (
                "请求体须恰有 `objection`（异议编号）、`result`（`upheld` 或 `rejected`）与 `reason`（1 至 2000 字），均为文字",
                "the body must have exactly `objection` (its id), `result` (`upheld` or `rejected`) and `reason` (1 to 2,000 characters), all of them strings",
            ),
            Self::NotOfYourKind => ("该路径只供另一类型的机构使用", "this path is for institutions of another kind"),
            Self::After => (
                "路径之后只可有 `after=`，其值为上次应答中的 `after`",
                "the path takes the query string `after=` with the `after` of the last answer, and nothing else",
            ),
            Self::AfterOfAnother => (
                "该 `after` 并非本网关所给：多个网关各有自己的列表，请为每个网关分别保存 `after`，并逐一获取；不填即从头开始",
                "another gateway told this `after`: each of several has a list of its own, so fetch from each and keep an `after` for each; left out, it begins with the first",
            ),
            Self::NoticeMembers => (
                "请求体须恰有 `notices`，即 1 至 100 个告知编号的数组",
                "the body must have exactly `notices`, an array of 1 to 100 ids of notices",
            ),
            _ => return None,
        })
    }
}
