//! What should be mended, and where an officer sees more of it.

use askama::Template;
use hyper::Response;
use serde::Serialize;

use super::page::Frame;
use crate::{
    callers::trust::Trust,
    doors::alarms::{self, Alarm},
    gateway::Gateway,
    transport::Body,
};

#[derive(Serialize)]
struct Alarms {
    /// Why it is not ready, as `/readyz` says it; a stop by an officer is none of that, and is to do.
    reasons: Vec<Alarm>,
    /// What should be mended beside.
    warnings: Vec<Alarm>,
    /// What officers have to do.
    to_do: Vec<Alarm>,
    /// What waits for them, and nothing is wrong yet.
    waits: Vec<Alarm>,
}

#[derive(Template)]
#[template(path = "officers/alarms.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: &'a str,
    parts: [(&'a str, &'a [Alarm]); 4],
}

pub(super) fn show(gateway: &Gateway, trust: &Trust, frame: &Frame) -> Response<Body> {
    let all = Alarms {
        reasons: alarms::reasons(gateway, trust),
        warnings: alarms::warnings(gateway, trust),
        to_do: alarms::to_do(gateway),
        waits: alarms::waits(gateway),
    };
    let parts = [
        (frame.say("本网关为何未就绪", "Why this gateway is not ready"), all.reasons.as_slice()),
        (frame.say("待运行人员处理", "For the operator to mend"), all.warnings.as_slice()),
        (frame.say("待管理人员处理", "For officers to act upon"), all.to_do.as_slice()),
        (frame.say("等待办理，尚无异常", "Waits for officers; nothing is wrong yet"), all.waits.as_slice()),
    ];
    let title = frame.say("告警", "Alarms");
    frame.show(&Page { frame, title, parts }, &all)
}
