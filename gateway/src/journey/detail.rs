//! What is at fault in a request, as `detail` of the problem document says it (RFC 9457 §3.1.4): which member, header or
//! claim, and its form. The sentences are fixed: none can carry a value of the request.

use credit_policy::{Language, consent::ConsentFault};

/// What is at fault.
#[derive(Debug, Clone, Copy)]
pub enum Detail {
    /// The body starts with a byte order mark.
    ByteOrderMark,
    /// The body is not one JSON object.
    NoObject,
    /// The body of a query has other members than those of a query, one twice, or one of another type.
    QueryMembers,
    /// The body of a withdrawal has other members than those of a withdrawal.
    WithdrawalMembers,
    /// A withdrawal does not name one of several issuers.
    WithdrawalIssuer,
    /// The target has a query string.
    QueryString,
    /// The body is compressed.
    ContentEncoding,
    /// The body is not declared as JSON.
    ContentType,
    /// The header `Idempotency-Key`.
    IdempotencyKey,
    /// The header `Authorization`, where a consent is needed.
    Authorization,
    /// The consent names no fields and is older than the catalogue.
    ConsentWithoutFields,
    /// The consent is not valid.
    Consent(ConsentFault),
}

impl Detail {
    /// The sentence.
    #[must_use]
    pub fn sentence(self, language: Language) -> String {
        let (chinese, english) = match self {
            Self::Consent(fault) => return fault.detail(language),
            Self::ByteOrderMark => (
                "请求体以字节顺序标记（BOM）开头：请去除",
                "the body starts with a byte order mark (BOM): leave it out",
            ),
            Self::NoObject => ("请求体须为一个 JSON 对象", "the body must be one JSON object"),
            Self::QueryMembers => (
                "请求体的成员只可有 `scenario`、`subject`、`operator`、`case`（文字）与 `fields`（文字数组），不得重复，不得为 null",
                "the body may have the members `scenario`, `subject`, `operator`, `case` (strings) and `fields` (an array of strings), each once and none null",
            ),
            Self::WithdrawalMembers => (
                "请求体须有成员 `jti`，即授权凭证的编号；另可有 `iss`，即其签发者；二者均为文字",
                "the body must have the member `jti`, the id of a consent token, and may have `iss`, its issuer; both are strings",
            ),
            Self::WithdrawalIssuer => (
                "贵机构代表多个签发者：请求体须有成员 `iss`，写明是哪一个",
                "you act for several issuers: the body must have the member `iss`, which names one of them",
            ),
            Self::QueryString => ("路径之后不得有查询字符串", "the path takes no query string"),
            Self::ContentEncoding => (
                "请求体不得压缩：请去除 `Content-Encoding`",
                "the body must not be compressed: leave out `Content-Encoding`",
            ),
            Self::ContentType => (
                "`Content-Type` 须出现一次，为 `application/json`，参数只可有 `charset=utf-8`",
                "`Content-Type` must be there once, as `application/json`, with no parameter but `charset=utf-8`",
            ),
            Self::Authorization => (
                "`Authorization` 须只出现一次，为 `Bearer` 与授权凭证",
                "`Authorization` must be there once, as `Bearer` and the consent token",
            ),
            Self::ConsentWithoutFields => (
                "授权未写明 `fields`，且签发于现行目录之前：请重新取得写明 `fields` 的授权",
                "the consent names no `fields` and is older than the catalogue: ask for another that names `fields`",
            ),
            Self::IdempotencyKey => (
                "`Idempotency-Key` 须只出现一次，为 1 至 64 个可见 ASCII 字符",
                "`Idempotency-Key` must be there once, as 1 to 64 visible ASCII characters",
            ),
        };
        match language {
            Language::Zh => chinese.to_owned(),
            Language::En => english.to_owned(),
        }
    }
}
