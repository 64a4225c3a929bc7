//! Which field of a form is not filled in as it must be, by what the page calls it.

use credit_policy::CitizenNumber;
use serde_json::Value;

use crate::{changes::Month, state::approvals::LOADED};

/// What a field must be.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Digits,
    /// A citizen number.
    Number,
    Month,
    /// 32 bytes in base64.
    Base64,
}

/// A field: where it stands in the JSON of the act, what the pages call it, and its form.
#[derive(Clone, Copy)]
struct Field(&'static str, &'static str, &'static str, Form);

const REASON: Field = Field("/reason", "理由", "Reason", Form::Text);
const LINE: Field = Field("/reason", "理由（一行）", "Reason (one line)", Form::Text);
const VERDICT: Field = Field("/verdict", "结论", "Verdict", Form::Text);
const PERIOD: Field = Field("/period", "周期", "Period", Form::Text);
const COMMITMENT: Field = Field("/digest", "摘要（base64）", "Digest (base64)", Form::Base64);
const NONCE: Field = Field("/nonce", "随机数（32 字节，base64）", "Nonce (32 bytes, base64)", Form::Base64);
const ENTRY: Field = Field("/entry", "记录序号", "Index of the record", Form::Digits);
const UNTIL: Field = Field("/until", "此序号之前的记录", "Those before this index", Form::Digits);
const DIGEST: Field = Field("/digest", "摘要", "Digest", Form::Base64);
const EXPORTED: Field = Field("/export/person", "公民身份号码", "Citizen number", Form::Number);
const PERSON: Field = Field("/person", "公民身份号码", "Citizen number", Form::Number);
const DESTROYED: Field = Field("/destroy/person", "公民身份号码", "Citizen number", Form::Number);
const MONTH: Field = Field("/destroy/month", "月份", "Month", Form::Month);
const MONTH_DONE: Field = Field("/month", "月份", "Month", Form::Month);

/// The first field that is empty, or has not its form: in Chinese and English. Nothing where that is not what is wrong.
pub(in crate::doors) fn wrong_field(path: &str, asked: &[u8]) -> Option<[String; 2]> {
    let asked: Value = serde_json::from_slice(asked).ok()?;
    let (needed, may_be) = fields(path, &asked);
    needed
        .iter()
        .find_map(|field| field.fault(&asked, true))
        .or_else(|| may_be.iter().find_map(|of| of.fault(&asked, false)))
}

/// Those that must be filled in, and those that may be.
fn fields(path: &str, asked: &Value) -> (&'static [Field], &'static [Field]) {
    let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default();
    match (path, text("act"), text("state")) {
        ("stop" | "resume" | "suspensions" | "objections", _, _) => (&[REASON], &[]),
        ("unseals", _, _) => (&[ENTRY, REASON], &[]),
        ("prunings", _, _) => (&[UNTIL], &[]),
        ("exports", _, _) => (&[PERSON], &[]),
        ("destructions", _, _) => (&[], &[MONTH_DONE, PERSON]),
        ("reviews", _, "judged") => (&[VERDICT, LINE], &[]),
        ("reviews", _, "committed") => (&[PERIOD, COMMITMENT], &[]),
        ("reviews", _, "shown") => (&[PERIOD, NONCE], &[]),
        ("proposals", "resume", _) => (&[REASON], &[]),
        ("proposals", "unseal", _) => (&[ENTRY, REASON], &[]),
        ("proposals", "prune", _) => (&[UNTIL], &[]),
        ("proposals", "export", _) => (&[EXPORTED], &[]),
        ("proposals", "destroy", _) => (&[], &[MONTH, DESTROYED]),
        ("proposals", act, _) if LOADED.contains(&act) => (&[DIGEST], &[]),
        ("approvals", _, _) => (&[], &[MONTH, DESTROYED, EXPORTED]),
        (_, _, _) => (&[], &[]),
    }
}

impl Field {
    fn fault(self, asked: &Value, is_needed: bool) -> Option<[String; 2]> {
        let Self(place, zh, en, form) = self;
        let Some(value) = asked.pointer(place) else {
            return is_needed.then(|| [format!("“{zh}”未填写"), format!("“{en}” is empty: fill it in")]);
        };
        let (zh_form, en_form) = form.fault(value)?;
        Some([format!("“{zh}”{zh_form}"), format!("“{en}” {en_form}")])
    }
}

impl Form {
    fn fault(self, value: &Value) -> Option<(&'static str, &'static str)> {
        let text = value.as_str().unwrap_or_default();
        match self {
            Self::Text => None,
            Self::Digits => (!value.is_u64()).then_some(("须为数字", "must be digits alone")),
            Self::Number => CitizenNumber::parse(text).is_err().then_some((
                "须为十八位公民身份号码，校验码相符",
                "must be a citizen number of 18 characters that checks",
            )),
            Self::Month => Month::parse(text).is_none().then_some(("格式为 YYYY-MM", "must be a month, YYYY-MM")),
            Self::Base64 => serde_json::from_value::<credit_audit::leaf::Base64<[u8; 32]>>(value.clone())
                .is_err()
                .then_some(("须为 32 字节的 base64，44 个字符", "must be 32 bytes as base64, 44 characters")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_empty_field_and_one_without_its_form_is_named_and_no_other() {
        let wrong = |path, asked: Value| wrong_field(path, asked.to_string().as_bytes());
        for (path, asked, named) in [
            ("reviews", json!({"state": "judged", "reason": "a"}), "“Verdict” is empty"),
            ("reviews", json!({"state": "judged", "verdict": "explained"}), "“Reason (one line)” is empty"),
            ("suspensions", json!({"institution": "bank", "suspended": false}), "“Reason” is empty"),
            (
                "proposals",
                json!({"act": "unseal", "entry": "x", "reason": "a"}),
                "“Index of the record” must be digits",
            ),
            ("proposals", json!({"act": "export", "export": {"person": "1"}}), "“Citizen number” must be"),
            ("proposals", json!({"act": "destroy", "destroy": {"month": "2021"}}), "“Month” must be"),
            ("proposals", json!({"act": "limits", "digest": "AA"}), "“Digest” must be 32 bytes"),
            ("exports", json!({}), "“Citizen number” is empty"),
        ] {
            let [chinese, english] = wrong(path, asked).unwrap();
            assert!(english.contains(named) && chinese.starts_with('“'), "{english} {chinese}");
        }
        assert_eq!(wrong("stop", json!({"reason": "drill", "other": 1})), None);
        assert_eq!(wrong("approvals", json!({"proposal": "x"})), None);
        assert_eq!(wrong_field("stop", b"no JSON"), None);
    }
}
