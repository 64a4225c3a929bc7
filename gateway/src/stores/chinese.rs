//! What is said of a store, in Chinese; the English is the `Display` of each.

use crate::terminal;

use super::{
    copy_fault::CopyFault,
    delimited::TextFault,
    examine::{MOST_SUSPECTS, Tally, What},
    stamp::beside,
};

impl What {
    /// In Chinese; stands after “为”.
    pub(crate) const fn chinese(self) -> &'static str {
        match self {
            Self::NoNumber => "非公民身份号码（应为 17 位数字加正确的校验码）",
            Self::NotCanonical => "非规范形式的公民身份号码（末位应为大写 X，不含空格）",
            Self::Unlawful => "依法不得采集、须保密或已封存的类别，请从数据源中移除",
            Self::UnknownClass => "数据清单中没有其记录的类别",
            Self::UnknownList => "未知名单（应为 red、grey 或 black）",
            Self::UnknownField => "数据清单中没有的属性",
            Self::NoSeverity => "未知严重程度（应为 minor、general 或 serious）",
            Self::NoDay => "非 1900 年以来的日期（格式如 2026-03-31）",
            Self::Future => "尚未到来的日期",
            Self::OutOfOrder => "早于其应晚于的日期",
            Self::NoFlag => "既非 0 也非 1",
            Self::NotWhole => "非整数",
            Self::NoAmount => "非整数元的金额",
            Self::OutsideDomain => "超出数据清单所定取值范围的值（见 `docs/fields.md`）",
            Self::NoScalar => "非 JSON 标量（应为带引号的文本、整数、true、false 或 null）",
        }
    }
}

impl Tally {
    /// [`Tally::lines`] in Chinese.
    pub(crate) fn chinese_lines(&self) -> impl Iterator<Item = String> {
        self.each()
            .map(|(place, count, what, rows)| format!("`{place}`：{count} 个值为{}：第 {rows} 行", what.chinese()))
    }
}

impl TextFault {
    /// In Chinese.
    pub(crate) fn chinese(&self) -> String {
        match self {
            Self::Read(error) => format!("无法读取（{error}）"),
            Self::Encoding => "不是 UTF-8；若为 GB18030，请先转换：`iconv -f GB18030 -t UTF-8`".to_owned(),
            Self::Quotes => "引号未闭合，或引号之后还有文字，或该行超过 64 KiB".to_owned(),
        }
    }
}

impl CopyFault {
    /// In Chinese.
    pub(crate) fn chinese(&self) -> String {
        match self {
            Self::Read(error) => format!("无法读取（{error}）"),
            Self::NoStore => "不是 SQLite 文件".to_owned(),
            Self::Cut => "短于其自身所记的长度：文件未复制完整；请重新复制，再改名到位".to_owned(),
            Self::Locked => "被另一程序锁定".to_owned(),
            Self::Journal(journal) => {
                format!("`{}` 是中断的写入程序所遗留：用 `sqlite3` 打开一次数据源即可完成恢复", journal.display())
            }
            Self::Wal { path } => format!(
                "处于 WAL 模式，且 -wal 文件中有未合并的更改，SQLite 须写入 `{}` 才能读取：请允许本账户写入文件夹 `{}`，\
                 或结束写入程序并执行 `PRAGMA journal_mode = DELETE`",
                beside(path, "-shm").display(),
                path.parent().unwrap_or(path).display()
            ),
            Self::ForeignWal(wal) => {
                format!("`{}` 属于另一文件：请结束正在写它的程序，再将其删除", wal.display())
            }
            Self::Damaged => "未通过 SQLite 的 `PRAGMA integrity_check`：请恢复，或重新复制后改名到位".to_owned(),
            Self::Layout(what) => {
                format!("其表结构与网关所读的不同（{what}）；见 `credit-gateway store check`")
            }
            Self::Unmapped(faults) => {
                let faults: Vec<_> = faults.iter().map(|fault| terminal::chinese().of(&fault.to_string())).collect();
                format!("其表与映射不符：{}", faults.join("；"))
            }
            Self::Unfit => {
                format!("不符合数据清单的行涉及超过 {MOST_SUSPECTS} 人；见 `credit-gateway store check`")
            }
            Self::Write { to, cause } => format!("无法复制到 `{}`（{cause}）", to.display()),
            Self::Changed => "正在被写入".to_owned(),
            Self::Sqlite(code) => format!("SQLite 报告 {code:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io, path::PathBuf};

    use super::*;

    fn is_chinese(text: &str) -> bool {
        text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) && !text.contains([';', '(', ')'])
    }

    #[test]
    fn every_sentence_is_chinese_with_chinese_punctuation() {
        let path = PathBuf::from("/data/store.sqlite");
        let away = || io::Error::from_raw_os_error(28);
        for fault in [
            CopyFault::NoStore,
            CopyFault::Cut,
            CopyFault::Locked,
            CopyFault::Journal(path.clone()),
            CopyFault::Wal { path: path.clone() },
            CopyFault::ForeignWal(path.clone()),
            CopyFault::Damaged,
            CopyFault::Layout("no such column".to_owned()),
            CopyFault::Unfit,
            CopyFault::Changed,
        ] {
            assert!(is_chinese(&fault.chinese()), "{}", fault.chinese());
        }
        let full = CopyFault::Write { to: path, cause: away() };
        assert!(full.chinese().contains("无法复制到 `/data/store.sqlite`"));
        assert!(CopyFault::Read(away()).chinese().contains("无法读取"));
        for text in [TextFault::Encoding.chinese(), TextFault::Quotes.chinese()] {
            assert!(is_chinese(&text), "{text}");
        }
    }
}
