//! What a refusal says to the caller about a token: which part of it is at fault and what form it must have. Never its value.

use super::claim_names::Claim;
use super::fault::ConsentFault;
use crate::Language;

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
            Self::WrongInstitution => "`cnf` 不是本机构已登记且未吊销的证书：请为所用的证书取得授权",
            Self::WrongScenario => "授权用于另一应用场景",
            Self::WrongSubject => "授权人与请求所指的信息主体不同",
        };
        text.to_owned()
    }
}
