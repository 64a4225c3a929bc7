//! The demo's tour: a look-up, its receipt verified, the whole log verified, refusals. Every line says what it shows;
//! no line shows whom it is about.

use std::{path::Path, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::{leaf, merkle, note::VerifierKey, verify};
use credit_policy::Personal;
use serde_json::{Value, json};

use super::{
    Note,
    client::{Caller, ClientError},
    folder::{self, DemoError},
};
use crate::{
    gateway::Gateway,
    speech::{say, words},
};

/// Why the tour does not hold.
#[derive(Debug, thiserror::Error)]
pub enum TourError {
    /// The demo's folder.
    #[error(transparent)]
    Folder(#[from] DemoError),
    /// A call.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Something was not as it must be.
    #[error("the tour does not hold: {0}")]
    Unexpected(String),
}

/// Makes the tour over the network, as an institution would.
///
/// # Errors
/// The first thing that is not as it must be.
pub async fn run(dir: &Path, gateway: &Gateway) -> Result<(), TourError> {
    let address = gateway.settings.listen.institutions;
    let housing = Caller::new(dir, "housing", address)?;
    let bank = Caller::new(dir, "bank", address)?;
    say(words(
        "演示:公租房资格核查(应查必查)\n",
        "A tour: public rental housing, a look-up that a statute demands (应查必查)\n",
    ));
    let case = format!("TOUR-{}", gateway.clock.now().as_second());
    let answer = look_up(&housing, dir, &case).await?;
    receipt(&housing, dir, gateway, &answer).await?;
    refusals(&housing, &bank, dir, &case).await?;
    whole_log(gateway).await
}

async fn look_up(housing: &Caller, dir: &Path, case: &str) -> Result<Value, TourError> {
    let clean = folder::person(dir, Note::Clean)?;
    let (status, answer) = housing.ask(&query(&clean, Some(case))).await?;
    hold(status == 200, || format!("the look-up was answered with {status}: {answer}"))?;
    hold(answer.pointer("/data/clean_three_years") == Some(&Value::Bool(true)), || {
        "a clean person has no clean three years".to_owned()
    })?;
    say(format_args!(
        "1. {}",
        words(
            "住房保障部门查询一人,得到三个字段,别无其他:",
            "The housing department asks about a person and gets three fields, nothing else:"
        )
    ));
    say(format_args!("   {}", answer.get("data").unwrap_or(&Value::Null)));
    say(words(
        "   公民身份号码不返回;对方得到的是仅在本机构、本用途有效的假名。\n",
        "   The citizen number does not come back: the pseudonym that does is worth nothing elsewhere.\n",
    ));
    Ok(answer)
}

async fn receipt(housing: &Caller, dir: &Path, gateway: &Gateway, answer: &Value) -> Result<(), TourError> {
    let id = answer.get("query").and_then(Value::as_str).unwrap_or_default();
    let proof = housing.read_when_there(&format!("/v1/receipts/{id}")).await?;
    let record = housing.read_when_there(&format!("/v1/queries/{id}/record")).await?;
    let key = vkey(gateway)?;
    let (index, checkpoint) = verify::receipt(&proof, record.as_bytes(), &key).map_err(|error| unexpected(&error))?;
    let told = answer.pointer("/receipt/leaf").and_then(Value::as_str).unwrap_or_default();
    hold(told == STANDARD.encode(merkle::leaf_hash(record.as_bytes())), || {
        "the receipt names another leaf".to_owned()
    })?;
    let clean = folder::person(dir, Note::Clean)?;
    hold(clean.disclose(|number| !record.contains(number.as_str())), || "the record names the person".to_owned())?;
    leaf::QueryLeaf::parse(record.as_bytes()).map_err(|error| unexpected(&error))?;
    say(format_args!(
        "2. {} {index} ({} {}).",
        words(
            "答复之前已留痕;回执证明该记录位于日志第",
            "The record was durable before the answer left; its receipt proves that it is leaf"
        ),
        words("日志大小", "log size"),
        checkpoint.size
    ));
    say(words(
        "   记录中没有姓名、号码,只有密封部分。\n",
        "   The record names nobody: the personal part is sealed.\n",
    ));
    Ok(())
}

async fn refusals(housing: &Caller, bank: &Caller, dir: &Path, case: &str) -> Result<(), TourError> {
    let clean = folder::person(dir, Note::Clean)?;
    let minor = folder::person(dir, Note::Minor)?;
    let wrong = clean.disclose(|number| Personal::new(wrong_check(number)));
    let refused = [
        (
            bank,
            query(&clean, Some(case)),
            "scenario-not-allowed",
            words("银行不得使用该场景", "a bank may not use this scenario"),
        ),
        (
            housing,
            query(&clean, None),
            "case-required",
            words("没有案件编号,不得依法查询", "no look-up by statute without a case"),
        ),
        (
            housing,
            query(&wrong, Some(case)),
            "invalid-citizen-number",
            words("号码校验位错误,未询问任何数据源", "a wrong check digit is refused before any store is asked"),
        ),
        (
            housing,
            query(&minor, Some(case)),
            "subject-minor",
            words("不提供未成年人信息", "nothing is answered about minors"),
        ),
    ];
    say(format_args!("3. {}", words("四次拒绝,每次同样留痕:", "Four refusals, each on the record like an answer:")));
    for (caller, body, code, shows) in refused {
        let (status, problem) = caller.ask(&body).await?;
        let given = problem.get("code").and_then(Value::as_str).unwrap_or_default();
        hold(given == code, || format!("expected {code}, got {status} {given}"))?;
        let index = problem.pointer("/receipt/index").and_then(Value::as_u64);
        let index = index.ok_or_else(|| TourError::Unexpected(format!("the refusal {code} has no receipt")))?;
        say(format_args!("   {status} {code:<24} {shows} ({} {index})", words("日志第", "leaf")));
    }
    say("");
    Ok(())
}

async fn whole_log(gateway: &Gateway) -> Result<(), TourError> {
    let (folder, key, log) = (gateway.log_folder(), vkey(gateway)?, gateway.log.clone());
    let published = tokio::task::spawn_blocking(move || log.drain(Duration::from_secs(2))).await;
    hold(matches!(published, Ok(true)), || "the log was not published within two seconds".to_owned())?;
    let report = tokio::task::spawn_blocking(move || verify::directory(&folder, &key, &[], &mut ()))
        .await
        .map_err(|error| unexpected(&error))?
        .map_err(|error| unexpected(&error))?;
    say(format_args!(
        "4. {} {} {}\n",
        words("整个日志已核验:", "The whole log verifies:"),
        report.checkpoint.size,
        words("条记录,签名、哈希树、顺序均无误。", "leaves; signature, tree and order hold.")
    ));
    Ok(())
}

/// Prints calls to copy and paste; they use only the first `clean` person.
///
/// # Errors
/// When the folder cannot be read.
pub fn print_calls(dir: &Path, gateway: &Gateway) -> Result<(), DemoError> {
    let clean = folder::person(dir, Note::Clean)?;
    let address = gateway.settings.listen.institutions;
    let public = gateway.settings.listen.public;
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let dir = dir.display();
    let curl = format!(
        "curl -sS --cacert {dir}/ca.pem --cert {dir}/institutions/housing.pem --key {dir}/institutions/housing.key"
    );
    clean.disclose(|number| {
        let body = |case: &str| format!(r#"{{"scenario":"public-rental-housing","subject":"{number}","operator":"staff-0017","case":"{case}"}}"#);
        say(words("可直接复制的调用:\n", "Calls to copy and paste:\n"));
        say(format_args!("# {}", words("一次查询", "a look-up")));
        say(format_args!("{curl} -H 'Content-Type: application/json' -d '{}' https://{address}/v1/queries\n", body("HZ-2026-000001")));
        say(format_args!("# {}", words("同上,HTTP/1.1,附完整证明", "the same over HTTP/1.1, with the whole proof")));
        say(format_args!(
            "{curl} --http1.1 -H 'Content-Type: application/json' -H 'Prefer: receipt=proof' -d '{}' https://{address}/v1/queries\n",
            body("HZ-2026-000002")
        ));
        say(format_args!("# {}", words("一次拒绝(英文说明)", "a refusal, in English")));
        say(format_args!(
            "{curl} -H 'Content-Type: application/json' -H 'Accept-Language: en' -d '{}' https://{address}/v1/queries\n",
            body("HZ-2026-000003").replace("public-rental-housing", "curiosity")
        ));
        say(format_args!("# {}", words("公开的检查点;核验整个日志", "the public checkpoint; the whole log verified")));
        say(format_args!("curl -sS http://{public}/checkpoint"));
        say(format_args!("cargo run --release -p credit-audit -- verify {dir}/data --vkey {dir}/data/log/log.vkey\n"));
    });
    Ok(())
}

fn query(person: &Personal<String>, case: Option<&str>) -> String {
    person.disclose(|number| {
        let mut body = json!({"scenario": "public-rental-housing", "subject": number, "operator": "staff-0017"});
        if let (Some(case), Some(body)) = (case, body.as_object_mut()) {
            body.insert("case".to_owned(), json!(case));
        }
        body.to_string()
    })
}

/// The number with its check character altered.
fn wrong_check(number: &str) -> String {
    let (digits, check) = number.split_at(number.len().saturating_sub(1));
    format!("{digits}{}", if check == "0" { '1' } else { '0' })
}

fn vkey(gateway: &Gateway) -> Result<VerifierKey, TourError> {
    let text = std::fs::read_to_string(gateway.log_folder().join("log.vkey")).map_err(|error| unexpected(&error))?;
    VerifierKey::parse(&text).map_err(|error| unexpected(&error))
}

fn hold(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), TourError> {
    if holds { Ok(()) } else { Err(TourError::Unexpected(otherwise())) }
}

fn unexpected(error: &dyn std::fmt::Display) -> TourError {
    TourError::Unexpected(error.to_string())
}
