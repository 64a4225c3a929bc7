//! The page of fields: what each value of an answer means, in both languages, made from a catalogue.

use std::collections::BTreeSet;

use crate::catalogue::{Catalogue, Class, Field, Language, Start, Tier, ValueType};

const HEAD: &str = "\
# Fields 数据项

What each field of an answer means. Made from the data list and the derived fields of the catalogue by
`credit-gateway policy fields > docs/fields.md`; `credit-gateway policy show SCENARIO` says the same of one scenario.

答复中各数据项的含义，由规则目录的数据清单与派生数据项生成；`credit-gateway policy show 场景` 按场景给出同样内容。

- **Type 类型**: `yes-no` 是否 (`true`, `false`) · `whole-number` 整数 · `day` 日期 (`2026-03-31`) · `text` 文本.
- **Null**: what it says where the value is `null`. \"—\" is never null, but for one case: a consent that looks back less
  far than the field does (`look_back`) is told `null`, which says nothing either way. 值为 `null` 的含义；“—”表示不会为空，
  唯授权的回溯期短于数据项所需时为 `null`，不表示有或无。
- **Clock 计时**: from which day and how long a record counts, by severity (minor, general, serious): `determination P3M P1Y P3Y`
  counts from the determination, three months, one year or three years; `never`: not at all; `while in force` as long as its
  effect lasts. A record that is repaired does not count. 记录自何日起、按严重程度（轻微、一般、严重）有效多久；`never` 表示不展示；
  已修复的记录不计。
  - `publication …`, `use …`: it is published, or is a basis for restraint, no longer than that. 公示、作为惩戒依据的期限另计。
  - `at least …`: from then on a repair may be applied for, and performance ends it no sooner. 最短展示期：届满后方可申请修复。
  - `ends P6M after the performance`, `ends with the performance`: it ends sooner where the duty was performed. 履行后提前终止。
  - `shown until performed`: it does not end before the duty is performed. 未履行的不终止。
  - `never from … if at most … yuan …`: what was small and repaid in time is not shown. 小额且按期还清的不展示。
  - `…; from 2026-04-01 …`: the law changed on that day; the day of the query decides. 规则自该日起变更，以查询日为准。
- **Second tier 第二层级** (†): only by a consent that names the field, and to the person. 仅限授权凭证列明的数据项，或提供给本人。

**Lists**: an entry on the black or the grey list counts until its own end, and at the latest until the clock of its class is
over. As long as it counts, `clean_three_years` is `false`. 名单：黑名单、灰名单条目至其移出日有效，且不超过该类别的计时；有效期间
`clean_three_years` 为 `false`。

| field 数据项 | title 名称 | type 类型 | unit 单位 | values 取值 | null | made from 来源 | clock 计时 |
|---|---|---|---|---|---|---|---|
";

/// What must stand in a store, for its owner.
const DATES: &str = "
## Days that a store must have 数据源须有的日期

For the store's owner: which day each column must have, and on which columns the clock of a class depends. A wrong day shows a
record too long or not at all. 供数据源责任方核对：每列须填何日，各类别的计时取决于哪些列；日期有误，记录将展示过久或不予展示。

| column 列 | which day 何日 |
|---|---|
| `act` | the day of the act; of an act that lasted, its last day; of an overdue debt, the first day overdue. What counts against a person and was done before the age of 18 is sealed by this day. 行为发生之日；持续行为为终了之日；逾期债务为逾期首日；未满 18 周岁时的不利记录依此日封存 |
| `determined` | the day that the determining document bears (a judgment, a decision): neither the day of publication nor of the import. Before it the record does not count. 认定文书所载日期，不是公示日或入库日；此前不计 |
| `sentence_end` | the last day of a custodial sentence; empty where there is none. 自由刑执行完毕之日；无则留空 |
| `effect_end` | the last day of the effect of a licence, an honour or a measure; empty while no end is set. 许可、荣誉或措施有效期的最后一日；未定则留空 |
| `performed` | the day on which the duty was performed in full: repaid, fulfilled, corrected; empty while it was not. A part is not enough. 全部履行之日（还清、履行完毕、纠正）；未履行或部分履行的留空 |
| `amount` | what the duty amounts to, in yuan, rounded up; for an overdue debt principal, interest and penalty interest of that one debt. 金额（元，向上取整）；逾期债务为该笔本金、利息、罚息之和 |
| `repaired` | the day on which a repair was decided; not the day of the application. 准予信用修复之日，不是申请日 |
| `since`, `until` | the first day on a list, and the first day no longer on it. 列入之日；移出之日 |

| class 类别 | title 名称 | clock 计时 | its clock reads 计时所用的列 |
|---|---|---|---|
";

/// The page, in Markdown.
#[must_use]
pub fn fields_page(catalogue: &Catalogue) -> String {
    let mut page = HEAD.to_owned();
    for field in catalogue.fields() {
        row(&mut page, field);
    }
    page.push_str(DATES);
    for class in catalogue.classes() {
        page.extend(dates(class));
    }
    page
}

/// What a class of records needs beside the days of act and determination.
fn dates(class: &Class) -> Option<String> {
    let clock = class.clock()?;
    let mut columns = BTreeSet::new();
    for (_, clock) in clock.each() {
        columns.extend(clock.starts().map(column));
        columns.extend(clock.ends_with_effect().then_some(column(Start::EffectEnd)));
        columns.extend(clock.looks_at_performance().then_some(column(Start::Performance)));
        columns.extend(clock.looks_at_amount().then_some("amount"));
    }
    let columns: Vec<_> = match class.list() {
        Some(_) => vec!["`since`", "`until`"].into_iter().map(str::to_owned).collect(),
        None => columns.into_iter().map(|column| format!("`{column}`")).collect(),
    };
    let (zh, en) = (class.legal_source().title(Language::Zh), class.legal_source().title(Language::En));
    Some(format!("| `{}` | {zh} · {en} | {clock} | {} |\n", class.name(), columns.join(" ")))
}

/// The column of the embedded store that has the day of an event; a map names its own.
const fn column(start: Start) -> &'static str {
    match start {
        Start::Act => "act",
        Start::Determination => "determined",
        Start::SentenceEnd => "sentence_end",
        Start::EffectEnd => "effect_end",
        Start::Performance => "performed",
    }
}

fn row(page: &mut String, field: &Field) {
    let both = |text: &dyn Fn(Language) -> Option<String>| match (text(Language::Zh), text(Language::En)) {
        (Some(zh), Some(en)) => format!("{zh} · {en}"),
        (_, _) => "—".to_owned(),
    };
    let title = both(&|language| Some(field.legal_source().title(language).to_owned()));
    let unit = both(&|language| field.unit(language).map(str::to_owned));
    let null = both(&|language| field.null(language).map(str::to_owned));
    let value = |(value, from): (&str, Option<i64>)| match from {
        Some(from) => format!("`{value}` ≥ {from}"),
        None => format!("`{value}`"),
    };
    let values: Vec<_> = field.values().into_iter().map(value).collect();
    let values = if values.is_empty() { "—".to_owned() } else { values.join(", ") };
    let clocks = field.clocks();
    let clocks = if clocks.is_empty() { "—".to_owned() } else { clocks.join("; ") };
    let value_type = field.value_type().map_or("as the store has it", ValueType::as_str);
    let tier = if field.tier() == Tier::Second { " †" } else { "" };
    let classes: Vec<_> = field.classes().iter().map(|class| class.as_str()).collect();
    let made = match field.made_from() {
        attribute if attribute == "attribute" => format!("attribute of {}", classes.join(", ")),
        made => made,
    };
    let name = field.name();
    page.push_str(&format!(
        "| `{name}`{tier} | {title} | {value_type} | {unit} | {values} | {null} | {made} | {clocks} |\n"
    ));
}
