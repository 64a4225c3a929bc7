//! Objections that wait for a decision, the one due first at the beginning; one of them with what the person says.

use std::sync::Arc;

use askama::Template;
use hyper::Response;
use serde::Serialize;
use uuid::Uuid;

use super::page::Frame;
use crate::{
    changes::{Account, Change, ChangeError, Made, ObjectionSaid, OpenObjection, apply, objection_said},
    gateway::Gateway,
    transport::Body,
};

#[derive(Serialize)]
struct Objections {
    objections: Vec<OpenObjection>,
}

#[derive(Template)]
#[template(path = "officers/objections.html")]
struct ListPage<'a> {
    frame: &'a Frame,
    gateway: &'a Gateway,
    title: &'a str,
    objections: &'a [OpenObjection],
}

#[derive(Template)]
#[template(path = "officers/objection.html")]
struct OnePage<'a> {
    frame: &'a Frame,
    gateway: &'a Gateway,
    title: &'a str,
    said: &'a ObjectionSaid,
}

pub(super) async fn list(gateway: &Arc<Gateway>, frame: &Frame) -> Response<Body> {
    // Nobody acts: a list changes nothing.
    let Ok(Made::Objections(objections)) = apply(gateway, Change::ObjectionList, Account::gateway()).await else {
        return frame.unreadable();
    };
    let all = Objections { objections };
    let title = frame.say("待处理的异议", "Objections due");
    frame.show(&ListPage { frame, gateway, title, objections: &all.objections }, &all)
}

/// Whose record it is is not shown: who decides needs the record, not the number.
pub(super) async fn one(gateway: &Arc<Gateway>, id: Uuid, frame: &Frame) -> Response<Body> {
    let said = match objection_said(gateway, id).await {
        Ok(said) => said,
        Err(ChangeError::UnknownObjection(_)) => {
            return frame.not_here("没有这一异议", "there is no such objection");
        }
        Err(_) => return frame.unreadable(),
    };
    let title = frame.say("一件异议", "One objection");
    frame.show(&OnePage { frame, gateway, title, said: &said }, &said)
}
