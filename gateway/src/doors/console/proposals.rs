//! What was proposed, and what may be loaded. Nothing of a person, so no leaf.

use std::sync::Arc;

use askama::Template;
use credit_audit::leaf::Base64;
use credit_policy::Language;
use hyper::{Response, StatusCode};

use super::page::Frame;
use crate::{
    changes::{Account, Change, ListedProposal, Made, Proposals, apply},
    gateway::Gateway,
    state::{
        about::About,
        approvals::{DESTROY, EXPORT, LOADED, PRUNE, RESUME, UNSEAL},
    },
    transport::Body,
};

#[derive(Template)]
#[template(path = "officers/proposals.html")]
struct Page<'a> {
    frame: &'a Frame,
    gateway: &'a Gateway,
    title: &'a str,
    all: &'a Proposals,
}

pub(super) async fn show(gateway: &Arc<Gateway>, frame: &Frame) -> Response<Body> {
    // Nobody acts: a list changes nothing.
    let Ok(Made::Proposals(all)) = apply(gateway, Change::Proposals, Account::gateway()).await else {
        let sentence = frame.say("暂时无法显示", "this cannot be shown now");
        return frame.fault(StatusCode::SERVICE_UNAVAILABLE, sentence);
    };
    let title = frame.say("双人审批", "Decisions by two");
    frame.show(&Page { frame, gateway, title, all: &all }, &all)
}

impl Page<'_> {
    const LOADED: [&'static str; 4] = LOADED;

    /// Why who looks does not approve this one.
    fn not_approved_here(&self, proposal: &ListedProposal) -> Option<&str> {
        if proposal.officer == self.frame.viewer.id {
            return Some(
                self.frame.say("由您提议，须由另一名人员批准。", "You proposed it: another officer approves it."),
            );
        }
        if proposal.log.is_some() && Self::is_of_one_log(proposal) {
            return Some(self.frame.say(
                "涉及另一网关的日志或密钥，请在提议所在的网关上批准和执行。",
                "It is about the log or the keys of another gateway: it is approved and done at that one.",
            ));
        }
        let is_over = proposal.expires <= self.gateway.clock.now();
        is_over.then(|| self.frame.say("已过期，不能再批准。", "Its time is over: it can be approved no more."))
    }

    fn is_of_one_log(proposal: &ListedProposal) -> bool {
        [UNSEAL, DESTROY, EXPORT, PRUNE].contains(&proposal.act.as_str())
    }

    /// By which command this is approved, where the page does not show what it is about: nobody approves what is not seen.
    fn command(proposal: &ListedProposal) -> Option<String> {
        let act = match (proposal.act.as_str(), &proposal.about, &proposal.differs) {
            (DESTROY, _, _) => "keys destroy",
            (EXPORT, _, _) => "export",
            (UNSEAL, None, _) => "unseal",
            (RESUME, None, _) => "resume",
            (PRUNE, None, _) => "prune",
            (act, _, None) if LOADED.contains(&act) => {
                return Some(format!("credit-gateway catalogue approve {} --config FILE", proposal.proposal));
            }
            (_, _, _) => return None,
        };
        Some(format!("credit-gateway {act} … --approve {}", proposal.proposal))
    }

    /// Whether the gateway has of it but a digest.
    fn is_digest_alone(proposal: &ListedProposal) -> bool {
        LOADED.contains(&proposal.act.as_str()) && proposal.differs.is_none() && !proposal.done
    }

    /// How far it has come, and who goes on.
    fn state(&self, proposal: &ListedProposal) -> String {
        let say = |zh: &'static str, en: &'static str| self.frame.say(zh, en).to_owned();
        let is_loaded = LOADED.contains(&proposal.act.as_str());
        let is_over = proposal.expires <= self.gateway.clock.now();
        let is_last = self.all.approved.get(&proposal.act) == Some(&proposal.digest);
        let day = proposal.holds_from.filter(|day| *day > self.gateway.today());
        match (proposal.approved_by.is_some(), proposal.done) {
            (_, true) if is_loaded && is_last => say("已生效", "in force"),
            (_, true) if is_loaded => {
                say("曾生效，已由其后批准的内容取代", "was in force; another one was approved since")
            }
            (_, true) => say("已执行", "done"),
            (false, false) if is_over => say("已过期：期限内无人批准", "over: nobody approved it in time"),
            (false, false) => say("待另一名管理人员批准", "waits for another officer to approve it"),
            (true, false) if is_loaded && !is_last => {
                say("未生效：其后另有批准", "not loaded: another one was approved since")
            }
            (true, false) if is_loaded => match (day, &proposal.differs) {
                (Some(day), _) => match self.frame.language() {
                    Language::Zh => format!("已批准；网关将于 {day} 自行加载"),
                    Language::En => format!("approved; the gateway loads it by itself on {day}"),
                },
                (None, Some(_)) => say("已批准，网关正在加载", "approved; the gateway is loading it"),
                (None, None) => say(
                    "已批准，待运行人员加载：将所批准的配置放在现用配置旁，文件名为现用名加 .next（如 cp 新配置.toml config.toml.next），数秒内加载，无须重启",
                    "approved, waits to be loaded by the operator: put the configuration that was approved beside the one in use, its name with .next at the end (cp NEW.toml config.toml.next); it is loaded within seconds, without a restart",
                ),
            },
            (true, false) if is_over => say("已过期：已批准而未在期限内执行", "over: approved, and not done in time"),
            (true, false) => say("已批准，待两名管理人员之一执行", "approved, waits to be done by one of the two"),
        }
    }

    fn base64(digest: &Base64<[u8; 32]>) -> String {
        serde_json::to_value(digest).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
    }

    fn digest(proposal: &ListedProposal) -> String {
        Self::base64(&proposal.digest)
    }
}
