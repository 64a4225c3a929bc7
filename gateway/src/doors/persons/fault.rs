//! Why nobody is logged in. The operator reads the cause, which names nobody; the person reads a sentence.

use credit_policy::Language;
use hyper::StatusCode;

use super::page::UNREACHED;
use crate::state::visits::Unreached;

/// Why a login came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoginFault {
    /// The identity service does not answer, or not as one.
    Away,
    /// No login of this browser waits for this answer: it is forged, too old, or comes a second time.
    State,
    /// The answer names another service.
    AnswerIssuer,
    /// The service says no, or the person did.
    Refused,
    /// The answer is no answer.
    Answer,
    /// The code was not taken.
    Code,
    /// There is no ID token.
    NoToken,
    /// No key of the service verifies the ID token, also after its keys were read again.
    Signature,
    /// Issuer, audience or authorised party.
    Party,
    /// The nonce.
    Nonce,
    /// Its times.
    Time,
    /// `acr`.
    Strength,
    /// `at_hash`.
    AccessToken,
    /// The userinfo cannot be read, or is another person's.
    Userinfo,
    /// No number.
    Number,
    /// The account is bound to nobody.
    Unbound,
    /// Too many sessions.
    Full,
    /// What the gateways know together cannot be reached.
    Unreached,
}

impl From<Unreached> for LoginFault {
    fn from(_: Unreached) -> Self {
        Self::Unreached
    }
}

impl LoginFault {
    /// What the operator reads: which check it was, and nothing of who or what was sent.
    pub(super) fn cause(self) -> &'static str {
        match self {
            Self::Away => "the identity service does not answer as one; see persons.issuer",
            Self::State => "no login of this browser waits for this answer: its state is unknown, over or used",
            Self::AnswerIssuer => "the answer names another identity service (iss)",
            Self::Refused => "the identity service refused, or the person did",
            Self::Answer => "the answer has no code, or a member twice",
            Self::Code => "the identity service did not take the code",
            Self::NoToken => "the identity service returned no ID token",
            Self::Signature => {
                "the ID token is signed by no key of the identity service, or by an algorithm that is not taken"
            }
            Self::Party => "the ID token is another service's, or for another client (iss, aud, azp)",
            Self::Nonce => "the ID token is of another login (nonce)",
            Self::Time => "the ID token is over, or was issued at another time than now (exp, iat); compare the clocks",
            Self::Strength => "the person was authenticated otherwise than persons.acr asks for",
            Self::AccessToken => "the access token is not the ID token's (at_hash)",
            Self::Userinfo => "the userinfo cannot be read, or is of another subject",
            Self::Number => "the userinfo has no valid citizen number; see persons.citizen_number_claim",
            Self::Unbound => "the account is bound to no citizen number; an officer binds it at the counter",
            Self::Full => "as many persons are logged in as there may be",
            Self::Unreached => "the shared state does not answer; see [state]",
        }
    }

    /// The status of the page.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Away | Self::Full | Self::Unreached => StatusCode::SERVICE_UNAVAILABLE,
            Self::State | Self::Answer | Self::AnswerIssuer => StatusCode::BAD_REQUEST,
            Self::Refused
            | Self::Code
            | Self::NoToken
            | Self::Signature
            | Self::Party
            | Self::Nonce
            | Self::Time
            | Self::Strength
            | Self::AccessToken
            | Self::Userinfo
            | Self::Number
            | Self::Unbound => StatusCode::FORBIDDEN,
        }
    }

    /// What the person reads.
    pub(super) fn sentence(self, language: Language) -> &'static str {
        let (chinese, english) = match self {
            Self::Away => (
                "身份认证服务暂时无法访问，请稍后再试。",
                "The identity service cannot be reached at present. Please try again later.",
            ),
            Self::State | Self::Answer | Self::AnswerIssuer => (
                "本次登录已失效或已使用过，请重新登录。",
                "This login is over or was used already. Please log in again.",
            ),
            Self::Refused => {
                ("您未完成身份认证，没有登录。", "The identification was not completed; you are not logged in.")
            }
            Self::Strength => (
                "本次身份认证的方式未达到要求，请改用要求的方式重新登录。",
                "You were identified in a way that is not strong enough here. Please log in again in the required way.",
            ),
            Self::Number => (
                "身份认证服务未提供有效的公民身份号码，无法登录。",
                "The identity service gave no valid citizen number, so you cannot be logged in.",
            ),
            Self::Unbound => (
                "您的账号尚未与公民身份号码绑定。请在 30 分钟内持身份证件到服务窗口，将以下绑定码告知工作人员，然后重新登录。",
                "Your account is not bound to a citizen number yet. Within 30 minutes, go to a counter with your identity \
                 card, tell the officer the code below, then log in again.",
            ),
            Self::Full => ("当前登录人数过多，请稍后再试。", "Too many persons are logged in. Please try again later."),
            Self::Unreached => (UNREACHED.zh, UNREACHED.en),
            Self::Code
            | Self::NoToken
            | Self::Signature
            | Self::Party
            | Self::Nonce
            | Self::Time
            | Self::AccessToken
            | Self::Userinfo => (
                "身份认证的结果无法核实，没有登录。请重新登录。",
                "The result of the identification cannot be verified; you are not logged in. Please log in again.",
            ),
        };
        match language {
            Language::Zh => chinese,
            Language::En => english,
        }
    }
}
