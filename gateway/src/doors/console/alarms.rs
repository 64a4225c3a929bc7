//! What should be mended, and where an officer sees more of it.

use std::sync::Arc;

use askama::Template;
use hyper::Response;
use serde::{Deserialize, Serialize};

use super::{
    elsewhere::{self, Asking},
    page::Frame,
    view::View,
};
use crate::{
    callers::trust::Trust,
    doors::{
        alarms::{self, Alarm},
        elsewhere::Others,
    },
    gateway::Gateway,
    transport::Body,
};

/// An alarm, and which gateways raise it.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Raised {
    #[serde(flatten)]
    pub(super) alarm: Alarm,
    /// The names of their logs, where the list is of several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) logs: Vec<String>,
}

/// Alarms, in four parts.
#[derive(Deserialize, Serialize)]
pub(super) struct Alarms {
    /// Why it is not ready, as `/readyz` says it; a stop by an officer is none of that, and is to do.
    pub(super) reasons: Vec<Raised>,
    /// What should be mended beside.
    pub(super) warnings: Vec<Raised>,
    /// What officers have to do.
    pub(super) to_do: Vec<Raised>,
    /// What waits for them, and nothing is wrong yet.
    pub(super) waits: Vec<Raised>,
}

#[derive(Template)]
#[template(path = "officers/alarms.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: &'a str,
    parts: [(&'a str, &'a [Raised]); 4],
}

pub(super) async fn show(
    (gateway, trust, others): (&Arc<Gateway>, &Trust, &Others),
    frame: &mut Frame,
) -> Response<Body> {
    let mut all = of_this_log(gateway, trust, frame);
    if frame.span.is_some() {
        let asking = |_: &str| Asking::For(Vec::new());
        for there in elsewhere::ask(others, frame, &View::Alarms, asking, |_, _: &Alarms| true).await {
            let Alarms { reasons, warnings, to_do, waits } = there.shown;
            raised_by(&mut all.reasons, reasons, &there.log);
            raised_by(&mut all.warnings, warnings, &there.log);
            raised_by(&mut all.to_do, to_do, &there.log);
            raised_by(&mut all.waits, waits, &there.log);
        }
    }
    let not_ready = match frame.span {
        Some(_) => frame.say("网关为何未就绪", "Why a gateway is not ready"),
        None => frame.say("本网关为何未就绪", "Why this gateway is not ready"),
    };
    let parts = [
        (not_ready, all.reasons.as_slice()),
        (frame.say("待运行人员处理", "For the operator to mend"), all.warnings.as_slice()),
        (frame.say("待管理人员处理", "For officers to act upon"), all.to_do.as_slice()),
        (frame.say("等待办理，尚无异常", "Waits for officers; nothing is wrong yet"), all.waits.as_slice()),
    ];
    let title = frame.say("告警", "Alarms");
    frame.show(&Page { frame, title, parts }, &all)
}

/// What this gateway alone raises.
pub(super) fn of_this_log(gateway: &Gateway, trust: &Trust, frame: &Frame) -> Alarms {
    let raised = |alarms: Vec<Alarm>| {
        let logs: Vec<String> = frame.own_log().map(str::to_owned).into_iter().collect();
        alarms.into_iter().map(|alarm| Raised { alarm, logs: logs.clone() }).collect()
    };
    Alarms {
        reasons: raised(alarms::reasons(gateway, trust)),
        warnings: raised(alarms::warnings(gateway, trust)),
        to_do: raised(alarms::to_do(gateway)),
        waits: raised(alarms::waits(gateway)),
    }
}

/// Adds those of another gateway: one that says the same as another is one with it.
pub(super) fn raised_by(all: &mut Vec<Raised>, others: Vec<Raised>, log: &str) {
    for Raised { alarm, logs: _ } in others {
        match all.iter_mut().find(|known| known.alarm == alarm) {
            Some(known) => known.logs.push(log.to_owned()),
            None => all.push(Raised { alarm, logs: vec![log.to_owned()] }),
        }
    }
}

impl Frame {
    /// The page on which more of an alarm is seen: where it is another gateway's alone, there.
    pub(super) fn page_of_alarm(&self, raised: &Raised) -> Option<String> {
        let page = raised.alarm.page().filter(|page| self.leads_to(page))?;
        let alone = raised.logs.first().filter(|_| raised.logs.len() == 1);
        Some(self.page_of(alone.map(String::as_str), page))
    }
}
