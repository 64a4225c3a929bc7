//! What duties in the background and what keeps the log from recording are called.

use credit_audit::log::Cause;

use super::page::Frame;
use crate::telemetry::metrics::Duty;

impl Frame {
    /// A duty, in words.
    pub(super) fn duty(&self, duty: Duty) -> &'static str {
        match duty {
            Duty::Keys => self.say("按期更换密钥", "turns keys in time"),
            Duty::Floods => self.say("汇总记录超限请求", "records in sum what has no record of its own"),
            Duty::Snapshot => self.say("更新状态快照", "keeps the snapshot of the state up with the log"),
            Duty::RevocationList => self.say("装载证书吊销列表", "takes the revocation list"),
            Duty::Store => self.say("探测数据源", "asks whether the stores answer"),
            Duty::Publication => self.say("公布日志", "publishes the log"),
            Duty::Scrub => self.say("复读已公布的日志并修复", "reads the published log again and mends it"),
            Duty::IssuerKeys => self.say("装载授权签发方的密钥", "takes the keys of issuers of consents"),
            Duty::Index => self.say("更新检索索引", "keeps the index up with the log"),
            Duty::Corrections => self.say("查找须更正的答复", "finds answers that are to be corrected"),
            Duty::Coverage => self.say("统计应查必查", "counts cases that must be checked"),
            Duty::Reviews => self.say("将可疑或抽中的查询送复核", "puts queries before reviewers"),
            Duty::Witnesses => self.say("请见证方联署", "asks witnesses to cosign"),
            Duty::Rules => self.say("装载经双人批准的变更", "loads what two officers approved"),
            Duty::Objects => self.say("将日志复制到对象存储", "copies the log to the object store"),
            Duty::Replicas => self.say("与其他网关同步", "hears and tells other gateways"),
            Duty::Rates => self.say("与其他网关共同限速", "keeps rates together with other gateways"),
        }
    }

    /// What keeps the log from recording, in words; its name where it is none of the log's.
    pub(super) fn cause<'a>(&self, name: &'a str) -> &'a str {
        match Cause::ALL.into_iter().find(|cause| cause.as_str() == name) {
            Some(Cause::Room) => self.say("磁盘空间不足", "the disk has no room"),
            Some(Cause::Publication) => self.say("无法公布", "it cannot be published"),
            Some(Cause::Clock) => self.say("时钟跳变", "the clock stepped"),
            Some(Cause::Closed) => self.say("日志已关闭", "it is closed"),
            Some(Cause::Stopped) => self.say("发生故障，已停止", "it stopped after a fault"),
            Some(Cause::Copy) => self.say("第二副本不可用", "the second copy is away"),
            Some(Cause::Slow) => self.say("写入过慢", "writing takes too long"),
            None => name,
        }
    }
}
