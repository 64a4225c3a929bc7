//! The report as one page of HTML without scripts and without anything from elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use credit_policy::Language;
use jiff::Timestamp;
use jiff::tz::Offset;

use super::charts;
use super::figures::{MonthlyFigures, Outcomes};
use super::titles::Titles;
use super::words::{escaped, pick};

/// The style of the page, which names it by its hash where a content security policy asks for one.
pub const STYLE: &str = "body{font:16px/1.5 system-ui,'Noto Sans CJK SC',sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}\
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}table{border-collapse:collapse;margin:.5rem 0}\
th,td{border:1px solid #8a8a8a;padding:.2rem .6rem;text-align:left;overflow-wrap:anywhere}.t{overflow-x:auto}.t table{min-width:44rem}td.n{text-align:right;font-variant-numeric:tabular-nums}\
svg{max-width:100%;height:auto}svg text{font-size:12px;fill:#1b1b1b}code{overflow-wrap:anywhere}pre{white-space:pre-wrap}\
@media print{body{margin:0;max-width:none}h2{break-after:avoid}table,svg{break-inside:avoid}}";

/// Around a table that is too wide for a small screen: it is moved, by the keyboard too.
const WIDE: &str = "<div class=\"t\" tabindex=\"0\">\n";

/// The page, in a language. The same figures give the same bytes.
#[must_use]
pub fn page(figures: &MonthlyFigures, language: Language) -> String {
    let page = Page { figures, language, titles: Titles::new(language) };
    let title = format!("{} {}", page.t("征信查询月度合规报告", "Monthly compliance report"), figures.month);
    let body = [
        page.head(),
        page.queries(),
        page.refusals(),
        page.coverage(),
        page.reviews(),
        page.persons(),
        page.operation(),
        page.fields(),
        page.how_to_check(),
    ];
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<h1>{title}</h1>\n{}</main>\n</body>\n</html>\n",
        page.t("zh-CN", "en"),
        body.concat(),
    )
}

struct Page<'a> {
    figures: &'a MonthlyFigures,
    language: Language,
    titles: Titles,
}

impl Page<'_> {
    fn t<'a>(&self, chinese: &'a str, english: &'a str) -> &'a str {
        pick(self.language, chinese, english)
    }

    fn head(&self) -> String {
        let figures = self.figures;
        let range = match (figures.first, figures.last) {
            (Some(first), Some(last)) => format!("{first}–{last}"),
            _ => self.t("无", "none").to_owned(),
        };
        let (log, entries) = match figures.logs.is_empty() {
            true => (self.t("日志", "Log"), format!("{range} ({})", figures.leaves)),
            false => (self.t("目录日志", "Directory"), figures.leaves.to_string()),
        };
        let mut rows = vec![
            (log, figures.origin.clone()),
            (self.t("检查点大小", "Size of the checkpoint"), figures.size.to_string()),
            (self.t("根哈希", "Root"), figures.root.clone()),
        ];
        let logs = figures.logs.iter().map(|log| format!("{} {} {}", log.origin, log.size, log.root));
        rows.extend(logs.map(|log| (self.t("日志、大小、根", "Log, size, root"), log)));
        rows.extend([
            (self.t("本月记录", "Entries of the month"), entries),
            (self.t("时差", "Offset from UTC"), figures.utc_offset.clone()),
            (self.t("规则目录", "Catalogues"), figures.catalogues.join(" ")),
        ]);
        let mut html = String::from("<table>\n");
        for (name, value) in rows {
            writeln!(html, "<tr><th scope=\"row\">{name}</th><td><code>{}</code></td></tr>", escaped(&value))
                .unwrap_or_default();
        }
        html + "</table>\n" + &self.is_over() + &self.alarms()
    }

    /// Nothing where the log goes on after the month.
    fn is_over(&self) -> String {
        let month = |at: Timestamp| self.local(at, "%Y-%m");
        let Some(end) = self.figures.last_at.filter(|at| month(*at) <= self.figures.month) else {
            return String::new();
        };
        let said = self.t(
            "本报告所依据的日志止于本月结束之前，其后的记录未计入；最后一条记录：",
            "The log that this is made of ends before the month is over; what comes later in the month is not counted. Its last entry: ",
        );
        format!("<p><strong>{said}{}</strong></p>\n", self.local(end, "%Y-%m-%d %H:%M:%S"))
    }

    /// A time at the offset of the report.
    fn local(&self, at: Timestamp, form: &str) -> String {
        offset(&self.figures.utc_offset).to_datetime(at).strftime(form).to_string()
    }

    fn alarms(&self) -> String {
        let alarms = &self.figures.alarms;
        self.section(
            self.t("须注意的事项", "What needs attention"),
            &[
                (self.t("应查必查案件未查即办结", "Cases decided without a look-up before"), alarms.case_misses),
                (
                    self.t("异议逾期（含月末未办结）", "Objections late, or overdue at the end of the month"),
                    alarms.objections_late,
                ),
                (
                    self.t("月末未结案的查询复核", "Reviews of queries not closed at the end of the month"),
                    self.figures.reviews.waiting,
                ),
                (self.t("超限而未单独留痕的请求", "Requests without a record of their own"), alarms.floods),
                (self.t("紧急停止", "Stop switch thrown"), alarms.stops),
                (self.t("规则自动暂停", "Suspensions by a rule"), alarms.suspensions_by_rule),
                (self.t("单人启封", "Sealed parts opened by one officer"), alarms.unseals_alone),
            ],
        )
    }

    fn queries(&self) -> String {
        let queries = &self.figures.queries;
        let days: Vec<_> = queries.days.iter().map(|(day, outcomes)| (day.clone(), *outcomes)).collect();
        let title = self.t("查询", "Queries");
        let mut html = self.section(
            title,
            &[
                (self.t("答复", "Answered"), queries.all.answered),
                (self.t("拒绝", "Refused"), queries.all.refused),
                (self.t("重复取得的答复", "Answers that repeat another"), queries.repeats),
            ],
        );
        html += &charts::days(self.t("按日：答复（下）与拒绝（上）", "By day: answered below, refused above"), &days);
        html += &self.outcomes(self.t("按日", "By day"), &queries.days, &str::to_owned);
        html += &self.outcomes(self.t("按机构", "By institution"), &queries.institutions, &str::to_owned);
        html += &self
            .outcomes(self.t("按查询方类别", "By who asks"), &queries.askers, &|name| self.titles.asker(name));
        html +=
            &self.outcomes(self.t("按场景", "By scenario"), &queries.scenarios, &|name| self.titles.scenario(name));
        let grounds = queries.grounds.iter().map(|(name, count)| (self.titles.word(name), *count));
        html + &self.counts(self.t("按依据", "By ground"), grounds)
    }

    /// Near the end: they are many.
    fn fields(&self) -> String {
        let title = self.t("附录：披露的数据项", "Appendix: fields released");
        format!("<h2>{title}</h2>\n")
            + &self
                .counts(self.t("数据项", "Field"), titled(&self.figures.queries.fields, |name| self.titles.field(name)))
    }

    fn reviews(&self) -> String {
        let reviews = &self.figures.reviews;
        self.section(
            self.t("查询复核", "Review of queries"),
            &[
                (self.t("送复核", "Put before reviewers"), reviews.queued),
                (self.t("其中可疑", "Of those suspicious"), reviews.suspicious),
                (self.t("打开次数", "Times that one was opened"), reviews.opened),
                (self.t("结论：有合理说明", "Verdicts: explained"), reviews.judged.explained),
                (self.t("结论：无说明", "Verdicts: unexplained"), reviews.judged.unexplained),
                (self.t("结论：可疑", "Verdicts: suspicious"), reviews.judged.suspicious),
                (self.t("结案", "Closed by a second officer"), reviews.closed),
                (self.t("月末未结案", "Not closed at the end of the month"), reviews.waiting),
            ],
        )
    }

    fn refusals(&self) -> String {
        let refusals: Vec<_> = named(&self.figures.queries.refusals).collect();
        let title = self.t("拒绝原因", "Refusals by code");
        let chart = charts::rows(title, &refusals);
        format!("<h2>{title}</h2>\n{chart}")
            + &self.counts(title, refusals.into_iter().map(|(name, count)| (self.titles.code(name), count)))
    }

    fn coverage(&self) -> String {
        let coverage = &self.figures.coverage;
        let title = self.t("应查必查", "Cases that must be checked");
        let columns = [
            self.t("机构", "Institution"),
            self.t("场景", "Scenario"),
            self.t("登记", "Registered"),
            self.t("办结", "Decided"),
            self.t("已查", "Looked up"),
            self.t("迟查", "Late"),
            self.t("漏查", "Missed"),
            self.t("结转", "Carried"),
            self.t("未登记", "Unregistered"),
        ];
        let mut html = format!("<h2>{title}</h2>\n{WIDE}") + &table_head(&columns);
        for row in &coverage.departments {
            let counts =
                [row.registered, row.decided, row.looked_up, row.late, row.missed, row.carried, row.unregistered];
            let cells: String = counts.iter().map(|count| format!("<td class=\"n\">{count}</td>")).collect();
            let (institution, scenario) = (escaped(&row.institution), escaped(&self.titles.scenario(&row.scenario)));
            writeln!(html, "<tr><th scope=\"row\">{institution}</th><td>{scenario}</td>{cells}</tr>")
                .unwrap_or_default();
        }
        html += "</table>\n</div>\n";
        let waiting = coverage.waiting.iter().map(|one| (one.institution.clone(), one.persons));
        html + &self.counts(self.t("待办结（日志末尾）", "Waiting for a decision, at the end of the log"), waiting)
    }

    fn persons(&self) -> String {
        let (figures, objections) = (self.figures, &self.figures.objections);
        let mut html = self.section(
            self.t("异议", "Objections"),
            &[
                (self.t("提出", "Made"), objections.made),
                (self.t("成立", "Upheld"), objections.upheld),
                (self.t("不成立", "Rejected"), objections.rejected),
                (self.t("按期办结", "Decided in time"), objections.in_time),
                (self.t("逾期办结", "Decided late"), objections.late),
                (self.t("月末未结", "Open at the end"), objections.open),
                (self.t("其中月末已逾期", "Of those overdue at the end of the month"), objections.overdue),
            ],
        );
        html += &format!("<h2>{}</h2>\n", self.t("告知", "Notices"));
        html += &self.counts(self.t("答复应如何告知", "What answers owe"), self.words(&figures.queries.notices));
        html += &self.counts(self.t("已告知的查询", "Queries told of, by way"), self.words(&figures.notices_given));
        html += &format!("<h2>{}</h2>\n", self.t("应用结果反馈", "Feedback"));
        html += &self.counts(self.t("结果", "Result"), self.words(&figures.feedback));
        html + &self.counts(self.t("措施", "Measure"), self.words(&figures.measures))
    }

    fn operation(&self) -> String {
        let figures = self.figures;
        let columns = [
            self.t("记录", "Entry"),
            self.t("时间", "Time"),
            self.t("机构", "Institution"),
            self.t("范围", "Part"),
            self.t("状态", "State"),
            self.t("理由", "Reason"),
        ];
        let mut html = format!("<h2>{}</h2>\n{WIDE}", self.t("暂停与恢复", "Suspensions")) + &table_head(&columns);
        for line in &figures.suspensions {
            let part = line.operator.as_deref().or(line.scenario.as_deref()).unwrap_or_default();
            let state = if line.suspended { self.t("暂停", "suspended") } else { self.t("恢复", "resumed") };
            let at = self.local(line.at, "%Y-%m-%d %H:%M:%S");
            let reason = escaped(line.reason.as_deref().unwrap_or_default());
            let (institution, part) = (escaped(&line.institution), escaped(part));
            let index = line.index;
            let entry = line.log.as_ref().map_or_else(|| index.to_string(), |log| format!("{} {index}", escaped(log)));
            writeln!(
                html,
                "<tr><td class=\"n\">{entry}</td><td>{at}</td><td>{institution}</td><td>{part}</td><td>{state}</td><td>{reason}</td></tr>"
            )
            .unwrap_or_default();
        }
        html += "</table>\n</div>\n";
        html += &format!("<h2>{}</h2>\n", self.t("记录的完整性", "Completeness of the record"));
        html += &self.counts(self.t("记录种类", "Entries by kind"), titled(&figures.kinds, str::to_owned));
        html += &self.counts(
            self.t("超限请求", "Requests without a record of their own"),
            titled(&figures.floods, str::to_owned),
        );
        html += &table_head(&[
            self.t("机构", "Institution"),
            self.t("本月首号", "First number"),
            self.t("末号", "Last number"),
            self.t("缺号", "Missing"),
        ]);
        for (institution, (first, last)) in &figures.numbers {
            let institution = escaped(institution);
            writeln!(
                html,
                "<tr><th scope=\"row\">{institution}</th><td class=\"n\">{first}</td><td class=\"n\">{last}</td><td class=\"n\">0</td></tr>"
            )
            .unwrap_or_default();
        }
        html + "</table>\n"
    }

    fn how_to_check(&self) -> String {
        let text = self.t(
            "本报告只由日志得出，不需要任何密钥。核对：取得日志与可信来源的验证公钥，运行下列命令，所得须与本报告逐字节一致。",
            "This report is made of the log alone and needs no key. To check it, get the log, and its verifier key from a source that you trust; this command gives the same bytes.",
        );
        let figures = self.figures;
        let (logs, key) = match figures.logs.is_empty() {
            true => ("DIR", "--vkey FILE"),
            false => ("DIR…", "--directory DIR --directory-vkey FILE"),
        };
        let (month, offset) = (escaped(&figures.month), escaped(&figures.utc_offset));
        let command = format!("credit-audit report {logs} --month {month} --utc-offset {offset} {key}");
        format!(
            "<h2>{}</h2>\n<p>{text}</p>\n<pre><code>{command}</code></pre>\n",
            self.t("如何核对", "How to check it")
        )
    }

    fn section(&self, title: &str, rows: &[(&str, u64)]) -> String {
        let mut html = format!("<h2>{title}</h2>\n<table>\n");
        for (name, count) in rows {
            writeln!(html, "<tr><th scope=\"row\">{name}</th><td class=\"n\">{count}</td></tr>").unwrap_or_default();
        }
        html + "</table>\n"
    }

    /// Counts of words of leaves.
    fn words(&self, counts: &BTreeMap<String, u64>) -> impl Iterator<Item = (String, u64)> {
        titled(counts, |name| self.titles.word(name))
    }

    fn counts(&self, title: &str, rows: impl Iterator<Item = (String, u64)>) -> String {
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return format!("<p>{title}{}</p>\n", self.t("：无", ": none"));
        }
        let mut html = table_head(&[title, self.t("数量", "Count")]);
        for (name, count) in rows {
            let name = escaped(&name);
            writeln!(html, "<tr><th scope=\"row\">{name}</th><td class=\"n\">{count}</td></tr>").unwrap_or_default();
        }
        html + "</table>\n"
    }

    fn outcomes(&self, title: &str, rows: &BTreeMap<String, Outcomes>, called: &dyn Fn(&str) -> String) -> String {
        let mut html = table_head(&[title, self.t("答复", "Answered"), self.t("拒绝", "Refused")]);
        for (name, Outcomes { answered, refused }) in rows {
            let name = escaped(&called(name));
            writeln!(
                html,
                "<tr><th scope=\"row\">{name}</th><td class=\"n\">{answered}</td><td class=\"n\">{refused}</td></tr>"
            )
            .unwrap_or_default();
        }
        html + "</table>\n"
    }
}

fn named(counts: &BTreeMap<String, u64>) -> impl Iterator<Item = (&str, u64)> {
    counts.iter().map(|(name, count)| (name.as_str(), *count))
}

fn titled(counts: &BTreeMap<String, u64>, called: impl Fn(&str) -> String) -> impl Iterator<Item = (String, u64)> {
    counts.iter().map(move |(name, count)| (called(name), *count)).collect::<Vec<_>>().into_iter()
}

/// The offset of a text such as `+08:00`.
fn offset(text: &str) -> Offset {
    let part = |at: std::ops::Range<usize>| text.get(at).and_then(|part| part.parse::<i32>().ok()).unwrap_or_default();
    let seconds = part(1..3) * 3_600 + part(4..6) * 60;
    let signed = if text.starts_with('-') { -seconds } else { seconds };
    Offset::from_seconds(signed).unwrap_or(Offset::UTC)
}

fn table_head(columns: &[&str]) -> String {
    let cells: String = columns.iter().map(|column| format!("<th scope=\"col\">{column}</th>")).collect();
    format!("<table>\n<tr>{cells}</tr>\n")
}
