//! Sentences for who asks by a route: its client sends the number, the staff id and the case where the route has them, and
//! no members of a query.

use credit_policy::Language;

use super::cause::{Detail, Member, Pair};

impl Detail {
    /// The sentence for who asks by a route.
    #[must_use]
    pub fn sentence_by_route(self, language: Language) -> String {
        let sentence = self.by_route().sentence(language);
        Member::ALL.into_iter().fold(sentence, |sentence, member| member.by_route(&sentence, language))
    }

    /// What is at fault in a request by a route, where a query is told of its members.
    fn by_route(self) -> Self {
        match self {
            Self::Missing(Member::Operator) => Self::RouteStaff,
            Self::Missing(Member::Case) => Self::RouteCase,
            // Its fields are the operator's choice: those that the consent covers are asked for, so it covers none.
            Self::FieldNotOfConsent(_) => Self::RouteNotCovered,
            Self::FieldRedefined(_) | Self::ConsentRedefined => Self::RouteRedefined,
            other => other,
        }
    }

    pub(super) fn of_route(self) -> Option<Pair> {
        Some(match self {
            Self::RouteQuery => (
                "查询字符串须为此路由所定的参数，每个一次，值与所定的一致，不得有其他参数",
                "the query string must have the parameters of this route, each once and with the value that is agreed on, and no others",
            ),
            Self::RouteBody => (
                "请求体须为此路由所定的 JSON 对象，不得有其他成员；GET 请求不得有请求体",
                "the body must be the JSON object of this route, without other members; a GET has none",
            ),
            Self::RouteStaff => (
                "缺少经办人工号：默认为请求头 `Credit-Operator`，或运营者为此路由所定之处",
                "the id of the member of staff is missing: the header `Credit-Operator`, or the place that the operator chose for this route",
            ),
            Self::RouteCase => (
                "缺少案件编号：默认为请求头 `Credit-Case`，或运营者为此路由所定之处",
                "the number of the case is missing: the header `Credit-Case`, or the place that the operator chose for this route",
            ),
            Self::RouteConsent => (
                "缺少授权凭证：默认为请求头 `Authorization`（`Bearer`），或运营者为此路由所定之处",
                "the consent token is missing: the header `Authorization` as `Bearer`, or the place that the operator chose for this route",
            ),
            Self::RouteNotCovered => (
                "授权不含此路由所提供的任何数据项：请重新取得授权",
                "the consent covers none of what this route tells: ask for another consent",
            ),
            Self::RouteRedefined => (
                "此路由所提供的数据项中，有定义在授权之后已变更者：请重新取得授权",
                "what this route tells has another definition than when the consent was given: ask for another consent",
            ),
            Self::RouteHeader => (
                "经办人、案件或授权的请求头至多出现一次，为 UTF-8 文字",
                "the headers for staff, case and consent may be there once each, as text in UTF-8",
            ),
            _ => return None,
        })
    }
}

impl Member {
    /// The sentence without this member's name: what it stands for instead.
    fn by_route(self, sentence: &str, language: Language) -> String {
        let name = format!("`{}`", self.name());
        let (chinese, english) = match self {
            Self::Scenario => ("应用场景", "scenario"),
            Self::Subject => ("公民身份号码", "the citizen number"),
            Self::Operator => ("经办人工号", "the staff id"),
            Self::Case => ("案件编号", "the case number"),
            // A route's client sends neither; a consent has `fields`.
            Self::Fields | Self::OnBehalf => return sentence.to_owned(),
        };
        match language {
            Language::Zh => [format!(" {name} "), format!("{name} "), format!(" {name}"), name]
                .iter()
                .fold(sentence.to_owned(), |sentence, name| sentence.replace(name, chinese)),
            Language::En => {
                let bare = english.strip_prefix("the ").unwrap_or(english);
                sentence.replace(&format!("this {name}"), &format!("this {bare}")).replace(&name, english)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use credit_policy::{CitizenNumberError, IdError};

    use super::*;

    #[test]
    fn no_sentence_for_a_route_names_a_member_of_a_query() {
        for (detail, chinese, english) in [
            (
                Detail::Subject(CitizenNumberError::BirthDate),
                "公民身份号码第 7 至 14 位须为 1900 年以来的出生日期",
                "digits 7 to 14 of the citizen number must be a birth date since 1900",
            ),
            (
                Detail::Staff(IdError::Length),
                "经办人工号须为 1 至 64 个字符",
                "the staff id must have 1 to 64 characters",
            ),
            (
                Detail::CaseSpent,
                "同一案件编号下对同一信息主体的查询已达上限：新的案件请使用其自身的编号",
                "this case number has had all its look-ups on this person: another case has a number of its own",
            ),
            (
                Detail::ScenarioNotAllowed,
                "本机构的类型不得使用该应用场景",
                "an institution of your kind may not use this scenario",
            ),
            (
                Detail::StoppedScenario,
                "仅该应用场景对所有机构停止，其他场景仍可查询",
                "this scenario is stopped for everybody, and no other one by that",
            ),
            (
                Detail::FieldNotOfConsent(1),
                "授权不含此路由所提供的任何数据项：请重新取得授权",
                "the consent covers none of what this route tells: ask for another consent",
            ),
            (
                Detail::FieldRedefined(2),
                "此路由所提供的数据项中，有定义在授权之后已变更者：请重新取得授权",
                "what this route tells has another definition than when the consent was given: ask for another consent",
            ),
        ] {
            assert_eq!(detail.sentence_by_route(Language::Zh), chinese);
            assert_eq!(detail.sentence_by_route(Language::En), english);
        }
    }
}
