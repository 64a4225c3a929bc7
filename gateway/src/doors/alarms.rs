//! What should be mended now: why no query is answered, what a load balancer need not act upon, and what an officer has to do.
//! `/readyz` has the first two, the officers' page all.

use std::{borrow::Cow, fmt};

use credit_policy::Language;
use serde::{Deserialize, Serialize};

use crate::{callers::trust::Trust, gateway::Gateway, telemetry::metrics::Duty};

/// A calendar that ends within so many days is warned of.
const CALENDAR_DAYS: usize = 31;

/// Something that should be mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Alarm {
    /// Its name, for programs. Another gateway may be of another release, and have others.
    pub(super) alarm: Cow<'static, str>,
    /// Of what: a store, a cause, a duty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) of: Option<String>,
    /// How many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) count: Option<u64>,
}

/// As a line of `/readyz`.
impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.alarm)?;
        self.of.iter().try_for_each(|of| write!(f, ": {of}"))
    }
}

/// Each alarm: what it says, and where an officer sees more (empty where the operator has to act). Names that are not here do not
/// exist.
const WORDS: [(&str, &str, &str, &str); 31] = [
    ("draining", "网关正在停止，不再接受查询", "the gateway is on its way down and takes no query", ""),
    (
        "not-recordable",
        "日志无法写入，所有查询均被拒绝",
        "the log takes no record, so every query is refused",
        "/officers/log",
    ),
    (
        "state-unavailable",
        "共享状态库不可用，所有查询均被拒绝",
        "the shared state is not heard from, so every query is refused",
        "",
    ),
    ("store-failed", "数据源无应答", "a store does not answer", "/officers"),
    (
        "revocation-list-expired",
        "证书吊销列表已过期，所有机构均被拒绝",
        "the revocation list has ended, so nobody is served",
        "",
    ),
    (
        "issuer-keys-refused",
        "授权签发方的新密钥文件无法使用",
        "a new key file of an issuer of consents cannot be used",
        "",
    ),
    ("authorities-refused", "新的证书签发机构文件无法使用", "the new file of authorities cannot be used", ""),
    ("revocation-list-refused", "新的证书吊销列表无法使用", "the new revocation list cannot be used", ""),
    (
        "not-witnessed",
        "见证方联署不足，或与日志相矛盾",
        "too few witnesses cosign the log, or one contradicts it",
        "/officers/log",
    ),
    (
        "rates-alone",
        "共同限速的服务器不可用，本网关仅按自己的份额限速",
        "the server of rates is away, so this gateway keeps its share alone",
        "/officers/log",
    ),
    (
        "objects-failed",
        "已发布的日志未能写入对象存储",
        "the published log does not go to the object store",
        "/officers/log",
    ),
    ("store-files-refused", "数据源的新证书或密钥无法使用", "new certificates or keys of a store cannot be used", ""),
    (
        "unlawful-data",
        "数据源中有不得采集、保密或封存的数据",
        "a store has data that may not be collected, are confidential or sealed",
        "",
    ),
    (
        "emergency-alone",
        "紧急操作未在一小时内由第二名管理人员批准",
        "what one officer did in an emergency was approved by nobody in time",
        "/officers/proposals",
    ),
    ("calendar-ends", "工作日历将尽，期限将无法计算", "the calendar ends within a month, and deadlines with it", ""),
    ("stopped", "紧急停止中：所有查询均被拒绝", "stopped: every query is refused", "/officers/proposals"),
    (
        "scenario-stopped",
        "该场景的查询对所有机构停止",
        "queries of this scenario are stopped for everybody",
        "/officers/proposals",
    ),
    (
        "part-suspended",
        "有机构的经办人或场景被暂停查询",
        "a member of staff or a scenario of an institution is suspended",
        "/officers/institutions",
    ),
    ("suspended", "有机构被暂停查询", "institutions are suspended", "/officers/institutions"),
    (
        "emergency-waits",
        "紧急操作等待第二名管理人员批准",
        "what one officer did in an emergency waits for another",
        "/officers/proposals",
    ),
    ("objections-overdue", "异议已过办理期限", "objections are past their day", "/officers/objections"),
    ("notices-overdue", "应告知本人而逾期未告知", "persons who were to be told were not told in time", ""),
    (
        "cases-missed",
        "应查必查案件未查即办结，且尚未移送",
        "cases were decided without a look-up and are in no list that was handed over",
        "/officers/coverage",
    ),
    (
        "cases-unknown",
        "案件已办结，尚不知其他网关是否已查",
        "cases were decided, and it is not known whether another gateway has a look-up before",
        "/officers/coverage",
    ),
    ("reviews-late", "复核逾期", "reviews are late", "/officers/reviews"),
    (
        "feedback-contradicts",
        "本次启动以来有反馈称将答复用于惩戒，而该场景不得用于惩戒",
        "since the start feedback told of restraints by scenarios that serve none",
        "",
    ),
    ("duty-fails", "后台任务失败", "a duty in the background fails", "/officers/log"),
    ("faulty-values", "数据源中有不合数据清单的数值", "a store has values that do not fit the data list", ""),
    ("proposals-wait", "提议等待另一名管理人员批准", "proposals wait for another officer", "/officers/proposals"),
    ("approved-waits", "已批准，尚未执行或加载", "approved, and not done or loaded yet", "/officers/proposals"),
    ("reviews-wait", "查询复核尚未结案", "reviews of queries are not closed", "/officers/reviews"),
];

impl Alarm {
    fn new(alarm: &'static str) -> Self {
        Self { alarm: alarm.into(), of: None, count: None }
    }

    fn of(alarm: &'static str, of: &str) -> Self {
        Self { of: Some(of.to_owned()), ..Self::new(alarm) }
    }

    /// Nothing where there are none.
    fn counted(alarm: &'static str, count: u64) -> Option<Self> {
        (count > 0).then(|| Self { count: Some(count), ..Self::new(alarm) })
    }

    /// What it says.
    pub(super) fn said(&self, language: Language) -> &str {
        let row = WORDS.iter().find(|(alarm, ..)| *alarm == self.alarm);
        row.map_or(&self.alarm, |(_, zh, en, _)| match language {
            Language::Zh => zh,
            Language::En => en,
        })
    }

    /// The page on which an officer sees more.
    pub(super) fn page(&self) -> Option<&'static str> {
        let row = WORDS.iter().find(|(alarm, ..)| *alarm == self.alarm);
        row.map(|(.., page)| *page).filter(|page| !page.is_empty())
    }
}

/// Why no query would be answered now; empty when one would be.
pub(super) fn reasons(gateway: &Gateway, trust: &Trust) -> Vec<Alarm> {
    let mut reasons = Vec::new();
    if gateway.is_ending() {
        reasons.push(Alarm::new("draining"));
    }
    if !gateway.log.recordable() {
        let causes = gateway.log.metrics().not_recordable;
        reasons.extend(causes.into_iter().map(|cause| Alarm::of("not-recordable", cause.as_str())));
    }
    if gateway.are_keys_past() {
        reasons.push(Alarm::of("not-recordable", "keys"));
    }
    if !gateway.is_heard() {
        reasons.push(Alarm::new("state-unavailable"));
    }
    if gateway.rules().stores.figures().all(|(_, figures)| !figures.is_up()) {
        reasons.push(Alarm::new("store-failed"));
    }
    if trust.is_expired() {
        reasons.push(Alarm::new("revocation-list-expired"));
    }
    reasons
}

/// What does not keep queries from being answered, and should be mended.
pub(super) fn warnings(gateway: &Gateway, trust: &Trust) -> Vec<Alarm> {
    let all = [
        (gateway.issuers.are_refused(), "issuer-keys-refused"),
        (trust.are_authorities_refused(), "authorities-refused"),
        (trust.is_list_refused(), "revocation-list-refused"),
        (gateway.metrics.fails(Duty::Witnesses), "not-witnessed"),
        (gateway.metrics.objects_fail(), "objects-failed"),
        (gateway.metrics.fails(Duty::Rates), "rates-alone"),
    ];
    let mut warnings: Vec<_> =
        all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, alarm)| Alarm::new(alarm)).collect();
    let rules = gateway.rules();
    // Queries that do not need it are answered: no reason to take the traffic elsewhere.
    warnings.extend(rules.stores.down().map(|store| Alarm::of("store-failed", store)));
    let refused = rules.stores.figures().filter(|(_, figures)| figures.are_files_refused());
    warnings.extend(refused.map(|(store, _)| Alarm::of("store-files-refused", store)));
    if rules.stores.figures().any(|(_, store)| store.unlawful().values().any(|rows| *rows > 0)) {
        warnings.push(Alarm::new("unlawful-data"));
    }
    if gateway.emergencies().1 > 0 {
        warnings.push(Alarm::new("emergency-alone"));
    }
    // So long before as the alert is raised.
    if rules.catalogue.first_day_without_deadline(gateway.today(), CALENDAR_DAYS).is_some() {
        warnings.push(Alarm::new("calendar-ends"));
    }
    warnings
}

/// What officers have to do beside, as far as it was read already: coverage and reviews each second.
pub(super) fn to_do(gateway: &Gateway) -> Vec<Alarm> {
    let suspended = gateway.register.all().iter().filter(|institution| institution.is_suspended()).count();
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let parts = gateway.register.all().iter().map(|institution| institution.suspensions.parts().len()).sum();
    let rules = gateway.rules();
    let faulty = rules.stores.figures().filter(|(_, store)| store.faulty_values() > 0);
    // These are warnings by themselves.
    let is_told = |duty: &Duty| [Duty::Witnesses, Duty::Objects, Duty::Rates].contains(duty);
    let fails = Duty::ALL.into_iter().filter(|duty| gateway.metrics.fails(*duty) && !is_told(duty));
    let counted = [
        Alarm::counted("suspended", count(suspended)),
        Alarm::counted("part-suspended", count(parts)),
        Alarm::counted("emergency-waits", count(gateway.emergencies().0)),
        Alarm::counted("objections-overdue", gateway.standing.waiting(gateway.today()).overdue),
        Alarm::counted("notices-overdue", gateway.metrics.notices_overdue()),
        Alarm::counted("cases-missed", gateway.metrics.missed()),
        Alarm::counted("cases-unknown", gateway.metrics.unknown_cases()),
        Alarm::counted("reviews-late", gateway.metrics.reviews_late()),
        Alarm::counted("feedback-contradicts", gateway.metrics.feedback_contradictions()),
    ];
    let stopped = gateway.stops.has(None).then(|| Alarm::new("stopped"));
    let scenarios = gateway.stops.scenarios().into_iter().map(|scenario| Alarm::of("scenario-stopped", &scenario));
    stopped
        .into_iter()
        .chain(scenarios)
        .chain(counted.into_iter().flatten())
        .chain(fails.map(|duty| Alarm::of("duty-fails", duty.as_str())))
        .chain(faulty.map(|(store, _)| Alarm::of("faulty-values", store)))
        .collect()
}

/// What waits for officers in the course of things: nothing is wrong yet.
pub(super) fn waits(gateway: &Gateway) -> Vec<Alarm> {
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let (proposed, approved) = gateway.proposals_waiting();
    let all = [
        Alarm::counted("proposals-wait", count(proposed)),
        Alarm::counted("approved-waits", count(approved)),
        Alarm::counted("reviews-wait", gateway.metrics.reviews_open()),
    ];
    all.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doors::console::View;

    #[test]
    fn each_alarm_has_words_of_its_own_in_both_languages_and_leads_to_a_page_that_there_is() {
        for (place, (alarm, zh, en, page)) in WORDS.into_iter().enumerate() {
            let others = WORDS.iter().skip(place + 1);
            assert!(others.clone().all(|(other, ..)| *other != alarm), "{alarm}");
            assert!(others.clone().all(|(_, other_zh, other_en, _)| *other_zh != zh && *other_en != en), "{alarm}");
            let shown = Alarm::of(alarm, "x");
            assert_eq!((shown.said(Language::Zh), shown.said(Language::En)), (zh, en));
            assert_eq!(shown.page(), (!page.is_empty()).then_some(page));
            assert!(page.is_empty() || View::of(page).is_some(), "{page}");
        }
        assert_eq!(Alarm::of("store-failed", "own").to_string(), "store-failed: own");
        assert_eq!(Alarm::new("calendar-ends").to_string(), "calendar-ends");
    }
}
