//! What a page of several logs says of them, and where its rows lead.

use super::{
    page::Frame,
    span::{MissingLog, Span, Why},
};

impl Frame {
    /// This gateway's log, where each row has the name of its own.
    pub(super) fn own_log(&self) -> Option<&str> {
        self.span.as_ref().map(|span| span.own.as_str())
    }

    /// Of which logs the page is, once the others were asked.
    pub(super) fn told_span(&self) -> Option<&Span> {
        self.span.as_ref().filter(|span| !span.came.is_empty() || !span.missing.is_empty())
    }

    /// Whether a row is of another gateway's log, whose acts are done there.
    pub(super) fn is_there(&self, log: Option<&str>) -> bool {
        log.is_some() && log != self.own_log()
    }

    /// A page about a row: here, or at the gateway of its log.
    pub(super) fn page_of(&self, log: Option<&str>, path: &str) -> String {
        let came = self.span.iter().flat_map(|span| &span.came);
        let address = came.filter(|_| self.is_there(log)).find(|(there, _)| Some(there.as_str()) == log);
        let address = address.map(|(_, address)| address.as_str()).unwrap_or_default();
        format!("{address}{path}?lang={}", self.this_lang())
    }

    /// This gateway's own log is not in the list that goes on, since it did not come with an earlier page.
    pub(super) fn left_out(&mut self, log: String) {
        let missing = MissingLog { log, why: Why::SinceAnEarlierPage, address: None };
        self.span.iter_mut().for_each(|span| span.missing.push(missing.clone()));
    }

    /// Why a log did not come, in words.
    pub(super) fn why(&self, missing: &MissingLog) -> &'static str {
        match missing.why {
            Why::Away => self.say("其网关五秒内没有答复，或暂时不能答复", "its gateway did not answer within 5 s, or cannot now"),
            Why::Refused => self.say(
                "其网关不向您出示：您须以同一证书、同一角色登记在该网关，本网关亦须在其登记中",
                "its gateway does not show it to you: you must be in its register by this certificate and with the same role, and this gateway too",
            ),
            Why::NotAList => self.say("其网关的答复不是该日志的清单", "what its gateway answered is no list of that log"),
            Why::NotConfigured => {
                self.say("本网关的配置未写明如何询问其网关", "the configuration of this gateway does not say how to ask its gateway")
            }
            Why::SinceAnEarlierPage => self.say(
                "本清单先前的一页没有该日志；请从头查看",
                "it did not come with an earlier page of this list; begin again",
            ),
        }
    }
}
