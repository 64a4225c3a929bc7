//! The demo's tour, over the network, as institutions would make it: a look-up by statute, a loan and an employment check
//! with consent, a withdrawal, refusals, and what regulator and person see of all that. Every line says what it shows; no
//! line shows whom it is about. Whatever is not as it must be ends it.

mod asking;
mod calls;
mod cases;
mod cast;
mod failure;
mod person;
mod record;
mod refusals;
mod views;

use std::path::Path;

use credit_policy::Code;
use serde_json::{Value, json};

use self::{
    asking::{Agreed, Token, asked, on_consent},
    cast::{CASE_LIMIT, Tour},
    failure::hold,
    record::{Outcome, Told},
};
use super::client::Reply;
use crate::{
    gateway::Gateway,
    terminal::{print, words},
};

pub(crate) use failure::TourError;

pub(crate) use calls::print_calls;
pub(crate) use cases::report as report_cases;

/// Answers about the person on the tour: as many look-ups as the case allows, a loan, an employment check, and the first
/// use of the consent that is withdrawn.
const ANSWERS: u64 = CASE_LIMIT + 3;

/// Makes the tour.
///
/// # Errors
/// The first thing that is not as it must be.
pub(crate) async fn run(dir: &Path, gateway: &Gateway) -> Result<(), TourError> {
    let tour = Tour::new(dir, gateway)?;
    print(words(
        "演示开始。每一行都说明所示内容；所有查询均已留痕。\n",
        "A tour. Every line says what it shows; every query is on the record.\n",
    ));
    let (first, looked_up) = tour.look_up().await?;
    let used_up = tour.loan(&looked_up).await?;
    tour.employment().await?;
    tour.withdrawal().await?;
    tour.refusals(&used_up).await?;
    tour.person().await?;
    tour.views(first, ANSWERS).await?;
    print(words("演示各项均符合预期。\n", "All results are as expected.\n"));
    Ok(())
}

impl Tour<'_> {
    /// A look-up by statute: its leaf, and the pseudonym that came back.
    async fn look_up(&self) -> Result<(u64, String), TourError> {
        print(words(
            "1. 应查必查：公租房资格核查，依法查询，须有案件编号",
            "1. A look-up that a statute demands (应查必查): public rental housing, under a case number",
        ));
        let reply = self.housing.post(asking::QUERIES, &asked(&self.clean, Some(&self.case)), None).await?;
        self.answered(&reply, &["black_listed", "clean_three_years", "grey_listed"])?;
        print(words(
            "   不返回公民身份号码，只返回仅在本机构、本用途有效的假名。",
            "   No citizen number comes back, but a pseudonym that is worth nothing elsewhere.",
        ));
        let leaf = self.on_record(&self.housing, &reply).await?;
        print(format_args!(
            "   {} {}\n",
            words(
                "答复之前已留痕；回执与记录核验无误，记录不含姓名号码，正是此答复：日志第",
                "Recorded before it left; receipt and record verify, name nobody, are of these bytes: leaf"
            ),
            leaf.index
        ));
        Ok((leaf.index, reply.at("/subject").to_owned()))
    }

    /// A loan on consent; gives back the token, used up.
    async fn loan(&self, looked_up: &str) -> Result<Token, TourError> {
        print(words(
            "2. 商业贷款：凭本人授权，由授权机构签名（EdDSA），限本银行、两个数据项、一次",
            "2. A loan, on the person's consent, signed (EdDSA): to this bank, two fields, one answer",
        ));
        let token = self.token(&Agreed::to("bank", "commercial-loan", &["clean_three_years", "score_band"]))?;
        let reply = self.bank.post(asking::QUERIES, &on_consent("commercial-loan"), Some(&token)).await?;
        self.answered(&reply, &["clean_three_years", "score_band"])?;
        hold(reply.at("/subject") != looked_up, || "two institutions know the person by one pseudonym".to_owned())?;
        print(words(
            "   同一人的假名与住房保障部门所得不同，两家数据无法拼合。",
            "   The same person has another pseudonym here: the two files cannot be joined.",
        ));
        let leaf = self.on_record(&self.bank, &reply).await?;
        self.holds_consent(&leaf, &token)?;
        print(format_args!(
            "   {} {}\n",
            words(
                "记录载有签名的授权（不含号码），监管者可自行核验：日志第",
                "Its record contains the signed consent, without the number, for a regulator to check: leaf"
            ),
            leaf.index
        ));
        Ok(token)
    }

    async fn employment(&self) -> Result<(), TourError> {
        print(words(
            "3. 招聘录用：凭本人授权，由授权机构签名（ES256），限本单位",
            "3. An employment check, on the person's consent, signed (ES256): to this employer",
        ));
        let fields = ["academic_misconduct_exists", "clean_three_years", "qualification_exists"];
        let token = self.token(&Agreed { es256: true, ..Agreed::to("employer", "employment", &fields) })?;
        let reply = self.employer.post(asking::QUERIES, &on_consent("employment"), Some(&token)).await?;
        self.answered(&reply, &fields)?;
        let leaf = self.on_record(&self.employer, &reply).await?;
        self.holds_consent(&leaf, &token)?;
        print(format_args!(
            "   {} {}\n",
            words("回执与记录核验无误：日志第", "Receipt and record verify: leaf"),
            leaf.index
        ));
        Ok(())
    }

    async fn withdrawal(&self) -> Result<(), TourError> {
        print(words(
            "4. 撤回授权：授权可用两次，其间本人撤回",
            "4. A withdrawal: a consent to two answers, and the person withdraws in between",
        ));
        let agreed = Agreed { uses: 2, frequency: "2/P1D", ..Agreed::to("bank", "commercial-loan", &["score_band"]) };
        let token = self.token(&agreed)?;
        let (asking, withdrawing) = (on_consent("commercial-loan"), json!({ "jti": token.jti }).to_string());
        let ask = || self.bank.post(asking::QUERIES, &asking, Some(&token));
        let first = Told::new(&self.bank, ask().await?, Outcome::Answered, words("第一次使用", "the first use"))?;
        let withdrawn = self.authority.post("/v1/revocations", &withdrawing, None).await?;
        let shows = words("授权机构撤回，即时生效", "the authority withdraws it: in force at once");
        let withdrawn = Told::new(&self.authority, withdrawn, Outcome::Withdrawn(&token.jti), shows)?;
        let revoked = Outcome::Refused(Code::ConsentRevoked);
        let shows = words("第二次使用被拒绝", "the second use is refused");
        let second = Told::new(&self.bank, ask().await?, revoked, shows)?;
        self.settle(&[first, withdrawn, second]).await?;
        print("");
        Ok(())
    }

    /// The answer has exactly these fields; they are shown.
    fn answered(&self, reply: &Reply, fields: &[&str]) -> Result<(), TourError> {
        hold(reply.status == 200, || format!("a query was answered with {}: {}", reply.status, reply.at("/code")))?;
        let data = reply.json.get("data").and_then(Value::as_object);
        let data = data.ok_or_else(|| TourError::Unexpected("an answer has no data".to_owned()))?;
        hold(data.keys().eq(fields), || format!("the fields {fields:?} were due"))?;
        let clean = data.get("clean_three_years") == Some(&Value::Bool(true));
        hold(clean, || "a clean person has no clean three years".to_owned())?;
        self.clean
            .disclose(|number| hold(!reply.text.contains(number.as_str()), || "an answer has the number".to_owned()))?;
        for (field, value) in data {
            print(format_args!("     {field:<28} {value}"));
        }
        Ok(())
    }
}
