//! What was proposed, and what may be loaded. Nothing of a person, so no leaf.

use std::sync::Arc;

use askama::Template;
use credit_audit::leaf::Base64;
use credit_policy::Language;
use hyper::{Response, StatusCode};

use super::page::Frame;
use crate::{
    changes::{Account, Change, ListedProposal, Made, Proposals, apply, next_month},
    gateway::Gateway,
    state::{
        about::About,
        approvals::{DESTROY, EXPORT, LOADED, PRUNE, RESUME, UNSEAL},
    },
    transport::Body,
};

/// What who looks can do for a proposal.
enum Step<'a> {
    Nothing,
    /// Nothing, and why.
    Said(&'a str),
    /// It is approved by this command alone.
    Command(String),
    Approve(Words<'a>),
    /// It is approved, and done by who looks, as one of the two.
    Do(Words<'a>),
}

/// In what words a step is taken.
#[derive(Clone, Copy)]
enum Words<'a> {
    /// What is shown line by line has a digest.
    Shown,
    /// What was proposed in words.
    About(&'a About),
    /// About a person, whom each officer names: no page and no record does.
    Person,
    /// Known by its digest alone.
    Unsaid,
}

impl<'a> Words<'a> {
    fn of(proposal: &'a ListedProposal) -> Self {
        match (proposal.act.as_str(), &proposal.about) {
            (_, Some(about)) => Self::About(about),
            (DESTROY | EXPORT, None) => Self::Person,
            (act, None) if LOADED.contains(&act) && proposal.differs.is_some() => Self::Shown,
            (_, None) => Self::Unsaid,
        }
    }
}

/// What an officer may propose by the page.
struct Offered {
    /// The month whose keys go next, where any may.
    month: Option<String>,
    /// The records before this one were let go.
    pruned: u64,
    /// Those before this one are published.
    published: u64,
}

#[derive(Template)]
#[template(path = "officers/proposals.html")]
struct Page<'a> {
    frame: &'a Frame,
    gateway: &'a Gateway,
    title: &'a str,
    all: &'a Proposals,
    offered: Offered,
}

pub(super) async fn show(gateway: &Arc<Gateway>, frame: &Frame) -> Response<Body> {
    // Nobody acts: a list changes nothing.
    let Ok(Made::Proposals(all)) = apply(gateway, Change::Proposals, Account::gateway()).await else {
        let sentence = frame.say("暂时无法显示", "this cannot be shown now");
        return frame.fault(StatusCode::SERVICE_UNAVAILABLE, sentence);
    };
    let title = frame.say("双人审批", "Decisions by two");
    let month = next_month(gateway).map(|month| month.as_str().to_owned());
    let offered = Offered { month, pruned: gateway.log.pruned(), published: gateway.log.published() };
    frame.show(&Page { frame, gateway, title, all: &all, offered }, &all)
}

impl Page<'_> {
    const LOADED: [&'static str; 4] = LOADED;

    /// What who looks can do for this one.
    fn step<'a>(&'a self, proposal: &'a ListedProposal) -> Step<'a> {
        let (viewer, say) = (&self.frame.viewer, |zh, en| Step::Said(self.frame.say(zh, en)));
        let is_over = proposal.done || proposal.expires <= self.gateway.clock.now();
        let is_loaded = LOADED.contains(&proposal.act.as_str());
        let is_approved = proposal.approved_by.is_some();
        if !viewer.decides_on(&proposal.act) || is_approved && (is_over || is_loaded) {
            return Step::Nothing;
        }
        let is_theirs = proposal.officer == viewer.id || proposal.approved_by.as_ref() == Some(&viewer.id);
        match is_approved {
            true if !is_theirs => Step::Nothing,
            false if proposal.officer == viewer.id => {
                say("由您提议，须由另一名人员批准。", "You proposed it: another officer approves it.")
            }
            _ if proposal.log.is_some() && Self::is_of_one_log(proposal) => say(
                "涉及另一网关的日志或密钥，请在提议所在的网关上批准和执行。",
                "It is about the log or the keys of another gateway: it is approved and done at that one.",
            ),
            false if is_over => say("已过期，不能再批准。", "Its time is over: it can be approved no more."),
            true => Step::Do(Words::of(proposal)),
            false => match Words::of(proposal) {
                Words::Unsaid => Step::Command(Self::command(proposal)),
                words => Step::Approve(words),
            },
        }
    }

    fn is_of_one_log(proposal: &ListedProposal) -> bool {
        [UNSEAL, DESTROY, EXPORT, PRUNE].contains(&proposal.act.as_str())
    }

    /// By which command this is approved, where the page does not show what it is about: nobody approves what is not seen.
    fn command(proposal: &ListedProposal) -> String {
        let act = proposal.act.as_str();
        match LOADED.contains(&act) {
            true => format!("credit-gateway catalogue approve {} --config FILE", proposal.proposal),
            false => format!("credit-gateway {act} … --approve {}", proposal.proposal),
        }
    }

    /// What one of the two does once it is approved.
    fn to_do(&self, act: &str) -> &'static str {
        match act {
            RESUME => self.frame.say("恢复查询", "Resume"),
            UNSEAL => self.frame.say("打开密封部分", "Open the sealed part"),
            DESTROY => self.frame.say("销毁密钥", "Destroy the keys"),
            EXPORT => self.frame.say("生成并下载证据", "Make and download the evidence"),
            PRUNE => self.frame.say("不再保存这些记录", "Let these records go"),
            _ => self.frame.say("恢复", "Resume"),
        }
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
