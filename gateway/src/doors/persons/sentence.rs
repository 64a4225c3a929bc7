//! One query in one sentence: who asked, what for, on which article or consent, what was told, and what that means. One that came
//! without a purpose or a ground is shown as such.

use credit_policy::Language;

use super::entries::{Entry, Field, Ground};

/// More fields than these are counted, and stand in the details.
const NAMED: usize = 12;

/// The sentence.
pub(super) fn sentence(entry: &Entry, language: Language) -> String {
    match language {
        Language::Zh => chinese(entry),
        Language::En => english(entry),
    }
}

fn titles(fields: &[Field], between: &str) -> String {
    let all: Vec<_> = fields.iter().map(|field| field.title.as_str()).collect();
    all.join(between)
}

fn chinese(entry: &Entry) -> String {
    let who = match (&entry.institution, &entry.gateway) {
        (None, _) if entry.is_public => "有人在公示端口，".to_owned(),
        (None, _) => "您本人".to_owned(),
        (Some(institution), None) => format!("机构“{}”", entry.name.as_ref().unwrap_or(institution)),
        (Some(institution), Some(gateway)) => format!("机构“{institution}”经另一网关“{gateway}”"),
    };
    let what = match &entry.scenario {
        None => "未指明规则目录中的用途，".to_owned(),
        Some(scenario) => format!("为“{}”", scenario.title),
    };
    let ground = match &entry.ground {
        None => "没有被认可的依据，".to_owned(),
        Some(Ground::Person) => "以本人身份".to_owned(),
        Some(Ground::Public) => "依公示规定".to_owned(),
        Some(Ground::Statute(article)) => format!("依据{article}"),
        Some(Ground::Consent { number }) => format!("凭您的授权（第 {number} 次使用）"),
    };
    let is_own = entry.institution.is_none();
    let came = match (&entry.refused, entry.released.len()) {
        (Some(refused), _) => format!("被拒绝，未得到任何信息：{}。", refused.title.trim_end_matches('。')),
        (None, _) if entry.is_public => {
            "姓名与号码均相符时，只得到法律规定公示的内容（已脱敏），否则什么也没有得到。".to_owned()
        }
        (None, 0) => "未得到任何数据项。".to_owned(),
        (None, 1..=NAMED) if is_own => format!("看到：{}。", titles(&entry.released, "、")),
        (None, count) if is_own => format!("看到 {count} 项内容。"),
        (None, 1..=NAMED) => {
            format!("只得到这些数据项的结果，未得到记录本身：{}。", titles(&entry.released, "、"))
        }
        (None, count) => format!("只得到 {count} 项数据的结果，未得到记录本身。"),
    };
    let late = entry.deferred_until.map_or(String::new(), |day| format!("依法推迟到 {day} 才告知您。"));
    format!("{who}{what}{ground}查询了您的信用信息，{came}{late}")
}

fn english(entry: &Entry) -> String {
    let (who, were) = match (&entry.institution, &entry.gateway) {
        (None, _) if entry.is_public => ("Somebody at the public door asked about you".to_owned(), "was"),
        (None, _) => ("You asked about yourself".to_owned(), "were"),
        (Some(institution), None) => {
            let name = entry.name.as_ref().unwrap_or(institution);
            (format!("The institution “{name}” asked about you"), "was")
        }
        (Some(institution), Some(gateway)) => {
            (format!("The institution “{institution}” asked about you through another gateway, “{gateway}”,"), "was")
        }
    };
    let what = match &entry.scenario {
        None => " for no purpose that the catalogue has".to_owned(),
        Some(scenario) => format!(" for “{}”", scenario.title),
    };
    let ground = match &entry.ground {
        None => ", on no ground that was accepted,".to_owned(),
        Some(Ground::Person) => ", as the person concerned,".to_owned(),
        Some(Ground::Public) => ", as published by statute,".to_owned(),
        Some(Ground::Statute(article)) => format!(", on {article},"),
        Some(Ground::Consent { number }) => format!(", on your consent (use {number}),"),
    };
    let is_own = entry.institution.is_none();
    let came = match (&entry.refused, entry.released.len()) {
        (Some(refused), _) => format!("refused and told nothing: {}.", refused.title.trim_end_matches('.')),
        (None, _) if entry.is_public => {
            "told only what the law publishes, masked, if both name and number were yours, and else nothing.".to_owned()
        }
        (None, 0) => "told no field.".to_owned(),
        (None, 1..=NAMED) if is_own => format!("told: {}.", titles(&entry.released, ", ")),
        (None, count) if is_own => format!("told {count} fields."),
        (None, 1..=NAMED) => {
            format!("told the result of these fields only, and no record itself: {}.", titles(&entry.released, ", "))
        }
        (None, count) => format!("told the result of {count} fields only, and no record itself."),
    };
    let late =
        entry.deferred_until.map_or(String::new(), |day| format!(" By law you are told of it only since {day}."));
    format!("{who}{what}{ground} and {were} {came}{late}")
}

#[cfg(test)]
mod tests {
    use credit_policy::Code;
    use uuid::Uuid;

    use super::super::entries::{Refused, Scenario};
    use super::*;

    fn entry() -> Entry {
        let field = |title: &str| Field { name: "field".to_owned(), title: title.to_owned() };
        Entry {
            query: Uuid::nil(),
            at: jiff::Timestamp::UNIX_EPOCH,
            day: jiff::civil::date(2026, 11, 28),
            institution: Some("bank".to_owned()),
            name: None,
            gateway: None,
            scenario: Some(Scenario { name: "commercial-loan".to_owned(), title: "Loan".to_owned() }),
            ground: Some(Ground::Consent { number: 2 }),
            asked: None,
            released: vec![field("Black-listed"), field("Score band")],
            refused: None,
            notice: "given",
            deferred_until: None,
            is_public: false,
            says: String::new(),
            is_owed: false,
        }
    }

    #[test]
    fn it_says_who_what_for_on_which_ground_what_was_told_and_what_that_means() {
        let plain = entry();
        assert_eq!(
            sentence(&plain, Language::En),
            "The institution “bank” asked about you for “Loan”, on your consent (use 2), and was told the result of \
             these fields only, and no record itself: Black-listed, Score band."
        );
        let named = Entry {
            name: Some("示例银行".to_owned()),
            ground: Some(Ground::Statute("《甲》第一条".to_owned())),
            ..plain
        };
        assert_eq!(
            sentence(&named, Language::Zh),
            "机构“示例银行”为“Loan”依据《甲》第一条查询了您的信用信息，只得到这些数据项的结果，未得到记录本身：Black-listed、Score band。"
        );
        let refused = Refused { code: Code::ConsentRevoked.as_str(), title: "It was withdrawn." };
        let refused = Entry { released: Vec::new(), refused: Some(refused), ..entry() };
        assert!(sentence(&refused, Language::En).ends_with("and was refused and told nothing: It was withdrawn."));
        assert!(sentence(&refused, Language::Zh).contains("被拒绝，未得到任何信息："));
        let refused = Refused { code: Code::UnknownScenario.as_str(), title: "No such purpose." };
        let incomplete =
            Entry { scenario: None, ground: None, released: Vec::new(), refused: Some(refused), ..entry() };
        assert_eq!(
            sentence(&incomplete, Language::En),
            "The institution “bank” asked about you for no purpose that the catalogue has, on no ground that was accepted, and \
             was refused and told nothing: No such purpose."
        );
        assert!(
            sentence(&incomplete, Language::Zh)
                .starts_with("机构“bank”未指明规则目录中的用途，没有被认可的依据，查询了")
        );
        let late = Entry { deferred_until: Some(jiff::civil::date(2026, 11, 27)), ..entry() };
        assert!(sentence(&late, Language::Zh).ends_with("依法推迟到 2026-11-27 才告知您。"));
        let own = Entry { institution: None, ground: Some(Ground::Person), ..entry() };
        assert!(
            sentence(&own, Language::En)
                .starts_with("You asked about yourself for “Loan”, as the person concerned, and were told: ")
        );
        let anyone = Entry { institution: None, is_public: true, ground: Some(Ground::Public), ..entry() };
        assert!(sentence(&anyone, Language::En).starts_with("Somebody at the public door asked about you for “Loan”"));
        assert!(sentence(&anyone, Language::Zh).contains("只得到法律规定公示的内容"));
        let far = Entry { gateway: Some("city-2".to_owned()), ..entry() };
        assert!(sentence(&far, Language::En).contains("through another gateway, “city-2”,"));
        assert!(sentence(&far, Language::Zh).starts_with("机构“bank”经另一网关“city-2”为"));
    }
}
