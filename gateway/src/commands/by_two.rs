//! What two officers do by command: the first proposes it, the second approves it, one of them does it; or one alone in an
//! emergency. Each says itself what it is, so that nobody approves what somebody else describes.

use std::{fs, path::Path};

use clap::Args;
use credit_audit::leaf::Base64;
use serde_json::{Map, Value, json};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    approval::{Officer, ask},
    failure::Failure,
};
use crate::{
    state::approvals::Digest,
    terminal::{colon, print, words},
};

/// The citizen number in a file, alone on its one line: never on a command line.
///
/// # Errors
/// When there is none.
pub(super) fn number_in(path: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|error| Failure::usage(format_args!("{}: {error}", path.display())))?;
    let number = text.trim_end_matches(['\r', '\n']).to_owned();
    let no_number =
        words("文件中不是一个公民身份号码", "the file has no citizen number, and that alone, on its one line");
    let is_one = credit_policy::CitizenNumber::parse(&number).is_ok();
    if is_one { Ok(number) } else { Err(Failure::usage(format_args!("{}: {no_number}", path.display()))) }
}

/// Which step it is; without any, the first.
#[derive(Args)]
#[group(multiple = false)]
pub(super) struct Step {
    /// Approve what another officer proposed 批准另一名管理人员的提议
    #[arg(long, value_name = "PROPOSAL")]
    approve: Option<Uuid>,
    /// Do what was approved 执行已批准的提议
    #[arg(long, value_name = "PROPOSAL")]
    proposal: Option<Uuid>,
    /// Do it alone and at once; another officer must approve it within the hour 紧急情况下独自立即执行，须在一小时内由另一名管理人员批准
    #[arg(long)]
    emergency: bool,
}

impl Step {
    /// Whether it names nothing but the act.
    pub(super) fn is_first(&self) -> bool {
        self.approve.is_none() && self.proposal.is_none() && !self.emergency
    }

    /// Whether it does what was approved.
    pub(super) fn does(&self) -> bool {
        self.proposal.is_some()
    }

    /// Whether one officer is to do it alone.
    pub(super) fn is_emergency(&self) -> bool {
        self.emergency
    }

    /// Takes the step for an act, which is proposed in the words of its body, so that a page can show what it is about. What was done,
    /// where it was; nothing where it was proposed or approved, which is printed.
    ///
    /// # Errors
    /// What the gateway refuses.
    pub(super) fn take(
        &self,
        officer: &Officer,
        (act, digest): (&str, Digest),
        done: (&str, Value),
    ) -> Result<Option<Vec<u8>>, Failure> {
        if self.is_first() {
            return propose(officer, act, done.1).map(|()| None);
        }
        self.take_by(officer, act, ("digest", json!(Base64(digest))), done)
    }

    /// As [`Self::take`], where the gateway itself makes the digest, since a person is named.
    ///
    /// # Errors
    /// What the gateway refuses.
    pub(super) fn take_whole(
        &self,
        officer: &Officer,
        act: &str,
        (path, body): (&str, Value),
    ) -> Result<Option<Vec<u8>>, Failure> {
        self.take_by(officer, act, (act, body.clone()), (path, body))
    }

    /// As [`Self::take`], of what is said by one member of each body, and of which the gateway makes the digest.
    ///
    /// # Errors
    /// What the gateway refuses.
    pub(super) fn take_said(
        &self,
        officer: &Officer,
        act: &str,
        what: (&str, Value),
        done: (&str, Value),
    ) -> Result<Option<Vec<u8>>, Failure> {
        self.take_by(officer, act, what, done)
    }

    fn take_by(
        &self,
        officer: &Officer,
        act: &str,
        (name, what): (&str, Value),
        (path, body): (&str, Value),
    ) -> Result<Option<Vec<u8>>, Failure> {
        let body = match (self.approve, self.proposal, self.emergency) {
            (Some(proposal), _, _) => json!({"proposal": proposal, name: what}),
            (None, None, false) => return propose(officer, act, json!({name: what})).map(|()| None),
            (None, proposal, emergency) => {
                let by = match proposal {
                    Some(proposal) => json!({"proposal": proposal}),
                    None => json!({"emergency": emergency}),
                };
                return ask(officer, path, Some(both(body, by))).map(Some);
            }
        };
        let made = ask(officer, "/officers/approvals", Some(body.to_string().into_bytes()))?;
        let said = words("已批准并留痕", "approved and on the record");
        print(format_args!("{said}{}{}", colon(), String::from_utf8_lossy(&made)));
        Ok(None)
    }
}

fn propose(officer: &Officer, act: &str, what: Value) -> Result<(), Failure> {
    let made = ask(officer, "/officers/proposals", Some(both(json!({"act": act}), what)))?;
    print(format_args!("{}{}{}", words("已提议", "proposed"), colon(), String::from_utf8_lossy(&made)));
    Ok(())
}

/// The members of both.
fn both(one: Value, other: Value) -> Vec<u8> {
    let all: Map<_, _> = [one, other].into_iter().filter_map(|part| part.as_object().cloned()).flatten().collect();
    Value::Object(all).to_string().into_bytes()
}
