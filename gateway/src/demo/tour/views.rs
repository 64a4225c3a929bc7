//! What others see of the tour: the regulator, who checks the whole log, and the person, who sees who asked.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::{
    leaf::{Outcome, Peek, QueryLeaf},
    replay::{Mismatch, decide_again},
    verify::{self, CheckError, Violation, Visitor},
};
use credit_policy::{Catalogue, Personal};

use super::{
    cast::Tour,
    failure::{TourError, hold, unexpected},
};
use crate::{
    demo::{Note, folder},
    keyring::Current,
    terminal::{print, words},
};

/// How long publication may take: it is promised within two seconds, to a machine that is not busy with other things.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(5);

/// What is gathered while the log is checked.
struct Views {
    catalogue: Arc<Catalogue>,
    keys: Arc<Current>,
    clean: Personal<String>,
    /// The first leaf of the tour.
    first: u64,
    /// Decisions made again.
    decided: u64,
    /// Decisions of another catalogue: an older demo's.
    other: u64,
    /// Who asked about the person, for which scenario: answered, refused.
    asked: BTreeMap<(String, String), (u64, u64)>,
}

impl Visitor for Views {
    fn leaf(&mut self, index: u64, peek: &Peek<'_>, bytes: &[u8]) -> Result<(), CheckError> {
        if peek.kind != "query" {
            return Ok(());
        }
        let fault = |cause| Violation::Decision { index, cause };
        let leaf = QueryLeaf::parse(bytes).map_err(|error| fault(Mismatch::Malformed(error.to_string())))?;
        if leaf.catalogue == self.catalogue.label() {
            decide_again(&self.catalogue, &leaf).map_err(fault)?;
            self.decided += 1;
        } else {
            self.other += 1;
        }
        let scenario = leaf.scenario.as_ref().and_then(|name| self.catalogue.scenario(name.as_str()));
        let purpose_group = scenario.map_or("", |scenario| scenario.purpose_group());
        let institution = leaf.institution.unwrap_or_default();
        let tags = self.clean.disclose(|number| {
            self.keys.subject_tags(&self.keys.sealer.person(number), &institution, purpose_group, number)
        });
        let subject = leaf.subject.map(|tag| STANDARD.encode(tag.0));
        let hers = subject.is_some_and(|subject| subject == tags.current || tags.earlier.contains(&subject));
        if hers && index >= self.first {
            let scenario = leaf.scenario.map(|name| name.to_string()).unwrap_or_default();
            let (answered, refused) = self.asked.entry((institution, scenario)).or_default();
            match leaf.outcome {
                Outcome::Answered => *answered += 1,
                Outcome::Refused => *refused += 1,
            }
        }
        Ok(())
    }
}

impl Tour<'_> {
    /// Checks the whole log, and shows what it says of the person since the leaf `first`: at least `answered` answers.
    pub(super) async fn views(&self, first: u64, answered: u64) -> Result<(), TourError> {
        let (log, log_key, folder) = (self.gateway.log.clone(), self.log_key.clone(), self.gateway.log_folder());
        let mut views = Views {
            catalogue: self.gateway.catalogue(),
            keys: self.gateway.current_keys(),
            clean: folder::person(self.dir, Note::Clean)?,
            first,
            decided: 0,
            other: 0,
            asked: BTreeMap::new(),
        };
        let checked = tokio::task::spawn_blocking(move || {
            let published = log.drain(PUBLISHED_WITHIN);
            let report = verify::directory(&folder, &log_key, &[], &mut views);
            (published, report.map(|report| (report, views)))
        });
        let (published, checked) = checked.await.map_err(|error| unexpected(&error))?;
        hold(published, || format!("the log was not published within {} s", PUBLISHED_WITHIN.as_secs()))?;
        let (report, views) = checked.map_err(|error| unexpected(&error))?;
        print(words("7. 监管者与本人所见", "7. What the regulator and the person see"));
        print(format_args!(
            "   {} {}{}",
            words(
                "监管者：整个日志已核验，签名、哈希树、编号、顺序无误，记录数",
                "The regulator: the whole log is valid: signature, tree, numbers and order; leaves:"
            ),
            report.checkpoint.size,
            words("。", ".")
        ));
        let others = if views.other == 0 {
            String::new()
        } else {
            format!("{} {}", words("，另有旧规则目录下的判定", ", and of an earlier catalogue"), views.other)
        };
        print(format_args!(
            "   {} {}{others}{}",
            words(
                "仅凭记录与规则目录重新作出各项判定，结果一致，判定数",
                "Every decision was made again from leaf and catalogue alone, and is the same:"
            ),
            views.decided,
            words("。", ".")
        ));
        print(words(
            "   本人：记录中只有密封部分与带密钥的标签；凭密钥可查出谁查询过，所为何事：",
            "   The person: the record has sealed parts and keyed tags; the key shows who asked, and why:",
        ));
        for ((institution, scenario), (answered, refused)) in &views.asked {
            print(format_args!(
                "     {institution:<10} {scenario:<24} {} {answered}, {} {refused}",
                words("已答复", "answered"),
                words("已拒绝", "refused"),
            ));
        }
        print("");
        let told: u64 = views.asked.values().map(|(answered, _)| answered).sum();
        hold(told >= answered, || format!("{answered} answers were given, the record shows {told}"))
    }
}
