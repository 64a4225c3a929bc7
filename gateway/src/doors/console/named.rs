//! What things are called in the language of a page, where the record has an id or a word.

use super::page::Frame;
use crate::{gateway::Gateway, settings::Role};

impl Frame {
    /// An institution or an officer: the name in the register, with the id.
    pub(super) fn institution(&self, gateway: &Gateway, id: &str) -> String {
        let known = gateway.register.by_id(id).ok();
        let name = known.and_then(|institution| institution.record.name.clone());
        name.map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"))
    }

    /// A class of records, with its name in the data list.
    pub(super) fn class(&self, gateway: &Gateway, name: &str) -> String {
        let catalogue = gateway.catalogue();
        let known = catalogue.class(name);
        known.map_or_else(
            || name.to_owned(),
            |class| format!("{} ({name})", class.legal_source().title(self.language())),
        )
    }

    /// The title of a scenario, with its name.
    pub(super) fn scenario(&self, gateway: &Gateway, name: Option<&str>) -> String {
        let name = name.unwrap_or_default();
        let catalogue = gateway.catalogue();
        let known = catalogue.scenario(name);
        known.map_or_else(|| name.to_owned(), |scenario| format!("{} ({name})", scenario.title(self.language())))
    }

    /// Every scenario with its title.
    pub(super) fn scenarios(&self, gateway: &Gateway) -> Vec<(String, String)> {
        let catalogue = gateway.catalogue();
        let all = catalogue.scenarios().into_iter().map(|scenario| scenario.name().as_str());
        all.map(|name| (name.to_owned(), self.scenario(gateway, Some(name)))).collect()
    }

    /// What two officers decide.
    pub(super) fn act<'a>(&self, act: &'a str) -> &'a str {
        match act {
            "catalogue" => self.say("规则目录", "Catalogue of rules"),
            "register" => self.say("机构登记", "Register of institutions"),
            "limits" => self.say("限额", "Limits"),
            "sampling" => self.say("抽样规则", "Sampling policy"),
            "resume" => self.say("恢复查询", "Resume queries"),
            "unseal" => self.say("打开密封部分", "Open a sealed part"),
            "destroy" => self.say("销毁密钥", "Destroy keys"),
            "export" => self.say("移交个人证据", "Hand over the evidence of a person"),
            "prune" => self.say("裁剪日志", "Prune the log"),
            "reinstate" => self.say("恢复管理人员或监管部门", "Lift the suspension of an officer or the supervisor"),
            other => other,
        }
    }

    /// As what the viewer is logged in.
    pub(super) fn role(&self) -> &'static str {
        match self.viewer.role {
            Some(Role::Officer) => self.say("管理人员", "officer"),
            Some(Role::Reviewer) => self.say("复核人员", "reviewer"),
            Some(Role::Custodian) => self.say("密钥保管人员", "custodian of keys"),
            Some(Role::Gateway) => self.say("本机构的另一网关", "another gateway of this operator"),
            None => self.say("监管部门", "supervisor"),
        }
    }

    /// What that one does not do here, and who does.
    pub(super) fn limits(&self) -> &'static str {
        match self.viewer.role {
            Some(Role::Officer) => self.say(
                "可办理全部事项；自己的提议由另一名管理人员批准，自己的复核结论由另一部门的人员结案，抽样随机数由监管部门承诺。",
                "May do everything here but approve the own proposal (another officer does), close the own verdict (one of another unit does) and commit to a nonce (the supervisor does).",
            ),
            Some(Role::Reviewer) => self.say(
                "可查看、查找与复核；暂停、停止与双人审批由管理人员办理。",
                "May look, search and review. Officers suspend, stop and decide by two.",
            ),
            Some(Role::Custodian) => self.say(
                "可提议、批准和执行密钥与密封部分的事项；查找与复核由管理人员或复核人员办理，暂停与停止由管理人员办理。",
                "May decide on keys and sealed parts. Officers and reviewers search and review; officers suspend and stop.",
            ),
            Some(Role::Gateway) => self.say(
                "不能查看任何页面；仅代本人调取清单。",
                "Sees no page: it fetches the lists of persons who log in there.",
            ),
            None => self.say(
                "可查看全部页面并承诺抽样随机数；复核由管理人员或复核人员办理，暂停、停止与双人审批由管理人员办理。",
                "May look everywhere and commit to a nonce. Officers and reviewers open and judge; officers suspend, stop and decide by two.",
            ),
        }
    }

    /// A word of a review.
    pub(super) fn word(&self, word: &str) -> &'static str {
        match word {
            "explained" => self.say("有合理说明", "explained"),
            "suspicious" => self.say("可疑", "suspicious"),
            _ => self.say("无说明", "unexplained"),
        }
    }
}
