//! Certificates with which the gateway starts, and on which nobody should rely: those that end soon, and those of
//! institutions that would be refused.

use std::{path::Path, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use rustls::{
    CertificateError, Error,
    pki_types::{CertificateDer, UnixTime, pem::PemObject},
    server::danger::ClientCertVerifier,
};
use x509_parser::{certificate::X509Certificate, parse_x509_certificate, public_key::PublicKey};

use super::TlsSettings;
use crate::settings::Settings;

/// A certificate that ends within so many days is named.
const SOON_DAYS: i64 = 30;

/// Curves that callers' keys may be on: P-256 and P-384 (RFC 5480 §2.1.1.1).
const CURVES: [&str; 2] = ["1.2.840.10045.3.1.7", "1.3.132.0.34"];

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

/// All of them: the server's own, and each certificate of the institutions in the configuration.
pub(super) fn warnings(settings: &Settings, tls: &TlsSettings, now: Timestamp) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let soon = now.saturating_add(SignedDuration::from_hours(SOON_DAYS * 24)).unwrap_or(Timestamp::MAX);
    if tls.expiry <= soon {
        warnings.push(Warning::of(&settings.tls.certificate, ends(tls.expiry)));
    }
    for path in settings.institutions.iter().flat_map(|entry| &entry.certificates) {
        // One that cannot be read is a fault, and is not warned of.
        let Ok(der) = CertificateDer::from_pem_file(path) else { continue };
        let said = match parse_x509_certificate(&der) {
            Ok((_, parsed)) => refused(&parsed, &der, tls, now).or_else(|| ending(&parsed, soon)),
            Err(_) => Some(("不是 X.509 证书".to_owned(), "is no X.509 certificate".to_owned())),
        };
        warnings.extend(said.map(|said| Warning::of(path, said)));
    }
    warnings
}

fn ending(certificate: &X509Certificate<'_>, soon: Timestamp) -> Option<(String, String)> {
    let end = Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()?;
    (end <= soon).then(|| ends(end))
}

fn ends(at: Timestamp) -> (String, String) {
    (format!("将于 {at} 到期，请及时更换"), format!("expires at {at}: replace it before then"))
}

/// Why a caller with this certificate would be refused now; nothing where it would be let in.
fn refused(
    certificate: &X509Certificate<'_>,
    der: &CertificateDer<'static>,
    tls: &TlsSettings,
    now: Timestamp,
) -> Option<(String, String)> {
    let say =
        |chinese: &str, english: &str| Some((format!("会被拒绝：{chinese}"), format!("will be refused: {english}")));
    if certificate.version.0 != 2 {
        return say(
            "它是 X.509 第 1 版证书，请签发第 3 版（openssl x509 -req 须加 -extfile，写入 extendedKeyUsage=clientAuth）",
            "it is an X.509 version 1 certificate; have one of version 3 issued (`openssl x509 -req` makes one with \
             `-extfile` and a file that has `extendedKeyUsage=clientAuth`)",
        );
    }
    if !has_usable_key(certificate) {
        return say(
            "不支持其密钥类型，请用 P-256、P-384、Ed25519 或 2048 至 8192 位 RSA",
            "its kind of key is not supported; use P-256, P-384, Ed25519 or RSA of 2048 to 8192 bits",
        );
    }
    let since_1970 = Duration::from_secs(u64::try_from(now.as_second()).unwrap_or_default());
    let verified = Arc::clone(&tls.trust).verify_client_cert(der, &[], UnixTime::since_unix_epoch(since_1970));
    let Err(Error::InvalidCertificate(cause)) = verified else { return None };
    match cause {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => say("已过期", "it has expired"),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            say("尚未生效", "it is not valid yet")
        }
        CertificateError::Revoked => say("已被吊销", "it is revoked"),
        CertificateError::UnknownRevocationStatus => say(
            "tls.revocation_list 中没有其签发机构的吊销列表",
            "tls.revocation_list has no list of the authority that issued it",
        ),
        CertificateError::UnknownIssuer => {
            let issuer = certificate.issuer();
            let chinese = format!("其签发者 `{issuer}` 不在 tls.authorities 之中，除非调用方随附中间证书");
            let english = format!(
                "its issuer `{issuer}` is none of tls.authorities, unless the caller sends the intermediate certificates"
            );
            say(&chinese, &english)
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            say("其扩展密钥用途不含 clientAuth", "its extended key usage does not include clientAuth")
        }
        CertificateError::BadSignature => {
            say("其签名与 tls.authorities 中同名机构不符", "its signature is not by the authority of that name")
        }
        _ => say(
            "其签名算法不受支持，或与签发机构的密钥不配",
            "the algorithm of its signature is not supported with the key of its issuer",
        ),
    }
}

fn has_usable_key(certificate: &X509Certificate<'_>) -> bool {
    let key = certificate.public_key();
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => {
            // An RSASSA-PSS key (RFC 4055 §1.2) has an identifier of its own.
            key.algorithm.algorithm.to_id_string() == "1.2.840.113549.1.1.1"
                && (2_048..=8_192).contains(&rsa.key_size())
        }
        Ok(PublicKey::EC(_)) => {
            let curve = key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
            curve.is_some_and(|curve| CURVES.contains(&curve.to_id_string().as_str()))
        }
        // Ed25519 (RFC 8410 §3).
        Ok(_) | Err(_) => key.algorithm.algorithm.to_id_string() == "1.3.101.112",
    }
}
