//! Certificates and lists with which the gateway starts, and on which nobody should rely: those that end soon, and those
//! of institutions and authorities that would be refused.

use std::path::Path;

use credit_policy::{Catalogue, is_place};
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::CertificateDer;
use x509_parser::parse_x509_certificate;

use super::TlsSettings;
use crate::{
    callers::{
        chain::end_of,
        expiry, kept,
        register::Register,
        thumbprint::{Thumbprint, certificates_of_file},
        trust::{Cause, Trust},
    },
    settings::Settings,
    stores::{content::Content, unlawful::present},
};

/// A calendar that ends within so many days is named, as by the alert and by `/readyz`.
const CALENDAR_DAYS: usize = 31;
/// What ends within so many days is named.
const SOON_DAYS: i64 = 30;

/// A file and what is to be known of it, in Chinese and in English.
pub(crate) struct Warning {
    pub(crate) chinese: String,
    pub(crate) english: String,
}

impl Warning {
    fn of(path: &Path, (chinese, english): (String, String)) -> Self {
        let path = path.display();
        Self { chinese: format!("警告：`{path}` {chinese}"), english: format!("warning: `{path}` {english}") }
    }
}

/// All of them: the server's own, the lists, and each certificate of the institutions in the configuration.
pub(crate) fn warnings(settings: &Settings, tls: &TlsSettings, now: Timestamp) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let soon = soon(now);
    if tls.expiry <= soon {
        warnings.push(Warning::of(&settings.tls.certificate, ends(tls.expiry)));
    }
    for (issuer, next_update) in tls.trust.lists().into_iter().filter(|(_, next_update)| *next_update <= soon) {
        let said = (
            format!("`{issuer}` 的吊销列表应于 {next_update} 更新，届时若无新列表，所有调用方均会被拒绝"),
            format!(
                "the list of `{issuer}` is due to be followed at {next_update}: put the next one there before then, or every caller \
                 is refused"
            ),
        );
        warnings.push(Warning::of(&settings.tls.revocation_list, said));
    }
    warnings.extend(trust_warnings(settings, &tls.trust));
    for path in settings.institutions.iter().flat_map(|entry| &entry.certificates) {
        // One that cannot be read is a fault, and is not warned of.
        let Ok(chain) = certificates_of_file(path) else { continue };
        let said = refused(&tls.trust, &chain).or_else(|| ending(&chain, soon));
        warnings.extend(said.map(|said| Warning::of(path, said)));
    }
    warnings
}

/// Certificates that were registered by command and end soon; the file has no path of theirs.
pub(crate) fn registered(settings: &Settings, register: &Register, now: Timestamp) -> Vec<Warning> {
    let soon = soon(now);
    let mut warnings = Vec::new();
    if let Err(error) = kept::by_command(settings) {
        warnings.push(Warning {
            chinese: format!("警告：以命令登记的证书无法读取：{error}"),
            english: format!("warning: the certificates that were registered by command cannot be read: {error}"),
        });
    }
    let kept = expiry::of_those_by_command(settings);
    for institution in register.all() {
        for certificate in institution.record.certificates.iter().map(Thumbprint::hex) {
            let Some(end) = kept.get(&certificate).filter(|end| **end <= soon) else { continue };
            let id = institution.id();
            warnings.push(Warning {
                chinese: format!("警告：机构 `{id}` 的证书 {certificate} 的到期时间为 {end}，请及时更换"),
                english: format!(
                    "warning: the certificate {certificate} of `{id}` expires at {end}: replace it before then"
                ),
            });
        }
    }
    warnings
}

/// What is amiss with the rules themselves: a calendar that ends soon, and a jurisdiction that is no place.
pub(crate) fn of_rules(catalogue: &Catalogue, now: Timestamp) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if let Some(day) = catalogue.first_day_without_deadline(catalogue.today(now), CALENDAR_DAYS) {
        warnings.push(Warning {
            chinese: format!("警告：规则目录的日历即将用尽：自 {day} 起，部分期限无法计算；请按国务院办公厅通知补入次年节假日安排（calendars/）"),
            english: format!(
                "warning: the calendar of the catalogue ends: from {day} on deadlines have no date; add the next year's \
                 holidays, by the State Council's notice, to the file in calendars/"
            ),
        });
    }
    for (scenario, basis) in catalogue.out_of_force(catalogue.today(now)) {
        let (name, cited) = (scenario.name(), basis.citation());
        warnings.push(Warning {
            chinese: format!("警告：场景 `{name}` 列有 {cited}，该条已废止或今日不在效力期内，不再作为依据；请核对条目"),
            english: format!(
                "warning: scenario `{name}` names {cited}, which was repealed or is not in force today, so it carries nothing: \
                 check the row"
            ),
        });
    }
    let place = catalogue.jurisdiction();
    if !is_place(place) && catalogue.demo_only().is_none() {
        warnings.push(Warning {
            chinese: format!(
                "警告：辖区 `{place}` 不是任何地方的代码：没有地方性法规会在此适用，请核对，例如 CN-SD 或 CN-GD-13"
            ),
            english: format!(
                "warning: the jurisdiction `{place}` is the code of no place, so no law of a province or city carries \
                 anything: check it, for example CN-SD or CN-GD-13"
            ),
        });
    }
    warnings
}

/// Rows with which nobody is answered as their owner meant it.
pub(super) fn stored(path: &Path, content: &Content) -> Vec<Warning> {
    let Content { faults, suspects, unlawful, .. } = content;
    let mut said = Vec::new();
    if *faults > 0 {
        let persons = suspects.len();
        said.push((
            format!(
                "有 {faults} 个值不符合数据清单，涉及的 {persons} 人不予答复；`credit-gateway store check` 列出各处"
            ),
            format!(
                "has {faults} values that do not fit the data list, and {persons} persons are not answered about: see \
                 `credit-gateway store check`"
            ),
        ));
    }
    let classes = present(unlawful).join(", ");
    if !classes.is_empty() {
        said.push((
            format!("含有依法不得采集、须保密或已封存的数据，请移除：{classes}"),
            format!("has data that may not be collected, is confidential or is sealed; take it out: {classes}"),
        ));
    }
    said.into_iter().map(|said| Warning::of(path, said)).collect()
}

fn soon(now: Timestamp) -> Timestamp {
    now.saturating_add(SignedDuration::from_hours(SOON_DAYS * 24)).unwrap_or(Timestamp::MAX)
}

/// Authorities of which every caller is refused.
pub(crate) fn trust_warnings(settings: &Settings, trust: &Trust) -> Vec<Warning> {
    let path = &settings.tls.authorities;
    let without = trust.authorities_without_list().into_iter().map(|authority| {
        let said = (
            format!("`{authority}` 在 tls.revocation_list 中没有吊销列表，其签发的证书均会被拒绝"),
            format!(
                "`{authority}` has no list in tls.revocation_list: every certificate that it issued will be refused"
            ),
        );
        Warning::of(path, said)
    });
    let revoked = trust.revoked_authorities().into_iter().map(|authority| {
        let said = (
            format!("`{authority}` 已被其上级机构吊销，其签发的证书均会被拒绝"),
            format!(
                "`{authority}` is revoked by the authority above it: every certificate that it issued will be refused"
            ),
        );
        Warning::of(path, said)
    });
    without.chain(revoked).collect()
}

fn ending(chain: &[CertificateDer<'static>], soon: Timestamp) -> Option<(String, String)> {
    chain.iter().filter_map(|certificate| end_of(certificate)).min().filter(|end| *end <= soon).map(ends)
}

fn ends(at: Timestamp) -> (String, String) {
    (format!("将于 {at} 到期，请及时更换"), format!("expires at {at}: replace it before then"))
}

/// Why a caller with this certificate would be refused now; nothing where it would be let in.
fn refused(trust: &Trust, chain: &[CertificateDer<'static>]) -> Option<(String, String)> {
    let cause = trust.examine(chain).err()?;
    let (mut chinese, mut english) = (cause.words().0.to_owned(), cause.words().1.to_owned());
    if let (Cause::UnknownIssuer, Some(issuer)) = (cause, chain.last().and_then(|last| issuer(last))) {
        chinese.push_str(&format!("；签发者：`{issuer}`"));
        english.push_str(&format!("; its issuer is `{issuer}`"));
    }
    Some((format!("会被拒绝：{chinese}"), format!("will be refused: {english}")))
}

fn issuer(der: &[u8]) -> Option<String> {
    parse_x509_certificate(der).ok().map(|(_, parsed)| parsed.issuer().to_string())
}
