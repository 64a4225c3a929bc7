//! The claims of the profile by name, and the form of each.

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
