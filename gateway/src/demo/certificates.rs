//! The demo's certificates: one authority, the server, its institutions, a revocation list.
//!
//! ECDSA P-256, valid from yesterday for two years, with the extensions that strict verifiers ask for (RFC 5280 §4.2).
//! The authority's private key is dropped when they are made: nothing in the folder can then certify another
//! institution. The price is a revocation list that cannot be renewed: after its year, make a new demo folder.

use jiff::{ToSpan, civil::Date};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevocationReason, RevokedCertParams,
    SerialNumber, date_time_ymd,
};
use ring::rand::{Random, SystemRandom};
use zeroize::Zeroizing;

/// The institutions of the demo, by the names of their files; the last one's certificate is revoked.
pub const INSTITUTIONS: [&str; 13] = [
    "bank",
    "employer",
    "housing",
    "supervisor",
    "officer",
    "officer2",
    "reviewer",
    "custodian",
    "authority",
    "credit-office",
    "department",
    "notifier",
    REVOKED,
];
const REVOKED: &str = "revoked";

const SERVER_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate and its key, in PEM.
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// The private key, PKCS #8.
    pub key: Zeroizing<String>,
}

/// All that is made at once, in PEM.
pub struct Certificates {
    /// The authority's certificate.
    pub authority: String,
    /// The server's.
    pub server: Pair,
    /// One for each of [`INSTITUTIONS`], in that order.
    pub institutions: Vec<(&'static str, Pair)>,
    /// The revocation list, with the one revoked certificate; next update in a year.
    pub revocation_list: String,
}

/// Makes all certificates anew, with new keys.
///
/// # Errors
/// [`rcgen::Error`] when the system gives no randomness.
pub fn make(today: Date) -> Result<Certificates, rcgen::Error> {
    let issuer = CertifiedIssuer::self_signed(authority(today)?, KeyPair::generate()?)?;
    let (server, _) = leaf("localhost", &SERVER_NAMES, ExtendedKeyUsagePurpose::ServerAuth, today, &issuer)?;
    let mut institutions = Vec::new();
    let mut revoked = Vec::new();
    for name in INSTITUTIONS {
        let (pair, serial) = leaf(name, &[], ExtendedKeyUsagePurpose::ClientAuth, today, &issuer)?;
        institutions.push((name, pair));
        if name == REVOKED {
            revoked.push(serial);
        }
    }
    Ok(Certificates {
        authority: issuer.pem(),
        server,
        institutions,
        revocation_list: revocation_list(revoked, today, &issuer)?,
    })
}

/// The start of a day in UTC, in the type that rcgen's own maker has (of a crate that is no dependency of ours).
fn midnight<T>(day: Date, make: fn(i32, u8, u8) -> T) -> T {
    make(i32::from(day.year()), day.month().unsigned_abs(), day.day().unsigned_abs())
}

/// Parameters of every certificate: a name and a validity.
fn named(name: &str, alternatives: &[&str], today: Date) -> Result<CertificateParams, rcgen::Error> {
    let alternatives: Vec<_> = alternatives.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(alternatives)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = midnight(today.saturating_sub(1.day()), date_time_ymd);
    params.not_after = midnight(today.saturating_add(2.years()), date_time_ymd);
    Ok(params)
}

fn authority(today: Date) -> Result<CertificateParams, rcgen::Error> {
    let mut params = named("credit-gateway demo authority", &[], today)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn leaf(
    name: &str,
    alternatives: &[&str],
    purpose: ExtendedKeyUsagePurpose,
    today: Date,
    issuer: &Issuer<'_, KeyPair>,
) -> Result<(Pair, SerialNumber), rcgen::Error> {
    let key = KeyPair::generate()?;
    let serial = SerialNumber::from_slice(&serial_number()?);
    let mut params = named(name, alternatives, today)?;
    params.serial_number = Some(serial.clone());
    // Said in so many words, because only then rcgen adds the subject key identifier to a leaf.
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![purpose];
    let pair = Pair { certificate: params.signed_by(&key, issuer)?.pem(), key: Zeroizing::new(key.serialize_pem()) };
    Ok((pair, serial))
}

/// Random, because every demo has an authority of the same name, and a client may meet two of them.
fn serial_number() -> Result<[u8; 16], rcgen::Error> {
    ring::rand::generate(&SystemRandom::new()).map(Random::expose).map_err(|_unspecified| rcgen::Error::RingUnspecified)
}

fn revocation_list(
    revoked: Vec<SerialNumber>,
    today: Date,
    issuer: &Issuer<'_, KeyPair>,
) -> Result<String, rcgen::Error> {
    let since = midnight(today.saturating_sub(1.day()), date_time_ymd);
    CertificateRevocationListParams {
        this_update: since,
        next_update: midnight(today.saturating_add(1.year()), date_time_ymd),
        crl_number: SerialNumber::from_slice(&[1]),
        issuing_distribution_point: None,
        revoked_certs: revoked
            .into_iter()
            .map(|serial_number| RevokedCertParams {
                serial_number,
                revocation_time: since,
                reason_code: Some(RevocationReason::KeyCompromise),
                invalidity_date: None,
            })
            .collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    }
    .signed_by(issuer)?
    .pem()
}

#[cfg(test)]
mod tests {
    use std::{fs, process::Command, sync::Arc, time::Duration};

    use jiff::civil::date;
    use rustls::{
        RootCertStore,
        crypto::ring::default_provider,
        pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime, pem::PemObject},
        server::WebPkiClientVerifier,
    };

    use x509_parser::oid_registry::{OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER, OID_X509_EXT_SUBJECT_KEY_IDENTIFIER};

    use super::*;
    use crate::scratch::Scratch;

    const TODAY: Date = date(2026, 11, 22);
    /// Noon of that day, UTC.
    const NOON_S: u64 = 1_795_348_800;
    const DAY_S: u64 = 86_400;

    /// What `openssl verify` says at a time, strictly and with the revocation list.
    fn openssl(made: &Certificates, pair: &Pair, at_s: u64, purpose: &str, more: &[&str]) -> Result<(), String> {
        let scratch = Scratch::new();
        let file = |name: &str, text: &str| {
            let path = scratch.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let output = Command::new("openssl")
            .args(["verify", "-x509_strict", "-crl_check", "-attime", &at_s.to_string(), "-purpose", purpose])
            .arg("-CAfile")
            .arg(file("ca.pem", &made.authority))
            .arg("-CRLfile")
            .arg(file("crl.pem", &made.revocation_list))
            .args(more)
            .arg(file("leaf.pem", &pair.certificate))
            .output()
            .unwrap();
        if output.status.success() { Ok(()) } else { Err(String::from_utf8(output.stderr).unwrap()) }
    }

    #[test]
    fn openssl_refuses_the_revoked_one_the_wrong_purpose_and_the_wrong_time() {
        let made = make(TODAY).unwrap();
        let of = |name| &made.institutions.iter().find(|(found, _)| *found == name).unwrap().1;
        let refused = |pair, at, purpose| openssl(&made, pair, at, purpose, &[]).unwrap_err();
        assert!(refused(of("revoked"), NOON_S, "sslclient").contains("certificate revoked"));
        assert!(refused(of("bank"), NOON_S, "sslserver").contains("unsuitable certificate purpose"));
        assert!(refused(&made.server, NOON_S, "sslclient").contains("unsuitable certificate purpose"));
        assert!(refused(of("bank"), NOON_S - 3 * DAY_S, "sslclient").contains("not yet valid"));
        assert!(refused(of("bank"), NOON_S + 731 * DAY_S, "sslclient").contains("certificate has expired"));
        assert!(refused(of("bank"), NOON_S + 366 * DAY_S, "sslclient").contains("CRL has expired"));
        let elsewhere = openssl(&made, &made.server, NOON_S, "sslserver", &["-verify_hostname", "example.com"]);
        assert!(elsewhere.unwrap_err().contains("hostname mismatch"));
    }

    #[test]
    fn openssl_takes_all_others_strictly() {
        let made = make(TODAY).unwrap();
        for (name, pair) in made.institutions.iter().filter(|(name, _)| *name != REVOKED) {
            assert_eq!(openssl(&made, pair, NOON_S, "sslclient", &[]), Ok(()), "{name}");
        }
        for at_s in [NOON_S - DAY_S, NOON_S + 364 * DAY_S] {
            assert_eq!(openssl(&made, &made.server, at_s, "sslserver", &[]), Ok(()));
        }
        for name in [["-verify_hostname", "localhost"], ["-verify_ip", "127.0.0.1"], ["-verify_ip", "::1"]] {
            assert_eq!(openssl(&made, &made.server, NOON_S, "sslserver", &name), Ok(()));
        }
    }

    #[test]
    fn rustls_takes_all_but_the_revoked_one() {
        let made = make(TODAY).unwrap();
        let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(der(&made.authority)).unwrap();
        let list = CertificateRevocationListDer::from_pem_slice(made.revocation_list.as_bytes()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()))
            .with_crls([list])
            .enforce_revocation_expiration()
            .build()
            .unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(NOON_S));
        for (name, pair) in &made.institutions {
            let verdict = verifier.verify_client_cert(&der(&pair.certificate), &[], now);
            assert_eq!(verdict.is_ok(), *name != REVOKED, "{name}: {verdict:?}");
        }
        assert!(verifier.verify_client_cert(&der(&made.server.certificate), &[], now).is_err());
    }

    #[test]
    fn every_certificate_has_the_key_identifiers_that_strict_clients_ask_for() {
        let made = make(TODAY).unwrap();
        let leaves = made.institutions.iter().map(|(_, pair)| pair).chain([&made.server]);
        for pair in leaves {
            let der = CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap();
            let (_, leaf) = x509_parser::parse_x509_certificate(&der).unwrap();
            for wanted in [OID_X509_EXT_SUBJECT_KEY_IDENTIFIER, OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER] {
                assert!(leaf.get_extension_unique(&wanted).unwrap().is_some(), "{wanted}");
            }
        }
    }

    #[test]
    fn every_key_is_its_certificate_s() {
        let made = make(TODAY).unwrap();
        let all = made.institutions.iter().map(|(_, pair)| pair).chain([&made.server]);
        for pair in all {
            let key = KeyPair::from_pem(&pair.key).unwrap();
            let certificate = CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap();
            let raw = key.public_key_raw();
            assert!(certificate.windows(raw.len()).any(|window| window == raw));
        }
    }
}
