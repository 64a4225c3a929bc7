//! The page of fields: what each value of an answer means, in both languages, made from a catalogue.

use crate::catalogue::{Catalogue, Field, Language, Tier, ValueType};

const HEAD: &str = "\
# Fields 字段

What each field of an answer means. Made from the data list and the derived fields of the catalogue by
`credit-gateway policy fields > docs/fields.md`; `credit-gateway policy show SCENARIO` says the same of one scenario.

答复中各数据项的含义，由规则目录的数据清单与派生数据项生成；`credit-gateway policy show 场景` 按场景给出同样内容。

- **Type 类型**: `yes-no` 是否 (`true`, `false`) · `whole-number` 整数 · `day` 日期 (`2026-03-31`) · `text` 文本.
- **Null**: what it says where the value is `null`. \"—\" is never null, but for one case: a consent that looks back less
  far than the field does (`look_back`) is told `null`, which says nothing either way. 值为 `null` 的含义；“—”表示不会为空，
  唯授权的回溯期短于字段所需时为 `null`，不表示有或无。
- **Clock 计时**: from which day and how long a record counts, by severity (minor, general, serious): `determination P3M P1Y P3Y`
  counts from the determination, three months, one year or three years; `while in force` as long as its effect lasts. A
  record that is repaired does not count. 记录自何日起、按严重程度（轻微、一般、严重）有效多久；已修复的记录不计。
- **Second tier 第二层级** (†): only by a consent that names the field, and to the person. 仅限授权凭证列明的数据项，或提供给本人。

**Lists**: an entry on the black or the grey list counts until its own end, and at the latest until the clock of its class is
over. As long as it counts, `clean_three_years` is `false`. 名单：黑名单、灰名单条目至其移出日有效，且不超过该类别的计时；有效期间
`clean_three_years` 为 `false`。

| field 字段 | title 名称 | type 类型 | unit 单位 | values 取值 | null | made from 来源 | clock 计时 |
|---|---|---|---|---|---|---|---|
";

/// The page, in Markdown.
#[must_use]
pub fn fields_page(catalogue: &Catalogue) -> String {
    let mut page = HEAD.to_owned();
    for field in catalogue.fields() {
        row(&mut page, field);
    }
    page
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
