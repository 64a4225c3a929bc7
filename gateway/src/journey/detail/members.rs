//! Sentences about the members of a body.

use credit_policy::{CitizenNumberError, IdError, Language};

use super::cause::{Detail, Member, Pair};

impl Member {
    pub(super) fn twice(self, language: Language) -> String {
        let name = self.name();
        match language {
            Language::Zh => format!("`{name}` 出现了两次"),
            Language::En => format!("`{name}` is given twice"),
        }
    }

    pub(super) fn wrong_type(self, language: Language) -> String {
        let name = self.name();
        match (language, self) {
            (Language::Zh, Self::Fields) => format!("`{name}` 须为文字数组，不得为 null"),
            (Language::En, Self::Fields) => format!("`{name}` must be an array of strings, and not null"),
            (Language::Zh, Self::OnBehalf) => format!(
                "`{name}` 须为对象，恰有 `institution`（机构标识）、`kind`（机构类型）、`certificate`（x5t#S256）、`origin`（日志名称）与 `query`（UUID），均为文字"
            ),
            (Language::En, Self::OnBehalf) => format!(
                "`{name}` must be an object with exactly `institution` (an id), `kind` (of institution), `certificate` (x5t#S256), `origin` (of a log) and `query` (a UUID), all of them strings"
            ),
            (Language::Zh, _) => format!("`{name}` 须为文字，不得为数字、布尔值或 null"),
            (Language::En, _) => format!("`{name}` must be a string: no number, no boolean, not null"),
        }
    }

    pub(super) fn missing(self, language: Language) -> String {
        let name = self.name();
        let (chinese, english) = match self {
            Self::Scenario => ("应用清单中的名称", "a name of the application list"),
            Self::Subject => ("所查询的信息主体的公民身份号码", "the citizen number of the person who is asked about"),
            Self::Operator => (
                "经办人工号，1 至 64 个 `A-Za-z0-9._@-` 字符",
                "the id of the member of staff who asks, 1 to 64 of `A-Za-z0-9._@-`",
            ),
            Self::Case => ("依法查询的案件编号", "the number of the case for which a statute lets you ask"),
            Self::Fields => ("数据项名称", "names of fields"),
            Self::OnBehalf => ("最终查询机构", "the institution for which another gateway asks"),
        };
        match language {
            Language::Zh => format!("缺少 `{name}`：{chinese}"),
            Language::En => format!("`{name}` is missing: {english}"),
        }
    }
}

impl Detail {
    pub(super) fn of_members(self) -> Option<Pair> {
        self.of_reports().or(self.of_query())
    }

    /// Of what institutions report.
    const fn of_reports(self) -> Option<Pair> {
        Some(match self {
            Self::CaseMembers => (
                "请求体须恰有成员 `case`、`scenario`、`subject`、`operator` 与 `opened`，均为文字",
                "the body must have exactly the members `case`, `scenario`, `subject`, `operator` and `opened`, all of them strings",
            ),
            Self::CaseDecisionMembers => (
                "请求体须有成员 `case`、`scenario`、`operator` 与 `decided`，另可有 `subject`，均为文字",
                "the body must have the members `case`, `scenario`, `operator` and `decided`, and may have `subject`; all are strings",
            ),
            Self::AppointmentMembers => (
                "请求体须恰有成员 `scenario`、`subject`、`operator` 与 `on`，均为文字",
                "the body must have exactly the members `scenario`, `subject`, `operator` and `on`, all of them strings",
            ),
            Self::FeedbackMembers => (
                "请求体须有成员 `query`（查询编号）、`operator` 与 `result`（`reward`、`restraint`、`priority` 或 `none`），另可有 `measure`，均为文字",
                "the body must have the members `query` (the id of a query), `operator` and `result` (`reward`, `restraint`, `priority` or `none`), and may have `measure`; all are strings",
            ),
            Self::FeedbackMeasure => (
                "`measure` 须为措施清单中的名称，且其类别与 `result` 一致；`result` 为 `none` 时不得有 `measure`",
                "`measure` must be a name of the list of measures, of the same `result`; `none` has no `measure`",
            ),
            Self::CaseDay => (
                "`opened` 或 `decided` 须为已到来的日期，写作 `2026-11-22`",
                "`opened` or `decided` must be a day that has come, written as `2026-11-22`",
            ),
            Self::AppointmentDay => (
                "`on` 须为今日起九十二日内的日期，写作 `2026-11-22`",
                "`on` must be a day from today on and at most 92 days ahead, written as `2026-11-22`",
            ),
            _ => return None,
        })
    }

    fn of_query(self) -> Option<Pair> {
        Some(match self {
            Self::UnknownMember => (
                "请求体含有规定之外的成员：只可有 `scenario`、`subject`、`operator`、`case` 与 `fields`",
                "the body has an unknown member: it may have `scenario`, `subject`, `operator`, `case` and `fields`",
            ),
            Self::WithdrawalMembers => (
                "请求体须有成员 `jti`，即授权凭证的编号；另可有 `iss`，即其签发者；二者均为文字",
                "the body must have the member `jti`, the id of a consent token, and may have `iss`, its issuer; both are strings",
            ),
            Self::WithdrawalIssuer => (
                "贵机构代表多个签发者：请求体须有成员 `iss`，写明是哪一个",
                "you act for several issuers: the body must have the member `iss`, which names one of them",
            ),
            Self::WithdrawalOfAnotherIssuer => {
                ("贵机构不代表 `iss` 所指的签发者", "you do not act for the issuer in `iss`")
            }
            Self::ScenarioWithoutCases => (
                "`scenario` 须为本机构的类型可依法查询的应用场景",
                "`scenario` must be one under which your kind of institution asks by a statute",
            ),
            Self::ScenarioWithoutGround => (
                "`scenario` 在应用清单中，但在本网关所在辖区没有法律依据，此处无人可用",
                "`scenario` is on the application list, but no law of this gateway's jurisdiction carries it: nobody may use it here",
            ),
            Self::UnknownScenario => {
                ("`scenario` 不是应用清单中的名称", "`scenario` is no name of the application list")
            }
            Self::OnBehalfOfGateways => (
                "`on_behalf` 只可由另一网关使用：请去掉该成员",
                "`on_behalf` is for another gateway alone: leave the member out",
            ),
            Self::OnBehalfNotListed => (
                "名册不允许贵网关为 `on_behalf` 所指机构或以其类型查询",
                "the register does not let you ask for the institution in `on_behalf`, or not as that kind",
            ),
            Self::OnBehalfLoop => (
                "该查询由本网关发起，不再应答：查询不得转回",
                "the query in `on_behalf` began at this gateway: a query is not passed back",
            ),
            Self::OnBehalfCertificate => (
                "`on_behalf` 所指证书现在或曾经属于本网关名册中的机构，或已不受信任",
                "the certificate in `on_behalf` is or was one of an institution of this gateway's register, or is trusted no more",
            ),
            Self::ScenarioNotAllowed => {
                ("本机构的类型不得使用该 `scenario`", "an institution of your kind may not use this `scenario`")
            }
            Self::Subject(error) => subject(error),
            Self::NotBorn => (
                "`subject` 第 7 至 14 位的出生日期尚未到来",
                "the birth date in `subject`, digits 7 to 14, lies in the future",
            ),
            Self::Staff(error) => staff(error),
            Self::Case(error) => case(error),
            _ => return None,
        })
    }
}

fn subject(error: CitizenNumberError) -> Pair {
    match error {
        CitizenNumberError::Form => (
            "`subject` 须为 18 位：17 位 ASCII 数字及一位数字或 `X`，不含空格",
            "`subject` must have 18 characters: 17 ASCII digits and a digit or `X`, without spaces",
        ),
        CitizenNumberError::BirthDate => (
            "`subject` 第 7 至 14 位须为 1900 年以来的出生日期",
            "digits 7 to 14 of `subject` must be a birth date since 1900",
        ),
        CitizenNumberError::CheckCharacter => (
            "`subject` 的末位校验码不符（GB 11643）：请与证件核对",
            "the check character of `subject`, the last, does not fit (GB 11643): compare it with the document",
        ),
    }
}

fn staff(error: IdError) -> Pair {
    match error {
        IdError::Length => ("`operator` 须为 1 至 64 个字符", "`operator` must have 1 to 64 characters"),
        IdError::Character(_) => {
            ("`operator` 只可含有 `A-Za-z0-9._@-`", "`operator` may have `A-Za-z0-9._@-` and nothing else")
        }
        IdError::HoldsCitizenNumber => (
            "`operator` 含有公民身份号码：请使用不指明任何人的工号",
            "`operator` contains a citizen number: use an id that names nobody",
        ),
    }
}

fn case(error: IdError) -> Pair {
    match error {
        IdError::Length => ("`case` 须为 1 至 64 个字符", "`case` must have 1 to 64 characters"),
        IdError::Character(_) => (
            "`case` 只可含有文字、数字、空格及 `-_./()（）〔〕【】[]`，且至少有一个文字或数字",
            "`case` may have letters and marks of any script, digits, spaces and `-_./()（）〔〕【】[]`, and must have a letter or digit",
        ),
        IdError::HoldsCitizenNumber => (
            "`case` 含有公民身份号码：请使用不指明任何人的案件编号",
            "`case` contains a citizen number: use a case number that names nobody",
        ),
    }
}
