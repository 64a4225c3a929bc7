//! What is stopped or suspended, for whoever lifted something of it: what is left is not to be taken for nothing.

use credit_policy::Language;

use super::{
    form::{Beside, Done},
    page::Frame,
};
use crate::gateway::Gateway;

/// So many are named.
const NAMED: usize = 8;

impl Frame {
    /// What a page says after an act.
    pub(super) fn said_of(&self, gateway: &Gateway, Done { entry, beside }: Done) -> String {
        let still = if beside == Some(Beside::Still) { self.still(gateway) } else { None };
        let done = match (entry, self.language(), &still) {
            (Some(entry), Language::Zh, _) => format!("已完成并写入日志：第 {entry} 条记录。"),
            (Some(entry), Language::En, _) => format!("Done, and on the record: entry {entry}."),
            (None, Language::Zh, Some(_)) => "没有执行：所指的内容并未停止或暂停。".to_owned(),
            (None, Language::En, Some(_)) => "Nothing was done: what was named is not stopped or suspended.".to_owned(),
            (None, Language::Zh, None) => "已是如此，无需再做。".to_owned(),
            (None, Language::En, None) => "It was so already: nothing had to be done.".to_owned(),
        };
        let beside = match beside {
            Some(Beside::Unseen) => self.say(
                "日志中没有这名经办人的查询，或其查询均在复核中尚未打开：请核对标识是否填写有误。",
                "No query of this member of staff is on the record, or none that is not under review unopened: check that the id is typed right.",
            ),
            Some(Beside::Still) | None => return still.map_or(done.clone(), |still| format!("{done}{}{still}", self.say("", " "))),
        };
        format!("{done}{}{beside}", self.say("", " "))
    }

    /// What is stopped and who is suspended now; nothing where nothing is.
    fn still(&self, gateway: &Gateway) -> Option<String> {
        let everything = gateway.stops.is_thrown().then(|| self.say("全部查询", "every query").to_owned());
        let scenarios = gateway.stops.scenarios();
        let scenarios = scenarios.iter().map(|scenario| self.scenario(gateway, Some(scenario.as_str())));
        let stopped: Vec<String> = everything.into_iter().chain(scenarios).collect();
        let suspended: Vec<String> = gateway
            .register
            .all()
            .iter()
            .flat_map(|one| {
                let name = self.institution(gateway, one.id());
                let whole = one.is_suspended().then(|| name.clone());
                let part = |part: &crate::callers::suspension::Part| {
                    let part = part.staff().map_or_else(|| self.scenario(gateway, part.scenario()), str::to_owned);
                    format!("{name}{}{part}", self.say("：", ": "))
                };
                whole.into_iter().chain(one.suspensions.parts().iter().map(part)).collect::<Vec<_>>()
            })
            .collect();
        let parts = [
            (self.say("仍停止的：", "Still stopped: "), stopped),
            (self.say("仍暂停的：", "Still suspended: "), suspended),
        ];
        let said = parts.iter().filter(|(_, all)| !all.is_empty()).map(|(what, all)| {
            let named = all.iter().take(NAMED).cloned().collect::<Vec<_>>().join(self.say("、", ", "));
            let more = all.len().saturating_sub(NAMED);
            let more =
                if more > 0 { format!("{}{more}", self.say("，另有 ", ", and more: ")) } else { String::new() };
            format!("{what}{named}{more}{}", self.say("。", "."))
        });
        let said: Vec<String> = said.collect();
        (!said.is_empty()).then(|| said.join(self.say("", " ")))
    }
}
