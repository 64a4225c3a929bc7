//! What a refusal says to the caller about a token: which part of it is at fault and what form it must have. Never its value.

use super::fault::ConsentFault;
use crate::Language;
use crate::words::words;

words! {
    /// A claim of the profile; those of the one detail by their path.
    "claim" pub Claim {
        /// The issuer.
        Iss = "iss",
        /// The audience.
        Aud = "aud",
        /// The issuer's id of the token.
        Jti = "jti",
        /// When it was issued.
        Iat = "iat",
        /// From when on it is valid.
        Nbf = "nbf",
        /// From when on it is expired.
        Exp = "exp",
        /// For the holder of which certificate.
        Cnf = "cnf",
        /// The hash of the digests.
        SdAlg = "_sd_alg",
        /// The digests.
        Sd = "_sd",
        /// What the person agreed to.
        Details = "authorization_details",
        /// The type of the token.
        Vct = "vct",
        /// The type of the detail.
        Type = "authorization_details.type",
        /// The scenario.
        Scenario = "authorization_details.scenario",
        /// The fields.
        Fields = "authorization_details.fields",
        /// How far back records may lie.
        LookBack = "authorization_details.look_back",
        /// How many uses.
        Uses = "authorization_details.uses",
        /// How many uses in how long a time.
        Frequency = "authorization_details.frequency",
        /// How long an answer may be kept.
        DataLife = "authorization_details.data_life",
    }
}

impl Claim {
    /// The form that it must have, to stand after "it must be".
    #[must_use]
    pub fn form(self, language: Language) -> &'static str {
        let (en, zh) = match self {
            Self::Iss => ("the issuer's name, one text", "签发方名称，一段文字"),
            Self::Aud => ("the one text `credit-gateway`", "一段文字 `credit-gateway`"),
            Self::Jti => (
                "1 to 128 visible ASCII characters without a citizen number",
                "1 至 128 个可见 ASCII 字符，不含公民身份号码",
            ),
            Self::Iat | Self::Nbf | Self::Exp => ("whole seconds since 1970", "自 1970 年起的整秒数"),
            Self::Cnf => (
                "`x5t#S256` and nothing else: the certificate's SHA-256 in base64url",
                "仅含 `x5t#S256`：证书的 SHA-256，以 base64url 书写",
            ),
            Self::SdAlg => ("`sha-256`, or be left out", "`sha-256`，或省略"),
            Self::Sd => (
                "a list of SHA-256 digests in base64url, 43 characters each",
                "SHA-256 摘要的列表，以 base64url 书写，每个 43 个字符",
            ),
            Self::Vct => ("1 to 128 visible ASCII characters", "1 至 128 个可见 ASCII 字符"),
            Self::Details => (
                "a list of one object with `type`, `scenario`, `look_back`, `uses`, `frequency`, `data_life`, `fields` \
                 where wanted, and nothing else",
                "仅含一个对象的列表：`type`、`scenario`、`look_back`、`uses`、`frequency`、`data_life`，以及可选的 `fields`，\
                 别无其他",
            ),
            Self::Type => ("`credit-query`", "`credit-query`"),
            Self::Scenario => ("the name of a scenario", "应用场景的名称"),
            Self::Fields => {
                ("a list of at least one name of a field, or be left out", "至少一个数据项名称的列表，或省略")
            }
            Self::LookBack | Self::DataLife => {
                ("a period of years, months, weeks or days, such as `P5Y`", "以年、月、周或日计的期间，例如 `P5Y`")
            }
            Self::Uses => ("a whole number of at least 1", "不小于 1 的整数"),
            Self::Frequency => {
                ("a number of uses, `/` and a period, such as `1/P1M`", "次数、`/` 与期间，例如 `1/P1M`")
            }
        };
        match language {
            Language::En => en,
            Language::Zh => zh,
        }
    }

    /// The names of the payload's claims, for a message.
    pub(super) fn known() -> String {
        let names = Self::ALL.iter().map(|claim| claim.as_str()).filter(|name| !name.contains('.'));
        names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ")
    }
}

impl ConsentFault {
    /// Which part of the token is at fault and what it must be, for the caller; nothing of the token's values.
    #[must_use]
    pub fn detail(self, language: Language) -> String {
        match language {
            Language::En => self.to_string(),
            Language::Zh => self.in_chinese(),
        }
    }

    fn in_chinese(self) -> String {
        let text = match self {
            Self::Claim(claim) => {
                return format!("字段 `{claim}` 缺失或格式不符：应为{}", claim.form(Language::Zh));
            }
            Self::UnknownClaim => return format!("载荷含有规定之外的字段：只可有 {}", Claim::known()),
            Self::Size => "凭证过长：其签名部分须能写入一条记录",
            Self::Parts => "凭证不是三段 JWT、一个披露及末尾的 `~`：不要附密钥绑定 JWT",
            Self::Encoding => "凭证的某一部分不是无填充的规范 base64url",
            Self::Header => "头部须且只须有 `alg`（`EdDSA` 或 `ES256`）、`typ`（`consent+sd-jwt`）与 `kid`",
            Self::UnknownKey => "没有已配置的签发方持有此 `kid` 的密钥：请核对签发方公布的密钥与网关的配置",
            Self::Algorithm => "此 `kid` 的密钥用于另一种 `alg`",
            Self::Signature => "签名无法以签发方的密钥验证",
            Self::Claims => "载荷须为一个 JSON 对象，字段不得重复，且不得含有明文的公民身份号码",
            Self::Issuer => "此 `kid` 的密钥不属于 `iss` 所指的签发方",
            Self::Audience => "`aud` 须为一段文字 `credit-gateway`",
            Self::Lifetime => "`nbf` 须早于 `exp`",
            Self::Disclosure => {
                "披露须为至少 128 位的盐（base64url 22 个字符，或十六进制 32 个字符）、`citizen_number` 与有效的公民身份号码"
            }
            Self::Digest => "披露的摘要须出现在载荷的 `_sd` 中，且任何摘要不得重复",
            Self::NotYetValid => "授权尚未生效：请核对签发方与网关的时钟",
            Self::Expired => "授权已过期：请重新取得",
            Self::WrongInstitution => "授权属于另一证书的持有者",
            Self::WrongScenario => "授权用于另一应用场景",
            Self::WrongSubject => "授权人与请求所指的信息主体不同",
        };
        text.to_owned()
    }
}
