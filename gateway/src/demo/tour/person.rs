//! What a person does: finds a query in the own list, objects to the records on which its answer rested, and sees that who asked
//! has fetched the correction.

use credit_policy::{CitizenNumber, Personal};
use serde_json::{Value, json};

use super::{
    asking::{self, asked},
    cast::Tour,
    failure::{TourError, hold},
};
use crate::{
    demo::{browser::Browser, client::Reply, folder, identity},
    terminal::{print, words},
};

/// A field that changes once nothing adverse is left of a person.
const FIELD: &str = "clean_three_years";

fn is_clean(reply: &Reply) -> bool {
    reply.json.pointer("/data/clean_three_years") == Some(&Value::Bool(true))
}

impl Tour<'_> {
    /// Nothing where the configuration no longer names the demo's identity service.
    pub(super) async fn person(&self) -> Result<(), TourError> {
        let Some(identity) = self.gateway.settings.persons.as_ref().and_then(identity::port_of) else { return Ok(()) };
        print(words(
            "6. 本人：查看谁查询过、提出异议、看到更正",
            "6. A person: sees who asked, objects, and sees the correction arrive",
        ));
        let Some((place, late, query)) = self.late().await? else {
            print(words(
                "   （此演示中已无可提出异议的记录。）
",
                "   (In this demo nobody is left who could object.)
",
            ));
            return Ok(());
        };
        let mut browser = Browser::new(self.dir, self.gateway.settings.listen.persons, identity)?;
        browser.log_in(place).await?;
        let entry = self.found(&mut browser, &query).await?;
        print(format_args!("   {} {entry}", words("本人的清单：", "The person's list:")));
        let classes = self.objected(&mut browser).await?;
        let again = self.ask(&late, "Q").await?;
        hold(is_clean(&again), || "a record to which an objection was upheld is in an answer".to_owned())?;
        print(words(
            "   异议成立，记录即刻不再计入任何答复，即使数据源中仍有。",
            "   Upheld: the record is in no answer from then on, although the store has it still.",
        ));
        self.corrected(&mut browser, &query, &classes).await
    }

    /// Asks about the next person who has not objected in an earlier tour: at which place of those who can log in, and by which query.
    async fn late(&self) -> Result<Option<(usize, Personal<String>, String)>, TourError> {
        let standing = &self.gateway.standing;
        let has_not_objected = |(_, late): &(usize, Personal<String>)| {
            let number = late.disclose(|number| CitizenNumber::parse(number));
            number.is_ok_and(|number| standing.objections(&standing.person(&number)).is_empty())
        };
        let next = folder::of_tours(self.dir)?.into_iter().find(has_not_objected);
        let Some((place, late)) = next else { return Ok(None) };
        let reply = self.ask(&late, "P").await?;
        hold(reply.status == 200, || format!("a query was answered with {}: {}", reply.status, reply.at("/code")))?;
        hold(!is_clean(&reply), || "the person who is to object has no record".to_owned())?;
        let query = reply.at("/query").to_owned();
        Ok(Some((place, late, query)))
    }

    async fn ask(&self, person: &Personal<String>, case: &str) -> Result<Reply, TourError> {
        let case = format!("{}-{case}", self.case);
        Ok(self.housing.post(asking::QUERIES, &asked(person, Some(&case)), None).await?)
    }

    async fn decide(&self, who: &str, decision: &Value) -> Result<Reply, TourError> {
        Ok(self.caller(who)?.post("/v1/objections/decisions", &decision.to_string(), None).await?)
    }

    /// Who asked by a query, what for and when, as the list says it.
    async fn found(&self, browser: &mut Browser, query: &str) -> Result<String, TourError> {
        let list = browser.read("/me/queries").await?;
        let entries = list.json.pointer("/list/entries").and_then(Value::as_array).cloned().unwrap_or_default();
        let entry = entries.into_iter().find(|entry| entry.get("query").and_then(Value::as_str) == Some(query));
        let part = |pointer: &str| entry.as_ref()?.pointer(pointer)?.as_str().map(str::to_owned);
        let said = part("/institution").zip(part("/scenario/name")).zip(part("/day"));
        let said = said.map(|((institution, scenario), day)| format!("{institution} {scenario} {day}"));
        said.ok_or_else(|| TourError::Unexpected("the query is not in the person's list".to_owned()))
    }

    /// Objects to every record, and has each objection upheld: by the department that made the record, else by an officer. Gives the
    /// classes.
    async fn objected(&self, browser: &mut Browser) -> Result<Vec<String>, TourError> {
        let report = browser.read("/me/report").await?;
        let records = report.json.pointer("/records").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut classes = Vec::new();
        for record in records {
            let text = |member: &str| record.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
            let said = json!({ "record": text("record"), "statement": "该决定已被撤销。This was revoked." });
            let made = browser.post("/me/objections", &said.to_string()).await?;
            let decision =
                json!({ "objection": made.at("/objection"), "result": "upheld", "reason": "查证属实 verified" });
            let by_department = self.decide("department", &decision).await?;
            let decided = match by_department.status {
                404 => self.decide("officer", &decision).await?,
                _ => by_department,
            };
            hold(decided.status == 200, || format!("an objection was decided with {}", decided.status))?;
            classes.push(text("class"));
        }
        hold(!classes.is_empty(), || "the person has no record to object to".to_owned())?;
        print(words(
            "   本人对报告中的记录提出异议；来源部门（或管理人员）经网络处理，均留痕。",
            "   The person objects to the records of the report; their departments decide, on the record.",
        ));
        Ok(classes)
    }

    /// The housing department fetches the correction, and the person sees it.
    async fn corrected(&self, browser: &mut Browser, query: &str, classes: &[String]) -> Result<(), TourError> {
        let corrections = self.housing.read("/v1/corrections?after=0").await?;
        let all = corrections.json.pointer("/corrections").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_of_query = |one: &&Value| one.get("query").and_then(Value::as_str) == Some(query);
        let one = all.iter().find(is_of_query);
        let fields = one.and_then(|one| one.get("fields")).map(ToString::to_string).unwrap_or_default();
        hold(fields.contains(FIELD), || "the correction of the first answer is not there".to_owned())?;
        print(format_args!(
            "   {} {fields}",
            words(
                "住房保障部门获取更正，只得知哪些数据项会变化：",
                "The housing department fetches the correction, which names fields alone:"
            )
        ));
        let mut is_seen = false;
        for class in classes {
            let told = browser.read(&format!("/me/recipients?record={class}")).await?;
            is_seen |= told.text.contains("\"correction\":\"fetched\"");
        }
        hold(is_seen, || "the person does not see that the correction was fetched".to_owned())?;
        print(words("   本人看到该机构已获取更正。\n", "   The person sees that it has fetched it.\n"));
        Ok(())
    }
}
