//! What is at fault in a request, as `detail` of the problem document says it (RFC 9457 §3.1.4): which member, header or
//! claim, and its form. The sentences are fixed: none can carry a value of the request.

mod cause;
mod members;
mod requests;
mod rights;
mod routes;

use credit_policy::{Code, Language};

use cause::Pair;
pub(crate) use cause::{Detail, Member};

impl Detail {
    /// What is at fault wherever this code is returned; nothing where that depends, or the caller can correct nothing.
    #[must_use]
    pub fn of(code: Code) -> Option<Self> {
        Some(match code {
            Code::OperatorRequired => Self::Missing(Member::Operator),
            Code::CaseRequired => Self::Missing(Member::Case),
            Code::UnknownScenario => Self::UnknownScenario,
            Code::ScenarioNotAllowed => Self::ScenarioNotAllowed,
            Code::ConsentRequired => Self::Authorization,
            Code::ConsentRevoked => Self::Withdrawn,
            Code::ConsentUsedUp => Self::UsedUp,
            Code::InstitutionSuspended => Self::Suspended,
            Code::Stopped => Self::Stopped,
            Code::CaseAlreadyUsed => Self::CaseSpent,
            Code::IdempotencyConflict => Self::Conflict,
            Code::AnswerChanged => Self::AnswerChanged,
            Code::PayloadTooLarge => Self::BodyTooLarge,
            Code::HeadersTooLarge => Self::HeadTooLarge,
            Code::RequestTimeout => Self::Late,
            Code::MethodNotAllowed => Self::Method,
            _ => return None,
        })
    }

    /// The sentence.
    #[must_use]
    pub fn sentence(self, language: Language) -> String {
        let entry = |number: usize, (chinese, english): Pair| match language {
            Language::Zh => format!("`fields` 的第 {number} 项{chinese}"),
            Language::En => format!("entry {number} of `fields` {english}"),
        };
        match self {
            Self::Consent(fault) => return fault.detail(language),
            Self::UnknownField(number) => {
                return entry(number, ("不在数据清单中", "is not in the data list"));
            }
            Self::FieldTwice(number) => return entry(number, ("与前面的一项重复", "is there already")),
            Self::FieldOfAnotherScenario(number) => {
                return entry(number, ("不属于该应用场景", "is not among the fields of the scenario"));
            }
            Self::FieldNotOfConsent(number) => {
                return entry(number, ("不在授权范围内", "is not among the fields of the consent"));
            }
            Self::FieldRedefined(number) => {
                return entry(
                    number,
                    (
                        "的定义在授权之后已变更：请重新取得授权",
                        "has another definition than when the consent was given: ask for another consent",
                    ),
                );
            }
            Self::Twice(member) => return member.twice(language),
            Self::Type(member) => return member.wrong_type(language),
            Self::Missing(member) => return member.missing(language),
            _ => {}
        }
        let (chinese, english) = self
            .of_members()
            .or_else(|| self.of_request())
            .or_else(|| self.of_route())
            .or_else(|| self.of_rights())
            .unwrap_or_default();
        match language {
            Language::Zh => chinese.to_owned(),
            Language::En => english.to_owned(),
        }
    }
}
