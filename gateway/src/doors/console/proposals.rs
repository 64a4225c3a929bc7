//! What was proposed, and what may be loaded. Nothing of a person, so no leaf.

use std::sync::Arc;

use askama::Template;
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
    let title = frame.say("双人审批", "What two decide");
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
        let is_over = proposal.expires <= self.gateway.clock.now();
        is_over.then(|| self.frame.say("已过期，不能再批准。", "Its time is over: it can be approved no more."))
    }

    /// By which command this is approved, where the page does not show what it is about: nobody approves what is not seen.
    fn command(proposal: &ListedProposal) -> Option<&'static str> {
        match (proposal.act.as_str(), &proposal.about) {
            (DESTROY, _) => Some("credit-gateway keys destroy"),
            (EXPORT, _) => Some("credit-gateway export"),
            (UNSEAL, None) => Some("credit-gateway unseal"),
            (RESUME, None) => Some("credit-gateway resume"),
            (PRUNE, None) => Some("credit-gateway prune"),
            (_, _) => None,
        }
    }

    fn digest(proposal: &ListedProposal) -> String {
        serde_json::to_value(proposal.digest).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
    }
}
