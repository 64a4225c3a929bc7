//! Why a query was refused, in words for the person whom it was about: what an institution is advised to do, and what it calls
//! the members of its request, is in the table of codes and nowhere here.

use credit_policy::{Code, Language};

use crate::doors::problems::status;

/// A clause without a full stop at its end.
pub(super) fn reason(code: Code, language: Language) -> &'static str {
    let (chinese, english) = words(code);
    match language {
        Language::Zh => chinese,
        Language::En => english,
    }
}

/// Why a person's own report was not made.
pub(super) fn no_report(code: Code, language: Language) -> String {
    let why = reason(code, language);
    let is_passing = status(code).is_server_error();
    match (language, is_passing) {
        (Language::Zh, true) => format!("未能给出您的报告：{why}。请稍后再试。"),
        (Language::Zh, false) => format!("未能给出您的报告：{why}。"),
        (Language::En, true) => format!("Your report was not made: {why}. Please try again later."),
        (Language::En, false) => format!("Your report was not made: {why}."),
    }
}

/// Chinese and English.
fn words(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::ConsentRequired => ("未提交您的授权", "it sent no consent of yours"),
        Code::ConsentInvalid => ("所提交的授权无效", "the consent that it sent was not valid"),
        Code::ConsentExpired => ("授权已过期", "the consent had expired"),
        Code::ConsentNotYetValid => ("授权尚未生效", "the consent was not valid yet"),
        Code::ConsentWrongInstitution => ("授权是授予另一机构的", "the consent was given to another institution"),
        Code::ConsentWrongScenario => ("授权是为另一场景作出的", "the consent was given for another scenario"),
        Code::ConsentWrongSubject => ("授权是另一人作出的", "the consent was another person's"),
        Code::ConsentExceedsBound => ("授权超出目录规定的上限", "the consent went beyond a maximum of the catalogue"),
        // One sentence for both, as for who asked.
        Code::ConsentRevoked => {
            ("您已撤回授权，或关闭了此场景", "you had withdrawn the consent, or closed this scenario")
        }
        Code::ConsentUsedUp => ("授权的次数已用完", "the uses of the consent were spent"),
        Code::UnknownScenario => ("所称的场景不存在", "there is no scenario of that name"),
        Code::CaseRequired => ("未写明案件编号", "it named no case"),
        Code::OperatorRequired => ("未写明经办人", "it named no member of staff"),
        Code::UnknownField => ("所请求的数据项不存在", "it asked for a field that does not exist"),
        Code::CertificateUnknown => ("查询者未登记", "who asked is not registered"),
        Code::InstitutionSuspended => {
            ("该机构或其经办人当时已被暂停查询", "the institution, or whoever asked there, was suspended")
        }
        Code::ScenarioNotAllowed => ("该类机构不得使用此场景", "this kind of institution may not use this scenario"),
        Code::FieldNotAllowed => (
            "此场景或您的授权不提供其所请求的数据项",
            "the scenario, or your consent, does not release a field that it asked for",
        ),
        Code::StatuteForbids => ("法律法规禁止此项查询", "a statute forbids this query"),
        Code::SubjectMinor => ("不提供未满十八周岁者的信用信息", "nothing is answered about persons under 18"),
        Code::CaseAlreadyUsed => {
            ("该案件对您的查询次数已达上限", "the case had had all the look-ups on you that it may")
        }
        Code::DistinctSubjectsExceeded => {
            ("该机构当日查询的人数已达上限", "the institution had asked about as many persons that day as it may")
        }
        Code::IdempotencyConflict | Code::AnswerChanged => {
            ("该查询重复提交，不再应答", "it repeated a query that is not answered again")
        }
        Code::RateLimited => ("查询过于频繁", "there were too many queries"),
        Code::StoreFailed | Code::StoreTimeout => ("数据源当时未能应答", "the data store did not answer"),
        Code::Stopped => ("此类查询当时已被紧急停止", "such queries were stopped"),
        Code::MalformedRequest
        | Code::InvalidCitizenNumber
        | Code::NotFound
        | Code::MethodNotAllowed
        | Code::RequestTimeout
        | Code::PayloadTooLarge
        | Code::UnsupportedMediaType
        | Code::HeadersTooLarge => ("请求的格式不正确", "the request did not have the right form"),
        Code::InternalError | Code::NotRecordable | Code::Draining | Code::Overloaded | Code::StateUnavailable => {
            ("网关当时无法应答", "the gateway could not answer")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sentence_has_advice_for_an_institution() {
        // What the table of codes says to institutions: advice after a semicolon, members of a request, themselves.
        let theirs = ["；", ";", "请", "本机构", "信息主体", "`", "this institution", "the person", "again later", "."];
        for code in Code::ALL {
            for language in [Language::Zh, Language::En] {
                let said = reason(*code, language);
                assert!(!said.is_empty(), "{code}");
                // “Request” is a noun here.
                let said = said.replace("请求", "");
                assert_eq!(theirs.iter().find(|words| said.contains(**words)), None, "{code}: {said}");
            }
        }
    }
}
