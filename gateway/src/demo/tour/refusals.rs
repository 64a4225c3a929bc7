//! Refusals: each code is shown once, and each is on the record.

use credit_policy::{Code, Personal};
use jiff::{ToSpan, civil::date};
use serde_json::{Value, json};

use super::{
    asking::{Agreed, QUERIES, Token, asked, on_consent},
    cast::{CASE_LIMIT, Tour},
    failure::{TourError, hold},
    record::{Outcome, Told},
};
use crate::{
    demo::{
        client::Caller,
        number::{Sequence, draw},
    },
    terminal::{print, words},
};

const LOAN: &str = "commercial-loan";
const SCORE: &[&str] = &["score_band"];

impl Tour<'_> {
    /// Shows them; `spent` is a consent that was good for one answer.
    pub(super) async fn refusals(&self, spent: &Token) -> Result<(), TourError> {
        print(words(
            "5. 拒绝：每次均已留痕，回执核验无误",
            "5. Refusals: each is on the record, with a receipt that verifies",
        ));
        let mut told = self.of_requests().await?;
        told.extend(self.of_statutes().await?);
        told.extend(self.of_consents(spent).await?);
        let revoked = Caller::new(self.dir, "revoked", self.gateway.settings.listen.institutions)?;
        let admitted = revoked.post(QUERIES, &asked(&self.clean, Some(&self.case)), None).await.is_ok();
        hold(!admitted, || "a revoked certificate was let in".to_owned())?;
        self.settle(&told).await?;
        let shows = words("已吊销的证书：TLS 握手即被拒绝", "a revoked certificate: closed in the TLS handshake");
        print(format_args!("   --- {:<25} {:10}  {shows}", "", ""));
        print("");
        Ok(())
    }

    /// What is wrong with the request itself.
    async fn of_requests(&self) -> Result<Vec<Told<'_>>, TourError> {
        let whole = asked(&self.clean, Some(&self.case));
        let wrong = self.clean.disclose(|number| Personal::new(wrong_check(number)));
        let mut told = Vec::new();
        for (body, code, shows) in [
            (
                with(&whole, "reason", json!("curiosity")),
                Code::MalformedRequest,
                words("请求含未知项，不予猜测", "a member that is not known: nothing is guessed"),
            ),
            (
                with(&whole, "scenario", json!("curiosity")),
                Code::UnknownScenario,
                words("应用清单以外没有场景", "there is no purpose but those of the application list"),
            ),
            (
                without(&whole, "operator"),
                Code::OperatorRequired,
                words("查询须登记到人", "every query is registered with the member of staff"),
            ),
            (
                asked(&self.clean, None),
                Code::CaseRequired,
                words("没有案件编号，不得依法查询", "no look-up by statute without a case"),
            ),
            (
                asked(&wrong, Some(&self.case)),
                Code::InvalidCitizenNumber,
                words("校验位错误，未查询任何数据源", "a wrong check digit: no store is asked"),
            ),
            (
                with(&whole, "fields", json!(["religion"])),
                Code::UnknownField,
                words("数据清单以外没有数据项", "what is not in the data list does not exist"),
            ),
        ] {
            told.push(self.housing_refused(&body, code, shows).await?);
        }
        Ok(told)
    }

    /// What the law and the application list forbid.
    async fn of_statutes(&self) -> Result<Vec<Told<'_>>, TourError> {
        let whole = asked(&self.clean, Some(&self.case));
        let shows = words("银行不得使用该场景", "a bank may not use the housing department's scenario");
        let mut told = vec![self.bank_refused(&whole, None, Code::ScenarioNotAllowed, shows).await?];
        let score = with(&whole, "fields", json!(SCORE));
        let shows = words("基本公共服务不得使用个人信用分", "no score for a basic public service");
        told.push(self.housing_refused(&score, Code::FieldNotAllowed, shows).await?);
        // Nobody: a number that is made up here, of somebody who would be ten.
        let born = self.gateway.today().saturating_sub(10.years());
        let minor = asked(&draw(1, born, &mut Sequence::of(1)), Some(&self.case));
        let shows = words("不提供未成年人信息", "nothing is answered about minors");
        told.push(self.housing_refused(&minor, Code::SubjectMinor, shows).await?);
        for _ in 1..CASE_LIMIT {
            let reply = self.housing.post(QUERIES, &whole, None).await?;
            hold(reply.status == 200, || format!("a look-up was answered with {}", reply.status))?;
        }
        let shows = words("同一案件对同一人至多查询三次", "three look-ups on one person under one case, no fourth");
        told.push(self.housing_refused(&whole, Code::CaseAlreadyUsed, shows).await?);
        Ok(told)
    }

    /// What a consent does not cover.
    async fn of_consents(&self, spent: &Token) -> Result<Vec<Told<'_>>, TourError> {
        let body = on_consent(LOAN);
        let agreed = || Agreed::to("bank", LOAN, SCORE);
        let fresh = self.token(&agreed())?;
        let another =
            draw(2, date(1931, 2, 3), &mut Sequence::of(2)).disclose(|number| with(&body, "subject", json!(number)));
        let tampered = fresh.tampered();
        let mut told = Vec::new();
        for (body, token, code, shows) in [
            (&body, None, Code::ConsentRequired, words("没有本人授权", "without the person's consent")),
            (
                &body,
                Some(tampered.as_str()),
                Code::ConsentInvalid,
                words("签名被改动的授权凭证", "a token with an altered signature"),
            ),
            (
                &another,
                Some(&*fresh),
                Code::ConsentWrongSubject,
                words("凭证属于另一人", "the consent of another person"),
            ),
            (
                &body,
                Some(&**spent),
                Code::ConsentUsedUp,
                words("授权一次，已经用过", "a consent to one answer, used before"),
            ),
        ] {
            told.push(self.bank_refused(body, token, code, shows).await?);
        }
        for (agreed, code, shows) in [
            (
                Agreed { ago_s: 7_200, ..agreed() },
                Code::ConsentExpired,
                words("一小时前已过期", "a consent that ended an hour ago"),
            ),
            (
                Agreed { institution: "employer", ..agreed() },
                Code::ConsentWrongInstitution,
                words("授权给了用人单位，不是本银行", "a consent to the employer, in the bank's hands"),
            ),
            (
                Agreed { scenario: "employment", ..agreed() },
                Code::ConsentWrongScenario,
                words("授权用于招聘，不是贷款", "a consent for an employment check, not for a loan"),
            ),
            (
                Agreed { uses: 1_000, ..agreed() },
                Code::ConsentExceedsBound,
                words("授权一千次，超出规则目录的上限", "a consent to a thousand answers, beyond the maximum"),
            ),
        ] {
            let token = self.token(&agreed)?;
            told.push(self.bank_refused(&body, Some(&token), code, shows).await?);
        }
        Ok(told)
    }

    async fn housing_refused<'s>(&'s self, body: &str, code: Code, shows: &'s str) -> Result<Told<'s>, TourError> {
        let reply = self.housing.post(QUERIES, body, None).await?;
        Told::new(&self.housing, reply, Outcome::Refused(code), shows)
    }

    async fn bank_refused<'s>(
        &'s self,
        body: &str,
        token: Option<&str>,
        code: Code,
        shows: &'s str,
    ) -> Result<Told<'s>, TourError> {
        let reply = self.bank.post(QUERIES, body, token).await?;
        Told::new(&self.bank, reply, Outcome::Refused(code), shows)
    }
}

/// A body with one member more, or another one.
fn with(body: &str, member: &str, value: Value) -> String {
    edited(body, |members| drop(members.insert(member.to_owned(), value)))
}

/// A body with one member less.
fn without(body: &str, member: &str) -> String {
    edited(body, |members| drop(members.remove(member)))
}

fn edited(body: &str, edit: impl FnOnce(&mut serde_json::Map<String, Value>)) -> String {
    let mut members = serde_json::from_str(body).unwrap_or_default();
    edit(&mut members);
    Value::Object(members).to_string()
}

/// The number with its check character altered.
fn wrong_check(number: &str) -> String {
    let (digits, check) = number.split_at(number.len().saturating_sub(1));
    format!("{digits}{}", if check == "0" { '1' } else { '0' })
}
